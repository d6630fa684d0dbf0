"""What a page says of one picture: its values, its answers, gradients, variants, the net's past."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image

from minifcn.exploring.answers import Answer, figures, labels, own_answers
from minifcn.exploring.branches import contributions
from minifcn.exploring.kept import Kept
from minifcn.exploring.opened import Opened
from minifcn.exploring.packing import Blobs, rounded
from minifcn.exploring.stages import DERIVED, find_stages
from minifcn.exploring.stamps import residual
from minifcn.exploring.stitching import stitched_answers
from minifcn.exploring.subjects import Subject
from minifcn.exploring.targets import find_targets, wrong_pixels
from minifcn.exploring.tiles import add_tiles
from minifcn.exploring.values import Arrays, gradients, net_data, stage_values, traced
from minifcn.exploring.variants import changes, variants
from minifcn.layers import Deconv2d
from minifcn.system.html import picture_address

SHOWN = 4  # maps of a stage in a variant or a moment, the brightest of all pictures together
STEEPEST = 4  # maps of a stage with the gradient of the whole loss


def add_picture(
    blobs: Blobs,
    number: int,
    subject: Subject,
    opened: Opened,
    values: Arrays,
    kept: Kept,
    *,
    exact: bool,
) -> dict[str, Any]:
    """Add the arrays of a picture to a page's; return what the page is told of it.

    Parameters
    ----------
    number : int
        Of the picture, with which the names of its arrays begin.
    values : dict of str to array (C, H, W)
    exact : bool
        Whether values are kept to the last bit, or to three digits.
    """
    add_values(blobs, number, opened, values, kept, exact=exact)
    truth, classes = subject.truth, len(opened.model.class_names)
    if truth is not None:
        blobs.add(f"{number}/truth", truth)
    targets = list(add_targets(blobs, number, subject, opened, values))
    shown = kept.first(SHOWN)
    answers = list(own_answers(opened, subject.image, values))
    answers += stitched_answers(opened, subject.image)
    others = []
    for one, found in add_variants(blobs, number, subject, opened, values, shown):
        others.append(one)
        answers.append(found)
    answers += add_moments(blobs, number, subject, opened, shown)
    for found in answers:
        blobs.add(f"{number}/answer/{found.name}", found.classes)
    height, width = subject.image.shape[:2]
    return {
        **{"name": subject.name, "height": height, "width": width},
        "picture": address(subject.image),
        **{"truth": truth is not None, "exact": exact, "loss": targets[0]["value"]},
        **figures(answers[0].classes, truth, classes),
        "wrong": wrong_pixels(values[opened.output], truth),
        "answers": [one.described(truth, classes) for one in answers],
        **{"targets": targets, "variants": others},
    }


def add_values(
    blobs: Blobs, number: int, opened: Opened, values: Arrays, kept: Kept, *, exact: bool
) -> None:
    """Add a picture's values that do not follow from others, and what its scores are made of."""
    for name, stage in opened.stages.items():
        if name == opened.residual and isinstance(stage.layer, Deconv2d):
            below = values[stage.bottoms[0]]
            blobs.add(f"{number}/{name}", residual(stage.layer, below, values[name]))
        elif stage.kind not in DERIVED and stage.nodes:
            array = values[name][kept.maps[name]]
            blobs.add(f"{number}/{name}", array if exact or name in kept.whole else rounded(array))
    if opened.branches:
        for part, share in enumerate(contributions(opened.stages, opened.branches, values)):
            blobs.add(f"{number}/branch/{part}", share)


def add_targets(
    blobs: Blobs, number: int, subject: Subject, opened: Opened, values: Arrays
) -> Iterator[dict[str, Any]]:
    """Add the gradients of a picture's targets; yield what the page is told of each.

    Of the first target some maps of each stage are kept, of the others those of the image alone;
    of each the sum of the sizes over all maps.
    """
    inputs, output = net_data(opened.model, subject.image), opened.output
    images = {name for name, stage in opened.stages.items() if not stage.nodes}
    trace = traced(opened.stages, inputs)
    names = opened.model.class_names
    for target in find_targets(values[output], subject.truth, names):
        blob = opened.stages[output].blob
        slopes = gradients(opened.stages, trace, blob, target.seed)
        maps = {}
        for name, slope in slopes.items():
            sizes = np.abs(slope)
            blobs.add_about(f"{number}/gradient/{target.name}/{name}/sum", sizes.sum(axis=0))
            if target.name == "loss" or name in images:
                steepest = np.argsort(-sizes.sum(axis=(1, 2)), kind="stable")[:STEEPEST]
                maps[name] = steepest.tolist()
                blobs.add_about(f"{number}/gradient/{target.name}/{name}", slope[maps[name]])
        yield {
            **target.described(),
            "of": "answer" if subject.truth is None else "truth",
            "maps": maps,
        }


def add_variants(
    blobs: Blobs,
    number: int,
    subject: Subject,
    opened: Opened,
    values: Arrays,
    shown: dict[str, list[int]],
) -> Iterator[tuple[dict[str, Any], Answer]]:
    """Add what the net makes of variants of a picture; yield what is told of each, its answer."""
    model, stages = opened.model, opened.stages
    classes = values[opened.output].argmax(axis=0) if subject.truth is None else subject.truth
    fields = model.net.receptive_fields()
    strides = {name: fields[one.blob].stride for name, one in stages.items() if one.nodes}
    for variant in variants(subject.image, classes != 0, model.preprocess):
        found = stage_values(model.net, stages, net_data(model, variant.image))
        label = labels(found[opened.output])
        said = {
            **{"id": variant.name, "label": variant.label, "note": variant.note},
            **{"picture": address(variant.image, "JPEG"), "answer": variant.name},
            "maps": add_tiles(blobs, f"{number}/variant/{variant.name}", found, shown),
        }
        if variant.name == "shifted":
            said["change"] = changes(values, found, strides)
            # Its answer is moved back, to be compared pixel by pixel.
            label = np.hstack([label[:, 1:], label[:, -1:]])
        yield said, Answer(variant.name, variant.label, variant.name, label)


def add_moments(
    blobs: Blobs, number: int, subject: Subject, opened: Opened, shown: dict[str, list[int]]
) -> Iterator[Answer]:
    """Add what the net made of a picture at each moment of its training; yield its answers."""
    for place, moment in enumerate(opened.moments):
        stages = find_stages(moment.net, opened.output)
        found = stage_values(moment.net, stages, net_data(opened.model, subject.image))
        add_tiles(blobs, f"{number}/time/t{place}", found, shown)
        label = labels(found[opened.output])
        yield Answer(f"t{place}", moment.label, "time", label, {"moment": f"t{place}"})


def address(image: np.ndarray, form: str = "PNG") -> str:
    """Return an address that holds a picture: PNG to the last bit, JPEG to be looked at."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, form, optimize=True)
    return picture_address(file.getvalue(), form.lower())
