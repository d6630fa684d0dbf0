"""What the arrays of a weight file mean: parameters of ours, and the input they expect."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from minifcn.models.build import ModelSpec


class Interpretation(NamedTuple):
    """The second stage of reading a weight file, after the container was opened."""

    # By address, in our layouts; views of the file where nothing had to be computed. An array of a
    # name that is not known keeps it, so that it is refused where all of them have to fit.
    params: dict[str, np.ndarray]
    # "order", "mean" and "scale", see `data.transforms.Preprocess`: what an image has to go through
    # for these weights.
    preprocess: dict[str, Any]
    left_out: Mapping[str, str] = MappingProxyType({})  # what is not used, and why
    notes: tuple[str, ...] = ()  # what somebody who uses the result should know
    class_names: tuple[str, ...] = ()  # as the file has them; empty if it has none
    # What a net of three channels sees: "rgb", or "hha" where the file says so.
    modality: str = "rgb"
    spec: ModelSpec | None = None  # the net, where the file describes it as our own ones do
    arch: str | None = None  # the architecture, where that is all that the file says
    # Whether the nets of the framework may multiply features by constants in their code, so that a
    # file without scales may still be of an FCN-8s at once, see `identify`.
    scaled_in_code: bool = False
    # All that a file of ours says of its weights; it stays with them.
    described: Mapping[str, Any] = MappingProxyType({})


def bgr(*mean: float) -> dict[str, Any]:
    """Return the preprocessing of nets from Caffe: blue, green, red, minus their means."""
    return {"order": "BGR", "mean": list(mean), "scale": 1.0}


# The mean colour of ImageNet, as each of the published nets was trained or is run with.
VGG_MEAN = (103.939, 116.779, 123.68)
FCN_MEAN = (104.00698793, 116.66876762, 122.67891434)
GOOGLENET_MEAN = (104.0, 117.0, 123.0)
