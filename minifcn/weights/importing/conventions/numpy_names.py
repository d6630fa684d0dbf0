"""The ways in which VGG16 and FCNs lie about as NumPy files, told by how the arrays are called.

    conv1_1/weight    minifcn's own exports
    conv1_1/W         Chainer (inner products as ours) and DeZero (transposed)
    conv1_1/0         vgg16.npy of tensorflow-fcn: TensorFlow's layout
    conv1_1_W         vgg16_weights.npz of Frossard: TensorFlow's layout, RGB

Chainer's FCN-8s at once has its scales in the code, and the staged one's arrays.

Source: wkentaro/fcn, koki0702/dezero, MarvinTeichmann/tensorflow-fcn and Frossard's VGG in
TensorFlow, for names and layouts.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from minifcn.weights.importing.conventions.interpretation import (
    FCN_MEAN,
    VGG_MEAN,
    Interpretation,
    bgr,
)
from minifcn.weights.importing.conventions.layouts import (
    from_channels_last,
    linear_from_channels_last,
    reversed_channels,
)
from minifcn.weights.importing.formats.source import Source
from minifcn.weights.store import WeightsError

_PATTERNS: dict[str, tuple[str, dict[str, str]]] = {
    "chainer": (r"(\w+)/([Wb])", {"W": "weight", "b": "bias"}),
    "tensorflow": (r"(\w+)/([01])", {"0": "weight", "1": "bias"}),
    "frossard": (r"(\w+)_([Wb])", {"W": "weight", "b": "bias"}),
}


def interpret_numpy(source: Source) -> Interpretation:
    """Interpret an `.npz` or `.npy` file of VGG16, or of an FCN on it.

    Raises
    ------
    WeightsError
        If the names are none of those that are known.
    """
    for style, (pattern, parts) in _PATTERNS.items():
        found = {name: re.fullmatch(pattern, name.lstrip("/")) for name in source.arrays}
        if not any(match and match[1] == "conv1_1" for match in found.values()):
            continue
        params: dict[str, np.ndarray] = {}
        left_out = dict(source.attributes.get("skipped", {}))
        if style == "chainer" and _is_dezero(source):
            style = "dezero"
        for name, match in found.items():
            if match is None:
                params[name] = source.arrays[name]  # of no net of ours
                continue
            layer, part = match[1], parts[match[2]]
            array = source.arrays[name]
            params[f"{layer}/{part}"] = _LAYOUTS[style](layer, array) if array.ndim > 1 else array
        return _with_colours(style, params, left_out)
    raise WeightsError(
        f"its names ({', '.join(list(source.arrays)[:4])} ...) are none of those that VGG16 has "
        "in NumPy files (conv1_1/weight, conv1_1/W, conv1_1/0 or conv1_1_W)"
    )


def _with_colours(
    style: str, params: dict[str, np.ndarray], left_out: dict[str, str]
) -> Interpretation:
    """Add the preprocessing; Frossard's net takes RGB."""
    if style == "frossard":
        params["conv1_1/weight"] = reversed_channels(params["conv1_1/weight"])
    mean = FCN_MEAN if "score_fr/weight" in params else VGG_MEAN
    return Interpretation(params, bgr(*mean), left_out, scaled_in_code=True)


def _is_dezero(source: Source) -> bool:
    """Return whether inner products are (inputs, outputs): fc7 is square, but fc6 tells."""
    weight = source.arrays.get("fc6/W")
    return weight is not None and weight.ndim == 2 and weight.shape[0] > weight.shape[1]


def _chainer(layer: str, weight: np.ndarray) -> np.ndarray:
    return weight


def _dezero(layer: str, weight: np.ndarray) -> np.ndarray:
    return weight.T if weight.ndim == 2 else weight


def _tensorflow(layer: str, weight: np.ndarray) -> np.ndarray:
    if weight.ndim == 4:
        return from_channels_last(weight)
    side = 7 if layer == "fc6" else 1
    return linear_from_channels_last(weight, side, side)


_LAYOUTS: dict[str, Callable[[str, np.ndarray], np.ndarray]] = {
    "chainer": _chainer,
    "dezero": _dezero,
    "tensorflow": _tensorflow,
    "frossard": _tensorflow,
}
