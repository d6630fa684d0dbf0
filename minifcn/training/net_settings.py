"""The settings of a training that say which net is trained, and what it starts from."""

from __future__ import annotations

from dataclasses import dataclass

from minifcn.models.build import BACKBONES, CHANNELS, FC_KERNEL, MODALITIES, WIDTH, ModelSpec
from minifcn.models.fcn import FUSIONS, PADDINGS, SKIP_SCALES, STRIDES
from minifcn.system.records import setting
from minifcn.training.option_groups import NET, RARE
from minifcn.training.values import MEAN, mean_of


@dataclass(frozen=True, kw_only=True)
class NetSettings:
    """The net, and what it starts from; a part of `options.Settings`."""

    arch: str = setting(
        "which net: predictions every 32, 16 or 8 pixels, and which layers they are made from",
        NET,
        "fcn8s",
        choices=STRIDES,
    )
    backbone: str = setting(
        "the classifier that the net is made of",
        NET,
        "vgg16",
        otherwise="as the weights', or vgg16",
        choices=sorted(BACKBONES),
    )
    width: float = setting(
        "a factor on all channel counts; 1 is the paper's net",
        NET,
        0.125,
        otherwise="as the weights', or 0.125",
        valid=WIDTH,
        metavar="FACTOR",
    )
    fc_channels: int | None = setting(
        "the channels of fc6 and fc7", RARE, None, otherwise="4096 x width", valid=CHANNELS
    )
    fc_kernel: int | None = setting(
        "the size of VGG16's fc6, spread over the 7 x 7 pixels of the published one; 3 has a fifth "
        "of its weights",
        RARE,
        None,
        otherwise="as the weights', or 7",
        valid=FC_KERNEL,
        metavar="SIZE",
        added=True,
    )
    padding: str = setting(
        "faithful: pad images by 100 pixels, as the paper; same: by as little as needed",
        RARE,
        otherwise="by the data set",
        choices=PADDINGS,
    )
    modality: str = setting(
        "what the net sees: colour, with depth as fourth channel, HHA, or both in two streams",
        NET,
        "rgb",
        choices=MODALITIES,
    )
    weights: str = setting(
        "what to start from: a weight file, a run's folder, 'shipped' (the small classifier that "
        "comes along) or 'none' (random weights)",
        NET,
        "shipped",
        metavar="FILE",
    )
    weights_hha: str | None = setting(
        "what the HHA stream of --modality rgb-hha starts from",
        RARE,
        None,
        otherwise="as --weights",
        metavar="FILE",
    )
    score_init: str = setting(
        "what new score layers begin with: zeros, as the paper's, or random weights",
        RARE,
        "zero",
        choices=("zero", "random"),
        added=True,
    )
    mean: str | list[float] = setting(
        "what is subtracted from images: the mean that belongs to the 'weights', the authors' for "
        "this data set ('reference'), or B,G,R; of a net that sees only HHA D,H,A",
        RARE,
        otherwise="by the data set",
        valid=MEAN,
        type=mean_of,
    )
    fuse: str = setting(
        "how the scores of a skip come to the coarser ones: by their sum, or the larger counts",
        RARE,
        "sum",
        choices=FUSIONS,
        added=True,
    )
    skip_scale: str = setting(
        "usual: multiply features of skips by small constants where the net does, such as 0.01 and "
        "0.0001 in fcn8s-at-once; one: leave them as they are",
        RARE,
        "usual",
        choices=SKIP_SCALES,
        added=True,
    )
    learn_upsampling: bool = setting(
        "learn the twofold upsampling of the skips, which else stays bilinear", RARE, False
    )

    def spec(self, num_classes: int, heads: dict[str, int] | None = None) -> ModelSpec:
        """Return the description of the net for so many classes, or for several heads."""
        net = (self.width, self.padding, self.fc_channels, self.modality)
        skips = (self.fuse, self.skip_scale)
        return ModelSpec(self.arch, self.backbone, num_classes, *net, heads, *skips, self.fc_kernel)
