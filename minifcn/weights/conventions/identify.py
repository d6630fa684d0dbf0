"""Which net a set of parameters belongs to, told by their names and shapes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minifcn.models.alexnet import CAFFENET, TORCHVISION
from minifcn.models.backbone import scaled
from minifcn.models.build import LAST_LAYERS, ModelSpec
from minifcn.models.googlenet import BVLC, STEM
from minifcn.models.vgg16 import BLOCKS, FC_CHANNELS
from minifcn.weights.store import WeightsError

Params = Mapping[str, np.ndarray]


def identify(params: Params) -> ModelSpec:
    """Return the description of the net that has these parameters.

    Parameters
    ----------
    params : mapping of address to array
        In our names and layouts. They may be incomplete: a net without its last layers counts as
        the classifier that it was cut from, with the 1000 classes of ImageNet.

    Raises
    ------
    WeightsError
        If they belong to no net of ours.
    """
    backbone, width = _backbone(params)
    arch = _arch(params)
    last = next((f"{n}/weight" for n in ("score_fr", *LAST_LAYERS) if f"{n}/weight" in params), "")
    num_classes = params[last].shape[0] if last else 1000
    fc_channels = _fc_channels(params)
    if fc_channels == scaled(FC_CHANNELS, width):
        fc_channels = None
    return ModelSpec(arch, backbone, num_classes, width, "faithful", fc_channels)


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
        return name, filters("conv1") / variant.filters[0]
    layers = list(dict.fromkeys(address.rpartition("/")[0] for address in params))
    raise WeightsError(
        f"it is none of the nets of minifcn (VGG16, AlexNet, GoogLeNet and FCNs of them): its "
        f"{len(layers)} layers are {', '.join(layers[:4])} ..."
    )


def _arch(params: Params) -> str:
    """Return the architecture: how far it upsamples, by its skips."""
    if "score_fr/weight" not in params:
        return "classifier"
    skips = [name for name in params if name.startswith("score_") and name.endswith("/weight")]
    if any(name.startswith("scale_") for name in params):
        return "fcn8s-at-once"
    return {1: "fcn32s", 2: "fcn16s", 3: "fcn8s"}.get(len(skips), "fcn32s")


def _fc_channels(params: Params) -> int | None:
    """Return the number of filters in fc6, where there is one that tells."""
    return params["fc6/weight"].shape[0] if "fc6/weight" in params else None
