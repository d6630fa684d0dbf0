"""Building a net from a description, and drawing its first weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from pkgutil import resolve_name
from typing import Any

import numpy as np

from minifcn.backend import IGNORE
from minifcn.layers import Conv2d, Dropout, Linear, SoftmaxLoss
from minifcn.models.backbone import SMALL_IMAGE_SIZE, Backbone, BaseNet, late_fusion
from minifcn.models.fcn import FUSIONS, PADDINGS, SKIP_SCALES, STRIDES, fcn
from minifcn.net import Net
from minifcn.system.records import Range, check, fits, setting

# The `BaseNet` of each, imported when it is asked for.
BACKBONES = {
    "vgg16": "minifcn.models.vgg16:VGG16",
    "alexnet": "minifcn.models.alexnet:ALEXNET",
    "alexnet-torchvision": "minifcn.models.alexnet:ALEXNET_TORCHVISION",
    "googlenet": "minifcn.models.googlenet:GOOGLENET",
    "googlenet-torchvision": "minifcn.models.googlenet:GOOGLENET_TORCHVISION",
}
ARCHITECTURES = (*STRIDES, "classifier")
MODALITIES = ("rgb", "rgbd", "hha", "rgb-hha")
STREAMS = {"color": "data", "hha": "hha"}  # of late fusion, and the input of each
SCORE_DEVIATION = 0.01  # of random score layers
# May be missing in a description.
OPTIONAL = ("fc_channels", "fc_kernel", "modality", "heads", "fuse", "skip_scale")


# What a net can be; beyond, no machine holds it.
CHANNELS = Range("1 to 65536", lambda count: 1 <= count <= 1 << 16)
FC_KERNEL = Range("2, 3 or 4; left out it is the published 7", lambda size: size in (2, 3, 4))
WIDTH = Range("above 0 and at most 8", lambda width: 0 < width <= 8)


def _are_heads(heads: dict[str, int]) -> bool:
    return all(
        isinstance(name, str) and name.isidentifier() and fits(count, int) and CHANNELS.holds(count)
        for name, count in heads.items()
    )


@dataclass(frozen=True)
class ModelSpec:
    """Everything that decides the shape of a net; stored with its weights.

    Attributes
    ----------
    arch : "fcn32s", "fcn16s", "fcn8s", "fcn8s-at-once", or "classifier"
    backbone : str
        A key of `BACKBONES`: "vgg16", "alexnet", "googlenet" ...
    num_classes : int
    width : float
        Factor on every channel count of the backbone; 1 is the published net.
    padding : "faithful" or "same"
        See `models.fcn.fcn` and the backbone's function, e.g. `models.vgg16.vgg16_backbone`;
        for a classifier, e.g. `models.vgg16.vgg16`.
    fc_channels : int or None
        Of fc6 and fc7; None for the published 4096 times `width`. GoogLeNet has no such layers.
    modality : "rgb", "rgbd", "hha" or "rgb-hha"
        What an FCN sees: colour; colour and depth in one input of four channels (early fusion);
        depth encoded as HHA; colour and HHA in two streams (late fusion). Section 5, NYUDv2.
    heads : dict of str to int, or None
        The classes of several label maps, by name, the first of which has `num_classes`. Section
        5, SIFT Flow.
    fuse : "sum" or "max"
    skip_scale : "usual" or "one"
        See `models.fcn.fcn`.
    fc_kernel : int or None
        Of an FCN-VGG16's fc6, see `models.vgg16.vgg16_backbone`; None for the published 7.
    """

    arch: str = setting("which layers are predicted from", default="fcn8s", choices=ARCHITECTURES)
    backbone: str = setting("the net it is made of", default="vgg16", choices=BACKBONES)
    num_classes: int = setting("of the main head", default=21, valid=CHANNELS)
    width: float = setting("factor on channel counts", default=1.0, valid=WIDTH)
    padding: str = setting("see `models.fcn.fcn`", default="faithful", choices=PADDINGS)
    fc_channels: int | None = setting("of fc6 and fc7", default=None, valid=CHANNELS)
    modality: str = setting("what the net sees", default="rgb", choices=MODALITIES)
    heads: dict[str, int] | None = setting(
        "classes of several label maps",
        default=None,
        valid=Range("a mapping of names, of letters and digits, to numbers of classes", _are_heads),
    )
    fuse: str = setting("how skips are fused", default="sum", choices=FUSIONS)
    skip_scale: str = setting("see `models.fcn.fcn`", default="usual", choices=SKIP_SCALES)
    fc_kernel: int | None = setting("of fc6", default=None, valid=FC_KERNEL)

    def __post_init__(self) -> None:
        check(ModelSpec, vars(self))
        if self.fc_channels is not None and base_net(self.backbone).fc_channels is None:
            raise ValueError(
                f"fc_channels must not be given for a net without fc6 and fc7, such as "
                f"{self.backbone}"
            )
        if self.fc_kernel is not None and (
            self.arch == "classifier" or self.fc_kernel not in base_net(self.backbone).fc_kernels
        ):
            raise ValueError(
                f"fc_kernel must not be given for a net other than an FCN on VGG16, such as "
                f"{self.arch} on {self.backbone}"
            )
        classes = max([self.num_classes, *(self.heads or {}).values()])
        if self.arch != "classifier" and classes > IGNORE:
            raise ValueError(
                f"an FCN has at most {IGNORE} classes, for a label map says {IGNORE} where nothing "
                f"counts, not {classes}"
            )
        if self.heads and next(iter(self.heads.values())) != self.num_classes:
            raise ValueError(f"the first of {self.heads} must have {self.num_classes} classes")
        if self.arch == "classifier" and (self.heads or self.modality != "rgb"):
            raise ValueError("a classifier takes colour and has one head")

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> ModelSpec:
        """Return the description stored in the attributes of a weight file; other keys are ignored.

        Raises
        ------
        ValueError
            If a field is missing.
        """
        names = cls.__dataclass_fields__
        missing = [name for name in names if name not in fields and name not in OPTIONAL]
        if missing:
            raise ValueError(f"the description of the net lacks {', '.join(missing)}")
        return cls(**{name: fields[name] for name in names if name in fields})


def base_net(name: str) -> BaseNet:
    """Return a net of `BACKBONES`."""
    return resolve_name(BACKBONES[name])


def build(
    spec: ModelSpec,
    *,
    normalization: str = "valid",
    learn_upsampling: bool = False,
    class_weight: Sequence[float] | None = None,
    sample: float = 1.0,
    dropout: float | None = None,
    bias_rate: float | None = None,
) -> Net:
    """Return the net of a description; its weights are zero, but for the bilinear upsampling.

    Parameters
    ----------
    spec : ModelSpec
    normalization : "valid", "batch" or "none"
        Of an FCN's loss; a classifier's is the mean over images.
    learn_upsampling : bool
    class_weight : sequence of float, optional
    sample : float
        See `models.fcn.fcn`, as for the two before.
    dropout : float, optional
        The ratio of all dropout layers, in place of the net's own.
    bias_rate : float, optional
        Factor on the learning rate of all biases, which is 2 otherwise (section 4.3), but 1 for
        AlexNet's own layers.
    """
    net = _build(spec, normalization, learn_upsampling, class_weight, sample)
    for node in net.nodes:
        if dropout is not None and isinstance(node.layer, Dropout):
            node.layer.ratio = dropout
    for address, (rate, decay) in net.multipliers.items():
        if bias_rate is not None and rate and address.endswith("/bias"):
            net.multipliers[address] = (bias_rate, decay)
    return net


def _build(
    spec: ModelSpec,
    normalization: str,
    learn_upsampling: bool,
    class_weight: Sequence[float] | None,
    sample: float,
) -> Net:
    base = base_net(spec.backbone)
    options: dict[str, Any] = {"padding": spec.padding}
    if spec.fc_channels is not None:
        options["fc_channels"] = spec.fc_channels
    if spec.fc_kernel is not None:
        options["fc_kernel"] = spec.fc_kernel
    if spec.arch == "classifier":
        return base.classifier(spec.num_classes, width=spec.width, **options)
    if spec.modality == "rgbd":
        options["in_channels"] = 4

    def make() -> Backbone:
        return base.backbone(spec.width, **options)

    backbone = late_fusion(make, STREAMS) if spec.modality == "rgb-hha" else make()
    return fcn(
        backbone,
        spec.arch,
        spec.num_classes,
        padding=spec.padding,
        normalization=normalization,
        learn_upsampling=learn_upsampling,
        heads=spec.heads,
        fuse=spec.fuse,
        skip_scale=spec.skip_scale,
        class_weight=class_weight,
        sample=sample,
    )


def initialise(net: Net, seed: int = 0, *, random_scores: bool = False) -> None:
    """Draw the weights of all convolutions and inner products; the last layers stay at zero.

    weight ~ normal(0, 2 / fan_in)  (He et al. 2015), which keeps the size of activations through
    rectified layers. The paper starts its score layers at zero, having found random ones neither
    better nor faster (section 4.1); a classifier's last layer starts so as well.

    Parameters
    ----------
    net : Net
        Changed in place; the arrays are drawn on the host, in the order of the layers.
    seed : int
    random_scores : bool
        Draw those of an FCN's score layers too, with the standard deviation 0.01 of the
        classifiers' last layers in Caffe.
    """
    rng = np.random.default_rng(seed)
    last = {node.bottoms[0] for node in net.nodes if isinstance(node.layer, SoftmaxLoss)}
    for name, layer in net.owners().items():
        scores = name.startswith("score")
        if isinstance(layer, (Conv2d, Linear)) and (random_scores if scores else name not in last):
            weight = layer.params["weight"]
            fan_in = weight[0].size
            drawn = rng.standard_normal(weight.shape, dtype=np.float32)
            drawn *= SCORE_DEVIATION if scores else sqrt(2 / fan_in)  # in place: fc6 has 411 MB
            layer.params["weight"] = drawn.astype(weight.dtype, copy=False)


def image_size(spec: ModelSpec) -> int:
    """Return the pixels, each way, of the images that a classifier takes."""
    if spec.padding == "same":
        return SMALL_IMAGE_SIZE
    return base_net(spec.backbone).image_size
