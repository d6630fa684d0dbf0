"""What a classifier says of itself, and what an FCN needs to know that is built on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from minifcn.layers import Layer, SoftmaxLoss
from minifcn.net import Net

NodeList = list[tuple[str, Layer, str | Sequence[str]]]
SMALL_IMAGE_SIZE = 64  # pixels, each way, that every classifier with padding "same" takes


class Tap(NamedTuple):
    """A blob that scores are predicted from.

    Attributes
    ----------
    blob : str
    channels : int
    at_once_scale : float
        Factor on the features of a skip in at-once training, so that all streams are about as
        large as the coarsest.
    always : bool
        Scale them in FCN-16s and 8s that are trained in stages too. VGG16's are not: the paper
        lowers the rate of each stage instead.
    """

    blob: str
    channels: int
    at_once_scale: float = 1.0
    always: bool = False

    @property
    def name(self) -> str:
        """What the layers of a skip are called after: "inception_4e" for "inception_4e/output"."""
        return self.blob.partition("/")[0]


class Backbone(NamedTuple):
    """A classifier made fully convolutional, up to where its scores would be.

    Attributes
    ----------
    nodes : list of (name, layer, bottoms)
    top : Tap
        The coarsest features, at stride 32.
    skips : dict from stride to Tap
        Finer features for the skips: VGG16's pool4 at stride 16 and pool3 at stride 8.
    bias_multiplier : (float, float)
        Rate and decay multiplier of the backbone's biases.
    streams : tuple of str
        For late fusion: what the names of each stream's nodes end in. The taps are called without.
    """

    nodes: NodeList
    top: Tap
    skips: dict[int, Tap]
    bias_multiplier: tuple[float, float] = (2.0, 0.0)
    streams: tuple[str, ...] = ("",)


class BaseNet(NamedTuple):
    """A net that can be built by its name: what a file adds to `build.BACKBONES`.

    Attributes
    ----------
    backbone : callable
        `backbone(width, *, padding, in_channels)` returns a new `Backbone`.
    classifier : callable
        `classifier(num_classes, *, width, padding)` returns a new `Net`.
    image_size : int
        Pixels, each way, of the images that the published classifier takes.
    last_layer : str
        The classifier's, which gives the scores of the classes.
    fc_channels : int or None
        The published channels of fc6 and fc7; both callables then take `fc_channels` as well.
        None: the net has no such layers.
    fc_kernels : tuple of int
        What `backbone` takes as `fc_kernel`, other than the published size of fc6.
    rate_factor : float
        Times VGG16's learning rates. The paper's line search found 1e-3 for AlexNet, 1e-4 for
        VGG16 and 5e-5 for GoogLeNet (section 4.3; printed as 5 to the power of -5).
    """

    backbone: Callable[..., Backbone]
    classifier: Callable[..., Net]
    image_size: int = 224
    last_layer: str = "fc8"
    fc_channels: int | None = None
    fc_kernels: tuple[int, ...] = ()
    rate_factor: float = 1.0


def late_fusion(make: Callable[[], Backbone], inputs: Mapping[str, str]) -> Backbone:
    """Return several copies of a backbone side by side, each with an input of its own (section 5).

    Their layers are called as in the reference's nyud-fcn32s-color-hha: conv1_1color, conv1_1hha.

    Parameters
    ----------
    make : callable
        Returns a new backbone, with layers of its own.
    inputs : mapping of str to str
        The input of each stream, by what its names end in: {"color": "data", "hha": "hha"}.
    """
    nodes: NodeList = []
    for suffix, source in inputs.items():
        for name, layer, bottoms in make().nodes:
            names = [bottoms] if isinstance(bottoms, str) else bottoms
            read = [source if bottom == "data" else bottom + suffix for bottom in names]
            nodes.append((name + suffix, layer, read))
    return make()._replace(nodes=nodes, streams=tuple(inputs))


def scaled(channels: int, width: float) -> int:
    """Return a channel count times the width multiplier, at least 1."""
    return max(1, round(channels * width))


def chain(bottom: str, layers: Sequence[tuple[str, Layer]]) -> NodeList:
    """Return the nodes of named layers each of which reads the one before, the first `bottom`."""
    nodes: NodeList = []
    for name, layer in layers:
        nodes.append((name, layer, bottom))
        bottom = name
    return nodes


def classifier_loss() -> SoftmaxLoss:
    """Return the mean loss of images; each has a class, and 255 is one of ImageNet's."""
    return SoftmaxLoss("valid", ignore_index=-1)
