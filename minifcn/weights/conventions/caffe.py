"""Caffe's nets: our names and layouts are theirs; only old shapes and auxiliary heads differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from minifcn.weights.conventions.interpretation import (
    FCN_MEAN,
    GOOGLENET_MEAN,
    VGG_MEAN,
    Interpretation,
    bgr,
)
from minifcn.weights.conventions.layouts import without_leading_ones
from minifcn.weights.formats.source import Source
from minifcn.weights.store import WeightsError

_AUXILIARY = ("loss1/", "loss2/")  # GoogLeNet's further classifiers, which only its training needs
_PARTS = ("weight", "bias")


def interpret_caffe(source: Source) -> Interpretation:
    """Interpret a `.caffemodel`, or Caffe's HDF5 file.

    The means are those of the training: where the file tells them (`mean_value` of its data
    layer), its own; otherwise those that the net was published with.

    Raises
    ------
    WeightsError
        If the net normalises before it pools, as the original AlexNet: CaffeNet pools first.
    """
    layers = source.attributes.get("layers", [])
    _refuse_original_alexnet(layers)
    products = {layer["name"] for layer in layers if layer["type"] == "InnerProduct"}
    params: dict[str, np.ndarray] = {}
    left_out: dict[str, str] = {}
    for name, array in source.arrays.items():
        layer, _, index = name.rpartition("/")
        if layer.startswith(_AUXILIARY):
            left_out[name] = "an auxiliary classifier, used only to train the net"
        elif index not in ("0", "1"):
            left_out[name] = "neither a weight nor a bias"
        else:
            # Old files have four axes everywhere: (1, 1, 1, N), and (1, 1, O, I) for products.
            axes = 1 if index == "1" else 2 if layer in products else array.ndim
            params[f"{layer}/{_PARTS[int(index)]}"] = without_leading_ones(array, axes)
    return Interpretation(params, _preprocess(params, layers), left_out)


def _refuse_original_alexnet(layers: list[dict[str, Any]]) -> None:
    """Refuse bvlc_alexnet, whose weights fit CaffeNet but mean something else there."""
    bottoms = {layer["name"]: layer["bottoms"] for layer in layers}
    if bottoms.get("norm1") == ["conv1"] or bottoms.get("pool1") == ["norm1"]:
        raise WeightsError(
            "this is the original AlexNet, which normalises before it pools; the paper's net is "
            "CaffeNet, which pools first: take bvlc_reference_caffenet.caffemodel"
        )


def _preprocess(params: dict[str, np.ndarray], layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what the net's images went through."""
    for layer in layers:
        mean = layer.get("transform", {}).get("mean_value", [])
        if len(mean) == 3:
            return bgr(*mean)
    if "score_fr/weight" in params:
        return bgr(*FCN_MEAN)
    if "inception_3a/1x1/weight" in params:
        return bgr(*GOOGLENET_MEAN)
    return bgr(*(VGG_MEAN if "conv1_1/weight" in params else FCN_MEAN))
