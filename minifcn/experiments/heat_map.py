"""Figure 2: a classifier made convolutional says where in an image a class is."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minifcn.data.dataset import Sample
from minifcn.data.images import read_image
from minifcn.data.shapes.dataset import ShapesDataset
from minifcn.experiments.experiment import OPEN, Experiment, Result, Row
from minifcn.experiments.lab import Lab
from minifcn.experiments.verdicts import higher, said
from minifcn.inference.heat_map import draw, heat_map
from minifcn.inference.model import Model, load_model
from minifcn.system.resources import shipped_weights
from minifcn.weights.store import WeightsError

SIZE, SMOKE_SIZE = (320, 448), (96, 128)  # of the drawn scene, pixels
INSIDE, OUTSIDE = "on objects of the class, %", "on the background, %"
CLEARLY = 10  # points of probability


def heat_maps(lab: Lab, photo: Path | None = None) -> Result:
    """Slide a classifier over drawn scenes, or over a photograph, and draw what it sees."""
    given = lab.prepared.settings["weights"]
    model = load_model(shipped_weights("vgg16-shapes") if given == "shipped" else given)
    if model.spec.arch != "classifier":
        raise WeightsError(f"{given} holds an {model.spec.arch}: a heat map is of a classifier")
    if photo is not None:
        return _of_photo(model, read_image(photo))
    scenes = ShapesDataset("val", SMOKE_SIZE if lab.smoke else SIZE)
    found = [_of_scene(model, scenes[seed]) for seed in lab.seeds]
    inside, outside = ([getattr(one, side) for one in found] for side in ("inside", "outside"))
    return Result(
        [Row("probability of a class", {INSIDE: inside, OUTSIDE: outside})],
        higher(inside, outside, by=CLEARLY),
        f"On objects of a class its mean probability is {said(inside)} %, on the background "
        f"{said(outside)} %, with a classifier that was never told where anything is.",
        pictures={"heat-map": found[0].picture},
        notes=[
            "A place counts by the pixel in its middle, for the classes that are in the scene. "
            "Between objects the classifier has to guess: it knows no background.",
        ],
    )


class _Seen(NamedTuple):
    inside: float  # percent
    outside: float
    picture: np.ndarray


def _of_scene(model: Model, sample: Sample) -> _Seen:
    """Compare a scene's heat map with its label map; draw the class of the most pixels."""
    heat = heat_map(model, sample.image)
    middles = sample.label[np.ix_(heat.rows.astype(int), heat.columns.astype(int))]  # (OH, OW)
    # The classifier's first class is the label map's second, behind the background.
    occurring = [number for number in range(len(heat.share)) if (middles == number + 1).any()]
    inside = np.mean([heat.share[n][middles == n + 1].mean() for n in occurring])
    outside = np.mean([heat.share[n][middles == 0].mean() for n in occurring])
    largest = int(np.bincount(sample.label[sample.label < 255], minlength=2)[1:].argmax())
    picture = draw(sample.image, heat, largest, model.class_names[largest])
    return _Seen(100 * inside, 100 * outside, picture)


def _of_photo(model: Model, image: np.ndarray) -> Result:
    """Draw the class that is the most likely anywhere."""
    heat = heat_map(model, image)
    number = int(heat.share.max(axis=(1, 2)).argmax())
    name, highest = model.class_names[number], 100 * float(heat.share[number].max())
    return Result(
        [Row(name, {"highest probability, %": [highest]})],
        OPEN,
        f"Nobody says here where {name} is: look at the picture.",
        pictures={"heat-map": draw(image, heat, number, name)},
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the option that `heat_maps` takes."""
    parser.add_argument(
        "--photo",
        type=Path,
        metavar="FILE",
        help="a photograph to slide over, with --weights of a classifier that knows what is in it "
        "(default: drawn scenes)",
    )


HEAT_MAP = Experiment(
    "Figure 2",
    "A classifier made convolutional gives a heat map of where a class is.",
    "",
    heat_maps,
    {"shapes": 1},
    add_options,
)
