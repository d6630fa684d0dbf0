"""Caffe's nets: our names and layouts are theirs; only old shapes and auxiliary heads differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from minifcn.reference.data_sets import HHA_MEAN, NYUD_MEAN, SIFTFLOW_MEAN
from minifcn.weights.importing.conventions.interpretation import (
    FCN_MEAN,
    GOOGLENET_MEAN,
    VGG_MEAN,
    Interpretation,
    bgr,
)
from minifcn.weights.importing.conventions.layouts import without_leading_ones
from minifcn.weights.importing.formats.source import Source
from minifcn.weights.store import WeightsError

NYUD_CLASSES = 40
_AUXILIARY = ("loss1/", "loss2/")  # GoogLeNet's further classifiers, which only its training needs
_PARTS = ("weight", "bias")
_RENAMED = {"conv1_1_bgrd": "conv1_1"}  # of nyud-fcn32s-color-d: three colours and depth


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
            params[name] = array  # of no net of ours
        else:
            # Old files have four axes everywhere: (1, 1, 1, N), and (1, 1, O, I) for products.
            axes = 1 if index == "1" else 2 if layer in products else array.ndim
            layer = _RENAMED.get(layer, layer)
            params[f"{layer}/{_PARTS[int(index)]}"] = without_leading_ones(array, axes)
    inputs = {top for layer in layers for top in layer["tops"]}
    if "hha" in inputs and "color" not in inputs:
        preprocess = {"order": "RGB", "mean": list(HHA_MEAN), "scale": 1.0}
        return Interpretation(params, preprocess, left_out, modality="hha")
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
    if "score_fr_geo/weight" in params:
        return bgr(*SIFTFLOW_MEAN)
    scores = [name for name in ("score_fr/weight", "score_frcolor/weight") if name in params]
    if scores:
        nyud = params[scores[0]].shape[0] == NYUD_CLASSES
        return bgr(*(NYUD_MEAN if nyud else FCN_MEAN))
    if "inception_3a/1x1/weight" in params:
        return bgr(*GOOGLENET_MEAN)
    return bgr(*(VGG_MEAN if "conv1_1/weight" in params else FCN_MEAN))
