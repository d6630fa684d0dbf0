"""MatConvNet's nets: Caffe's names, MATLAB's axes, RGB.

Filters are (height, width, channels, filters); those of a deconvolution (height, width, channels
out, channels in). The importer that made the published files reversed the channels of the first
convolution, and gives the mean colour as RGB.

Source: MatConvNet's utils/import-caffe.py, for axes, names and the order of colours.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from minifcn.weights.importing.conventions.interpretation import (
    FCN_MEAN,
    VGG_MEAN,
    Interpretation,
    bgr,
)
from minifcn.weights.importing.conventions.layouts import reversed_channels
from minifcn.weights.importing.formats.source import Source
from minifcn.weights.store import WeightsError

_PARTS = {"0": "weight", "1": "bias"}
_DAGNN_PARTS = {"filter": "weight", "bias": "bias", "f": "weight", "b": "bias"}
_FIRST = ("conv1_1/weight", "conv1/weight", "conv1/7x7_s2/weight")
_MODULE = re.compile(r"(inception_\d\w|conv\d|pool\d|loss\d)_(.+)")


def interpret_matconvnet(source: Source) -> Interpretation:
    """Interpret a MatConvNet file, SimpleNN or DagNN.

    Raises
    ------
    WeightsError
        If there is no first convolution of one of our nets.
    """
    params: dict[str, np.ndarray] = {}
    for name, array in source.arrays.items():
        address = _address(name)
        if address is None:
            params[name] = array  # of no net of ours
        elif address.endswith("/bias"):
            params[address] = array.reshape(-1)
        else:
            weight = array.reshape(array.shape + (1,) * (4 - array.ndim))
            params[address] = weight.transpose(3, 2, 0, 1)
    first = next((address for address in _FIRST if address in params), None)
    if first is None:
        raise WeightsError(
            f"none of its arrays ({', '.join(list(source.arrays)[:4])} ...) is the first "
            "convolution of VGG16, AlexNet or GoogLeNet"
        )
    params[first] = reversed_channels(params[first])
    names = tuple(source.attributes["class_names"])
    return Interpretation(params, _preprocess(source, params), class_names=names)


def _address(name: str) -> str | None:
    """Return our address of an array: "fc6/0" of SimpleNN, "fc6_filter" or "fc6f" of DagNN."""
    layer, slash, index = name.rpartition("/")
    if slash:
        return f"{layer}/{_PARTS[index]}" if index in _PARTS else None
    match = re.fullmatch(r"(.+?)_?(filter|bias|[fb])", name)
    if match is None:
        return None
    layer = match[1].rstrip("_")
    if module := _MODULE.fullmatch(layer):  # a slash in a name became an underscore
        layer = layer if re.fullmatch(r"conv\d_\d", layer) else f"{module[1]}/{module[2]}"
    return f"{layer}/{_DAGNN_PARTS[match[2]]}"


def _preprocess(source: Source, params: dict[str, np.ndarray]) -> dict[str, Any]:
    mean = source.attributes["average_image"]
    if len(mean) == 3:
        return bgr(*reversed([float(value) for value in mean]))
    return bgr(*(FCN_MEAN if "score_fr/weight" in params else VGG_MEAN))
