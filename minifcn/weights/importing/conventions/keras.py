"""Keras' VGG16: its own names, TensorFlow's or Theano's layout, Caffe's colours.

Source: keras.applications.vgg16, for the names; the release notes of its weights, for the two
layouts: files "th" hold (filters, channels, height, width) and kernels that Theano turns over.
"""

from __future__ import annotations

import re

import numpy as np

from minifcn.weights.importing.conventions.interpretation import VGG_MEAN, Interpretation, bgr
from minifcn.weights.importing.conventions.layouts import (
    from_channels_last,
    linear_from_channels_last,
    unflipped,
)
from minifcn.weights.importing.formats.source import Source
from minifcn.weights.store import WeightsError

_FC = {"fc1": "fc6", "fc2": "fc7", "predictions": "fc8"}
# Keras 0 only counted its layers, poolings and paddings included.
_NUMBERED = (
    *((1, "conv1_1"), (3, "conv1_2"), (6, "conv2_1"), (8, "conv2_2"), (11, "conv3_1")),
    *((13, "conv3_2"), (15, "conv3_3"), (18, "conv4_1"), (20, "conv4_2"), (22, "conv4_3")),
    *((25, "conv5_1"), (27, "conv5_2"), (29, "conv5_3"), (32, "fc6"), (34, "fc7"), (36, "fc8")),
)
_FC6_MAP = 7


def interpret_keras(source: Source, flipped: bool | None = None) -> Interpretation:
    """Interpret the weights of a VGG16 in a Keras file; layers of other names keep them.

    The layout is told by the shapes. Whether the kernels are turned over, nothing in the file
    tells: unless `flipped` says it, they are taken to be in files of Theano's layout, for both
    belong together in all published ones.

    Raises
    ------
    WeightsError
        If there is no convolution of VGG16 in it.
    """
    params: dict[str, np.ndarray] = {}
    if not any(map(_layer, source.attributes["layers"])):
        raise WeightsError(
            "none of its layers is one of keras.applications' VGG16 (block1_conv1 ... fc2): "
            f"{', '.join(list(source.attributes['layers'])[:4])} ..."
        )
    theano = _is_theano(source)
    turn = theano if flipped is None else flipped
    for path, names in source.attributes["layers"].items():
        layer = _layer(path)
        if layer is None or len(names) != 2:
            params |= {name: source.arrays[name] for name in names}  # of no net of ours
            continue
        weight, bias = (source.arrays[name] for name in names)
        params[f"{layer}/weight"] = _weight(layer, weight, theano, turn)
        params[f"{layer}/bias"] = bias
    notes = ("kernels were turned by 180 degrees, as Theano's convolution does",) if turn else ()
    return Interpretation(params, bgr(*VGG_MEAN), notes=notes)


def _layer(path: str) -> str | None:
    """Return our name of a layer, which may be within a model ("vgg16/block1_conv1")."""
    name = path.rpartition("/")[2]
    if block := re.fullmatch(r"block(\d)_conv(\d)", name):
        return f"conv{block[1]}_{block[2]}"
    if number := re.fullmatch(r"layer_(\d+)", name):
        return dict(_NUMBERED).get(int(number[1]))
    return _FC.get(name, name if re.fullmatch(r"conv\d_\d|fc[678]", name) else None)


def _is_theano(source: Source) -> bool:
    """Return whether filters come first: a 3 x 3 kernel is at the end of the shape, not before."""
    kernels = [array.shape for array in source.arrays.values() if array.ndim == 4]
    return any(shape[2:] == (3, 3) and shape[:2] != (3, 3) for shape in kernels)


def _weight(layer: str, weight: np.ndarray, theano: bool, flipped: bool) -> np.ndarray:
    if weight.ndim == 4:
        ours = weight if theano else from_channels_last(weight)
        return unflipped(ours) if flipped else ours
    size = _FC6_MAP if layer == "fc6" else 1
    if theano:  # rows in the order of channels, rows, columns
        return weight.T
    return linear_from_channels_last(weight, size, size)
