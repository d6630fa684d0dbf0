"""PyTorch's nets: torchvision's VGG16, AlexNet and GoogLeNet, and state dicts with our own names.

torchvision's nets take RGB, (x / 255 - mean) / std. Ours take BGR in 0 ... 255 minus a mean: the
first convolution is divided by 255 * std and its channels are reversed, after which only the mean
is left to be subtracted. That is exact at the borders too, where zeros are padded.

Some files have torchvision's names and Caffe's numbers. Of the published ones, `vgg16-00b39a1b` is
told by its older names and the "features" file of SSD by its classifier of NaN; nothing in
`vgg16_from_caffe` tells, so that its user has to.

torchfcn's FCN-8s at once has its scales in the code, and the staged one's arrays; but a checkpoint
of its trainer says the class of the net.

Source: torchvision's models/vgg.py, alexnet.py and googlenet.py, for the names; torchfcn's
models/fcn8s.py and trainer.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from minifcn.weights.importing.conventions.interpretation import (
    FCN_MEAN,
    VGG_MEAN,
    Interpretation,
    bgr,
)
from minifcn.weights.importing.conventions.layouts import (
    folded_batch_norm,
    reversed_channels,
    scaled_input,
)
from minifcn.weights.importing.formats.source import Source
from minifcn.weights.store import WeightsError

Colours = Literal["torchvision", "caffe"]

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # RGB, of 1
SSD_MEAN = (0.40784 * 255, 0.45882 * 255, 0.48235 * 255)  # BGR

# torchvision's names of layers and ours.
VGG16_LAYERS = (
    *(("features.0", "conv1_1"), ("features.2", "conv1_2")),
    *(("features.5", "conv2_1"), ("features.7", "conv2_2")),
    *(("features.10", "conv3_1"), ("features.12", "conv3_2"), ("features.14", "conv3_3")),
    *(("features.17", "conv4_1"), ("features.19", "conv4_2"), ("features.21", "conv4_3")),
    *(("features.24", "conv5_1"), ("features.26", "conv5_2"), ("features.28", "conv5_3")),
    *(("classifier.0", "fc6"), ("classifier.3", "fc7"), ("classifier.6", "fc8")),
)
ALEXNET_LAYERS = (
    *(("features.0", "conv1"), ("features.3", "conv2"), ("features.6", "conv3")),
    *(("features.8", "conv4"), ("features.10", "conv5")),
    *(("classifier.1", "fc6"), ("classifier.4", "fc7"), ("classifier.6", "fc8")),
)
CLASSIFIER_LAYERS = {"vgg16": VGG16_LAYERS, "alexnet-torchvision": ALEXNET_LAYERS}
TORCHFCN = {
    "FCN32s": "fcn32s",
    "FCN16s": "fcn16s",
    "FCN8s": "fcn8s",
    "FCN8sAtOnce": "fcn8s-at-once",
}
# A VGG16 that was published before torchvision's had its dropout elsewhere.
_OLD_CLASSIFIER = {"classifier.1": "fc6", "classifier.4": "fc7"}
_BATCH_NORM_EPSILON = 1e-3
_COUNTER = "num_batches_tracked"
_GOOGLENET_STEM = {
    "conv1": "conv1/7x7_s2",
    "conv2": "conv2/3x3_reduce",
    "conv3": "conv2/3x3",
    "fc": "loss3/classifier",
}
_BRANCHES = {
    "branch1": "1x1",
    "branch2.0": "3x3_reduce",
    "branch2.1": "3x3",
    "branch3.0": "5x5_reduce",
    "branch3.1": "5x5",
    "branch4.1": "pool_proj",
}


def interpret_torch(source: Source, colours: Colours | None = None) -> Interpretation:
    """Interpret a state dict.

    Parameters
    ----------
    source : Source
        Of any container: `.pth`, `.safetensors` or `.npz`.
    colours : "torchvision" or "caffe", optional
        What a VGG16 with torchvision's names was trained on; torchvision's, if not given, unless
        it is one of the files that are known.

    Raises
    ------
    WeightsError
        If the names are none of those that are known.
    """
    arrays = {re.sub(r"^(module\.)+", "", name): a for name, a in source.arrays.items()}
    if "inception3a.branch1.conv.weight" in arrays:
        return _googlenet(arrays)
    if "features.0.weight" in arrays:
        return _features(arrays, colours)
    if any(re.fullmatch(r"conv\d(_\d)?\.weight", name) for name in arrays):
        params = {"/".join(name.rsplit(".", 1)): array for name, array in arrays.items()}
        mean = FCN_MEAN if "score_fr/weight" in params else VGG_MEAN
        arch = TORCHFCN.get(source.attributes.get("arch", ""))
        return Interpretation(params, bgr(*mean), arch=arch, scaled_in_code=True)
    raise WeightsError(
        f"its names ({', '.join(list(arrays)[:4])} ...) are neither those of torchvision's VGG16, "
        "AlexNet or GoogLeNet nor Caffe's (conv1_1.weight ...)"
    )


def _features(arrays: Mapping[str, np.ndarray], colours: Colours | None) -> Interpretation:
    """Interpret VGG16 or AlexNet, whose layers torchvision counts."""
    if "features.28.weight" in arrays:
        layers = dict(VGG16_LAYERS) | _OLD_CLASSIFIER
    else:
        layers = dict(ALEXNET_LAYERS)
    params: dict[str, np.ndarray] = {}
    left_out: dict[str, str] = {}
    for name, array in arrays.items():
        layer, _, part = name.rpartition(".")
        if layer not in layers:
            params[name] = array  # of no net of ours
        elif array.size and not np.isfinite(array.flat[0]):
            left_out[name] = "not a number"
        else:
            params[f"{layers[layer]}/{part}"] = array
    first = "conv1_1/weight" if "conv1_1/weight" in params else "conv1/weight"
    if first not in params:
        raise WeightsError(f"it has no {first}, as VGG16 and AlexNet do; is it another net?")
    if "not a number" in left_out.values():  # SSD's file: features alone, RGB, 0 ... 255
        params[first] = reversed_channels(params[first])
        return Interpretation(params, bgr(*SSD_MEAN), left_out)
    if colours is None:
        old = first == "conv1_1/weight" and "classifier.1.weight" in arrays
        colours = "caffe" if old else "torchvision"
    if colours == "caffe":
        preprocess = bgr(*VGG_MEAN)
        note = "taken to be trained on Caffe's colours: BGR, 0 ... 255, minus the mean"
    else:
        params[first], preprocess = _without_scale(params[first], IMAGENET_MEAN, IMAGENET_STD)
        note = "taken to be trained on torchvision's colours; if not, give --colours caffe"
    return Interpretation(params, preprocess, left_out, (note,))


def _googlenet(arrays: Mapping[str, np.ndarray]) -> Interpretation:
    """Interpret GoogLeNet, whose convolutions have no bias but a batch normalisation behind them.

    Its images come as x / 127.5 - 1 in effect: torchvision's net undoes the usual preprocessing.
    """
    params: dict[str, np.ndarray] = {}
    left_out: dict[str, str] = {}
    for name, array in arrays.items():
        module, _, part = name.rpartition(".")
        if module.startswith(("aux1", "aux2")):
            left_out[name] = "an auxiliary classifier, used only to train the net"
        elif part == _COUNTER:
            left_out[name] = "a counter"
        elif module == "fc":
            params[f"loss3/classifier/{part}"] = array
        elif module.endswith(".conv") and part == "weight":
            layer = _googlenet_layer(module.removesuffix(".conv"))
            norm = module.removesuffix("conv") + "bn"
            parts = ("weight", "bias", "running_mean", "running_var")
            try:
                statistics = [arrays[f"{norm}.{part}"] for part in parts]
            except KeyError as missing:
                raise WeightsError(f"it has {name}, but not {missing}: it is incomplete") from None
            folded = folded_batch_norm(array, statistics, _BATCH_NORM_EPSILON)
            params[f"{layer}/weight"], params[f"{layer}/bias"] = folded
    first = "conv1/7x7_s2/weight"
    if first not in params:
        raise WeightsError("it has no conv1.conv.weight, as GoogLeNet does; it is incomplete")
    params[first], preprocess = _without_scale(params[first], (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    return Interpretation(params, preprocess, left_out)


def _googlenet_layer(module: str) -> str:
    """Return our name of a convolution, e.g. inception_3a/3x3 of inception3a.branch2.1."""
    if module in _GOOGLENET_STEM:
        return _GOOGLENET_STEM[module]
    block, _, branch = module.partition(".")
    if not block.startswith("inception") or branch not in _BRANCHES:
        raise WeightsError(f"GoogLeNet has no convolution {module!r}; is it another net?")
    return f"inception_{block.removeprefix('inception')}/{_BRANCHES[branch]}"


def _without_scale(
    weight: np.ndarray, mean: tuple[float, ...], std: tuple[float, ...]
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the first convolution and the preprocessing without the division by `std`."""
    scaled = scaled_input(weight, [1 / (255 * value) for value in std])
    return reversed_channels(scaled), bgr(*(255 * value for value in reversed(mean)))
