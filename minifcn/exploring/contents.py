"""Everything that is in a page: what the page is told, and the arrays that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import minifcn
from minifcn.exploring.described import describe
from minifcn.exploring.kept import Kept
from minifcn.exploring.moments import Moment
from minifcn.exploring.opened import Opened, look
from minifcn.exploring.packing import Blobs
from minifcn.exploring.picture import SHOWN, add_picture
from minifcn.exploring.stages import find_stages
from minifcn.exploring.stamps import is_bilinear
from minifcn.exploring.subjects import Subject
from minifcn.layers import Conv2d, Deconv2d
from minifcn.system.command import DOCS

FORMAT = 1


class Textbook(NamedTuple):
    """Where the page finds the pages of the layers: what their addresses begin and end with."""

    site: str
    ending: str


SOURCES = Textbook(f"{DOCS}/", ".md")


def contents(
    opened: Opened, subjects: Sequence[Subject], source: str, textbook: Textbook
) -> tuple[dict[str, Any], Blobs]:
    """Return what the page is told of a net, called `source`, and of pictures, and all arrays."""
    blobs = Blobs()
    values, kept = look(opened, subjects)
    add_kernels(blobs, opened, kept)
    exact = kept.exact(opened.stages, values)
    images = [
        add_picture(blobs, number, subject, opened, one, kept, exact=number < exact)
        for number, (subject, one) in enumerate(zip(subjects, values, strict=True))
    ]
    model = opened.model
    told = {
        **{"format": FORMAT, "version": minifcn.__version__, "source": source},
        **{name: getattr(model.spec, name) for name in ("arch", "backbone", "width", "padding")},
        "parameters": sum(array.size for array in model.net.params.values()),
        "classes": [
            {"name": name, "colour": f"#{r:02x}{g:02x}{b:02x}"}
            for name, (r, g, b) in zip(model.class_names, model.palette, strict=False)
        ],
        "preprocess": model.preprocess.to_dict(),
        "images": images,
        "site": textbook.site,
        "stages": describe(opened, values, kept, textbook.ending),
        "output": opened.output,
        "branches": _branches(opened),
        "moments": [
            {
                **{"id": f"t{place}", "label": moment.label},
                **{"arch": moment.arch, "updates": moment.updates},
                "maps": _maps_of(moment, opened, kept),
            }
            for place, moment in enumerate(opened.moments)
        ],
        "blobs": blobs.described,
    }
    return told, blobs


def _maps_of(moment: Moment, opened: Opened, kept: Kept) -> dict[str, list[int]]:
    """Return which maps of each stage of a net's past are in the page."""
    there = find_stages(moment.net, opened.output)
    return {name: maps for name, maps in kept.first(SHOWN).items() if name in there}


def add_kernels(blobs: Blobs, opened: Opened, kept: Kept) -> None:
    """Add the kernels that are kept, and the biases of their outputs."""
    for name, stage in opened.stages.items():
        layer = stage.layer
        if isinstance(layer, Deconv2d):
            weight = layer.params["weight"]
            blobs.add(f"weight/{name}", weight[0, 0] if is_bilinear(layer) else weight)
        elif isinstance(layer, Conv2d) and kept.rows[name]:
            rows, columns = kept.rows[name], kept.columns[name]
            weight = layer.params["weight"][rows]
            blobs.add(f"weight/{name}", weight if layer.groups > 1 else weight[:, columns])
            if "bias" in layer.params:
                blobs.add(f"bias/{name}", layer.params["bias"][rows])


def _branches(opened: Opened) -> dict[str, Any] | None:
    branches, fields = opened.branches, opened.model.net.receptive_fields()
    if branches is None:
        return None
    strides = [int(fields[opened.stages[part].blob].stride) for part in branches.parts]
    return {
        **{"last": branches.last, "at": branches.at, "crop": list(branches.crop)},
        "parts": [
            {"stage": part, "stride": stride, "label": f"stride {stride}"}
            for part, stride in zip(branches.parts, strides, strict=True)
        ],
    }
