"""What the page is told of each stage: its layer, its sizes, its place, and why a crop is where."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from minifcn.exploring.kept import Kept
from minifcn.exploring.opened import Opened
from minifcn.exploring.stages import DERIVED, Stage, places
from minifcn.exploring.stamps import is_bilinear
from minifcn.exploring.values import Arrays
from minifcn.layers import (
    AvgPool2d,
    Concat,
    Conv2d,
    Crop,
    Deconv2d,
    Dropout,
    EltwiseSum,
    MaxPool2d,
    Scale,
)
from minifcn.layers.geometry import ReceptiveField

PAGES = {
    **{"conv": "conv", "deconv": "deconv", "maxpool": "pooling", "avgpool": "pooling"},
    **{"crop": "sum-and-crop", "sum": "sum-and-crop", "concat": "sum-and-crop"},
    **{"scale": "sum-and-crop", "lrn": "lrn", "relu": "relu", "dropout": "dropout"},
}


def describe(
    opened: Opened, values: Sequence[Arrays], kept: Kept, ending: str
) -> list[dict[str, Any]]:
    """Return what the page is told of each stage.

    `values` (C, H, W) are those of the stages for each image; in `ending` end the names of the
    textbook's pages.
    """
    fields, where = opened.model.net.receptive_fields(), places(opened.stages)
    found = []
    for name, stage in opened.stages.items():
        shapes = [one[name].shape for one in values]
        field = fields.get(stage.blob, ReceptiveField())
        found.append(
            {
                "name": name,
                "nodes": [node.name for node in stage.nodes] or [name],
                "kind": stage.kind,
                "inputs": list(stage.bottoms),
                "shape": list(shapes[0]),
                "sizes": [list(shape[1:]) for shape in shapes],
                "field": _number(field.size),
                "stride": _number(field.stride),
                **where[name]._asdict(),
                "maps": kept.maps[name],
                "order": [order[name] for order in kept.order],
                "derived": stage.kind in DERIVED or not stage.nodes,
                **({"residual": True} if name == opened.residual else {}),
                **_behind(stage),
                **_layer(stage, values[0]),
                **({"rows": kept.rows[name]} if name in kept.rows else {}),
                **({"columns": kept.columns[name]} if name in kept.columns else {}),
                **_cost(stage, values[0]),
                **({"page": f"layers/{PAGES[stage.kind]}{ending}"} if stage.kind in PAGES else {}),
            }
        )
    return found


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _behind(stage: Stage) -> dict[str, Any]:
    """Return what runs behind the stage's layer."""
    ratios = [node.layer.ratio for node in stage.nodes if isinstance(node.layer, Dropout)]
    return {"relu": stage.rectified, **({"dropout": ratios[0]} if ratios else {})}


def _layer(stage: Stage, values: Arrays) -> dict[str, Any]:
    """Return how the stage's layer is made."""
    layer = stage.layer
    if isinstance(layer, Conv2d | Deconv2d):
        kernel, step, pad, dilation = (list(two) for two in layer.window)
        window = {"kernel": kernel, "step": step, "pad": pad, "dilation": dilation}
        made = {**window, "groups": layer.groups}
        return {**made, "bilinear": is_bilinear(layer)} if isinstance(layer, Deconv2d) else made
    if isinstance(layer, MaxPool2d | AvgPool2d):
        kernel, step, pad = (list(two) for two in layer.window[:3])
        return {"kernel": kernel, "step": step, "pad": pad, "ceil": layer.window.ceil}
    if isinstance(layer, Crop):
        return {"offset": list(layer.offset), "why": _why(stage, values)}
    if isinstance(layer, EltwiseSum):
        return {"coefficients": list(layer.coefficients or [1.0] * len(stage.bottoms))}
    if isinstance(layer, Scale):
        return {"factors": [float(one) for one in layer.params["weight"]]}
    if isinstance(layer, Concat):
        return {"parts": [len(values[bottom]) for bottom in stage.bottoms]}
    return {}


def _why(stage: Stage, values: Arrays) -> str:
    """Return why a crop begins where it does."""
    blob, reference = stage.bottoms
    top, left = stage.layer.offset  # type: ignore[union-attr]
    (height, width), (rows, columns) = (values[name].shape[1:] for name in (stage.name, blob))
    return (
        f"following kernels, strides and paddings, pixel (0, 0) of {reference} lies on pixel "
        f"({top}, {left}) of {blob}; of its {rows} x {columns} pixels the {height} x {width} from "
        f"there on lie over {reference}"
    )


def _cost(stage: Stage, values: Arrays) -> dict[str, int]:
    if stage.layer is None:
        return {"parameters": 0, "flops": 0}
    shapes = [(1, *values[bottom].shape) for bottom in stage.bottoms]
    count = sum(array.size for array in stage.layer.params.values())
    return {"parameters": count, "flops": stage.layer.flops(*shapes)}
