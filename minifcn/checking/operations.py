"""The table of what can be checked by its name, with the examples of `gradcheck --all`.

The examples of an operation take together every way there is to compute it, and every branch of
such a way that depends on sizes: several strips, several images, windows of zeros only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from minifcn.checking import convolutions, joins, layers


class Operation(NamedTuple):
    """What it is, what builds a case of it from options, and the options of its examples."""

    about: str
    build: Callable[..., Any]  # returns a Case, or of a net what is in `nets.py`
    examples: tuple[Mapping[str, Any], ...]


def _with(*examples: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Return examples behind that of no options at all."""
    return {}, *examples


OPERATIONS = {
    "conv": Operation(
        "convolution",
        convolutions.conv,
        _with(
            {"kernel": (3, 2), "stride": (2, 2)},
            {"kernel": (2, 3), "stride": (3, 2), "pad": (0, 0)},
            {"kernel": (3, 2), "dilation": (2, 1)},
            {"channels": 4, "filters": 6, "groups": 2},
            {"channels": 4, "filters": 6, "groups": 2, "kernel": (3, 2), "stride": (1, 2)},
            {"kernel": (1, 1), "pad": (0, 0)},
            {"kernel": (1, 1), "pad": (0, 0), "size": (2, 3), "filters": 9},
            {"kernel": (5, 5), "pad": (2, 1)},
            {"kernel": (7, 7), "pad": (3, 2)},
            {"pad": (4, 3)},
            {"images": 1, "size": (4, 5), "filters": 20},
            {"images": 5, "size": (6, 5)},
            {"images": 1, "size": (24, 22), "channels": 8, "filters": 5},
            {"images": 1, "size": (48, 44), "channels": 64, "filters": 6},
            {"images": 1, "size": (46, 50), "kernel": (11, 11), "pad": (0, 0), "filters": 1},
        ),
    ),
    "deconv": Operation(
        "deconvolution",
        convolutions.deconv,
        _with(
            {"kernel": (3, 5), "stride": (2, 3), "pad": (0, 1)},
            {"kernel": (1, 2), "stride": (2, 3), "pad": (0, 0)},
            {"kernel": (3, 2), "stride": (2, 1)},
            {"kernel": (3, 2), "stride": (1, 1)},
            {"channels": 4, "filters": 6, "groups": 2},
        ),
    ),
    "upsampling": Operation(
        "deconvolution that interpolates bilinearly",
        convolutions.upsampling,
        _with({"factor": 3, "odd": True}, {"factor": 4, "pad": 2}, {"groups": 3, "pad": 0}),
    ),
    "max-pool": Operation(
        "max pooling",
        layers.max_pool,
        _with(
            {"kernel": (2, 2)},
            {"kernel": (3, 2), "stride": (2, 3), "pad": (1, 0)},
            {"kernel": (2, 2), "stride": (3, 3)},
            {"pad": (1, 1), "floor": True},
            {"ties": True},
            {"images": 1, "channels": 2, "size": (20, 19), "kernel": (17, 17)},
            {"images": 1, "channels": 4, "size": (130, 140), "kernel": (2, 2)},
        ),
    ),
    "avg-pool": Operation(
        "average pooling",
        layers.avg_pool,
        _with(
            {"kernel": (2, 2)},
            {"kernel": (3, 2), "stride": (2, 3), "pad": (1, 0)},
            {"kernel": (2, 2), "stride": (3, 3)},
            {"pad": (1, 1), "floor": True},
        ),
    ),
    "relu": Operation(
        "rectifier",
        layers.relu,
        _with({"zeros": True}, {"images": 1, "channels": 2, "size": (300, 250)}),
    ),
    "lrn": Operation(
        "local response normalisation",
        layers.lrn,
        _with({"local_size": 3, "k": 2.0}, {"channels": 2}, {"images": 1, "size": (100, 100)}),
    ),
    "linear": Operation("inner product", layers.linear, _with({"size": (1, 1), "channels": 6})),
    "dropout": Operation("dropout", layers.dropout, _with({"ratio": 0.8}, {"ratio": 0.0})),
    "softmax-loss": Operation(
        "softmax with the loss over pixels",
        layers.softmax_loss,
        _with(
            {"normalization": "batch"},
            {"normalization": "none"},
            {"class_weights": True},
            {"class_weights": True, "normalization": "batch"},
            {"ignore_index": 2},
        ),
    ),
    "sum": Operation("element-wise sum", joins.eltwise_sum, _with({"inputs": 3, "weighted": True})),
    "max": Operation(
        "element-wise maximum",
        joins.eltwise_max,
        _with({"inputs": 3}, {"inputs": 3, "ties": True}),
    ),
    "concat": Operation("concatenation of channels", joins.concat, _with({"inputs": 3})),
    "crop": Operation("crop", joins.crop, _with({"offset": (3, 0)})),
    "scale": Operation("factor for each channel", joins.scale, _with()),
    "sgd": Operation(
        "step of descent with momentum and decay",
        layers.sgd,
        _with({"momentum": 0.0}, {"values": 1_100_000}),
    ),
}
