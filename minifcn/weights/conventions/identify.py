"""Which net a set of parameters belongs to, told by their names and shapes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from minifcn.models.alexnet import CAFFENET, TORCHVISION
from minifcn.models.backbone import scaled
from minifcn.models.build import LAST_LAYERS, STREAMS, ModelSpec
from minifcn.models.googlenet import BVLC, STEM
from minifcn.models.vgg16 import BLOCKS, FC_CHANNELS
from minifcn.weights.store import WeightsError

Params = Mapping[str, np.ndarray]

COLOR, HHA = STREAMS
_FIRST = ("conv1_1", "conv1/7x7_s2", "conv1")
# The scores predicted at stride 8, of each backbone.
_FINEST = ("score_pool3", "score_inception_3b", "score_relu2")


def identify(params: Params, modality: str = "rgb") -> ModelSpec:
    """Return the description of the net that has these parameters.

    Parameters
    ----------
    params : mapping of address to array
        In our names and layouts. They may be incomplete: a net without its last layers counts as
        the classifier that it was cut from, with the 1000 classes of ImageNet.
    modality : "rgb" or "hha"
        What a net of three channels sees; four channels are colour and depth, two streams colour
        and HHA.

    Raises
    ------
    WeightsError
        If they belong to no net of ours.
    """
    one = {a.replace(f"{COLOR}/", "/"): p for a, p in params.items() if f"{HHA}/" not in a}
    if len(one) < len(params):
        modality = "rgb-hha"
    backbone, width = _backbone(one)
    channels = next(one[f"{n}/weight"].shape[1] for n in _FIRST if f"{n}/weight" in one)
    fc_channels = one["fc6/weight"].shape[0] if "fc6/weight" in one else None
    if fc_channels == scaled(FC_CHANNELS, width):
        fc_channels = None
    heads = {
        name.removeprefix("score_fr_").removesuffix("/weight"): weight.shape[0]
        for name, weight in one.items()
        if name.startswith("score_fr_") and name.endswith("/weight")
    }
    last = next(
        (n for n in (f"{name}/weight" for name in ("score_fr", *LAST_LAYERS)) if n in one), ""
    )
    num_classes = next(iter(heads.values()), one[last].shape[0] if last else 1000)
    try:
        return ModelSpec(
            _arch(one),
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


def _arch(params: Params) -> str:
    """Return the architecture: which skips there are, and whether their features are scaled."""
    layers = {address.rpartition("/")[0] for address in params}
    if not any(layer.startswith("score_fr") for layer in layers):
        return "classifier"
    if any(layer.startswith("scale_") for layer in layers):
        return "fcn8s-at-once"
    if any(layer.startswith(_FINEST) for layer in layers):
        return "fcn8s"
    return (
        "fcn16s"
        if any(layer.startswith("score_") and not layer.startswith("score_fr") for layer in layers)
        else "fcn32s"
    )
