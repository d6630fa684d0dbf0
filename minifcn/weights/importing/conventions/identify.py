"""Which net a set of parameters belongs to, told by their names and shapes.

FCN-8s at once has the layers of the staged FCN-8s, and a scale on the features of each skip. Where
the scales are not arrays but constants in a program's code, the two have the same parameters, and
the same numbers give other scores: what decides has to come from elsewhere, or the file is refused.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minifcn.models.alexnet import CAFFENET, TORCHVISION
from minifcn.models.backbone import scaled
from minifcn.models.build import STREAMS, ModelSpec, base_net
from minifcn.models.googlenet import BVLC, STEM
from minifcn.models.vgg16 import BLOCKS
from minifcn.weights.store import WeightsError

Params = Mapping[str, np.ndarray]

COLOR, HHA = STREAMS
_FIRST = ("conv1_1", "conv1/7x7_s2", "conv1")
# The scores predicted at stride 8, of each backbone.
_FINEST = ("score_pool3", "score_inception_3b", "score_relu2")


def identify(
    params: Params,
    modality: str = "rgb",
    *,
    arch: str | None = None,
    scaled_in_code: bool = False,
) -> ModelSpec:
    """Return the description of the net that has these parameters.

    Parameters
    ----------
    params : mapping of address to array
        In our names and layouts. They may be incomplete: a net without its last layers counts as
        the classifier that it was cut from, with the 1000 classes of ImageNet.
    modality : "rgb" or "hha"
        What a net of three channels sees; four channels are colour and depth, two streams colour
        and HHA.
    arch : str, optional
        The architecture, as the file or its user says.
    scaled_in_code : bool
        Whether parameters without scales may be of an FCN-8s at once too.

    Raises
    ------
    WeightsError
        If they belong to no net of ours, to another one than `arch`, or to either of two.
    """
    one = {a.replace(f"{COLOR}/", "/"): p for a, p in params.items() if f"{HHA}/" not in a}
    if len(one) < len(params):
        modality = "rgb-hha"
    backbone, width = _backbone(one)
    channels = next(one[f"{n}/weight"].shape[1] for n in _FIRST if f"{n}/weight" in one)
    base = base_net(backbone)
    fc_channels = one["fc6/weight"].shape[0] if "fc6/weight" in one else None
    if base.fc_channels and fc_channels == scaled(base.fc_channels, width):
        fc_channels = None
    heads = {
        name.removeprefix("score_fr_").removesuffix("/weight"): weight.shape[0]
        for name, weight in one.items()
        if name.startswith("score_fr_") and name.endswith("/weight")
    }
    last = [one[f"{n}/weight"] for n in ("score_fr", base.last_layer) if f"{n}/weight" in one]
    num_classes = next(iter(heads.values()), len(last[0]) if last else 1000)
    found = _arch(one, arch, scaled_in_code)
    try:
        return ModelSpec(
            found,
            backbone,
            num_classes,
            width,
            "faithful",
            fc_channels,
            "rgbd" if channels == 4 else modality,
            heads or None,
        )
    except ValueError as error:
        raise WeightsError(f"minifcn has no such net: {error}") from error


def _backbone(params: Params) -> tuple[str, float]:
    """Return the name of the backbone and its width."""

    def filters(layer: str) -> int:
        return params[f"{layer}/weight"].shape[0]

    if "inception_3a/5x5/weight" in params and "conv1/7x7_s2/weight" in params:
        kernel = params["inception_3a/5x5/weight"].shape[-1]
        name = "googlenet" if kernel == BVLC.kernel else "googlenet-torchvision"
        return name, filters("conv1/7x7_s2") / STEM[0]
    if "conv1_1/weight" in params and "conv5_3/weight" in params:
        return "vgg16", filters("conv1_1") / BLOCKS[0][1]
    if "conv1/weight" in params and "conv5/weight" in params:
        grouped = params["conv2/weight"].shape[1] != filters("conv1")
        name, variant = ("alexnet", CAFFENET) if grouped else ("alexnet-torchvision", TORCHVISION)
        return name, filters("conv5") / variant.filters[4]  # conv1 may have been rounded
    layers = list(dict.fromkeys(address.rpartition("/")[0] for address in params))
    raise WeightsError(
        f"it is none of the nets of minifcn (VGG16, AlexNet, GoogLeNet and FCNs of them): its "
        f"{len(layers)} layers are {', '.join(layers[:4])} ..."
    )


def _arch(params: Params, arch: str | None, scaled_in_code: bool) -> str:
    """Return the one architecture that there is, or that is named, among those that fit."""
    fitting = _fitting(params, scaled_in_code)
    if arch is None and len(fitting) == 1:
        return fitting[0]
    if arch is None:
        raise WeightsError(
            f"it may be of {' or '.join(fitting)}, which differ by constants in the code of the "
            f"program that it comes from: give {' or '.join(f'--arch {name}' for name in fitting)}"
        )
    if arch not in fitting:
        raise WeightsError(f"its layers are those of {' or '.join(fitting)}, not of {arch}")
    return arch


def _fitting(params: Params, scaled_in_code: bool) -> tuple[str, ...]:
    """Return the architectures that have these skips, with or without scales."""
    layers = {a.removesuffix("/weight") for a in params if a.endswith("/weight")}
    if not any(layer.startswith("score_fr") for layer in layers):
        return ("classifier",)
    scaled = any(layer.startswith("scale_") for layer in layers)
    if any(layer.startswith(_FINEST) for layer in layers):
        if scaled:
            return ("fcn8s-at-once",)
        return ("fcn8s", "fcn8s-at-once") if scaled_in_code else ("fcn8s",)
    skips = any(layer.startswith("score_") and not layer.startswith("score_fr") for layer in layers)
    return ("fcn16s",) if skips else ("fcn32s",)
