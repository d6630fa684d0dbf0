"""Fully convolutional networks: a backbone, scores, upsampling, and skips (section 4 of the paper).

FCN-32s predicts from the coarsest features and upsamples 32 times in one step. FCN-16s upsamples
the coarse scores only twice, adds scores predicted from a finer layer, and upsamples the sum 16
times; FCN-8s does so once more. Layer names are those of the reference nets, e.g. for VGG16:

    32s   score_fr -> upscore -> score
    16s   score_fr -> upscore2 + score_pool4 = fuse_pool4 -> upscore16 -> score
    8s    ...  fuse_pool4 -> upscore_pool4 + score_pool3 = fuse_pool3 -> upscore8 -> score

All score layers start at zero, so a net with a new skip starts with the coarse scores of the net
without it. Upsampling starts as bilinear interpolation; done in two steps instead of one it cuts
the corners off at the coarse pixels, so the predictions start almost the same.

Another backbone calls its skips after its own layers (`score_inception_4e`) and aligns otherwise:
where its maps lie half a pixel beside VGG16's, the bilinear kernel has 2 f - 1 pixels, not 2 f.

Late fusion (section 5, NYUDv2) has two backbones, one for colour and one for depth; the scores of
both are averaged: score_frcolor, score_frhha -> score_fused. Two heads (SIFT Flow) share a backbone
and have everything behind it twice: score_fr_sem -> upscore_sem -> score_sem, and with _geo. The
first head reads the input `label`, the second `label_geo`; `loss` and `loss_geo` are added up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from minifcn.layers import Conv2d, Crop, Deconv2d, EltwiseMax, EltwiseSum, Scale, SoftmaxLoss
from minifcn.models.backbone import Backbone, NodeList, Tap
from minifcn.net import Net
from minifcn.net.graph import derive_crop, derive_offset

STRIDES = {"fcn32s": 32, "fcn16s": 16, "fcn8s": 8, "fcn8s-at-once": 8}
PADDINGS = ("faithful", "same")
FUSIONS = ("sum", "max")
SKIP_SCALES = ("usual", "one")


def fcn(
    backbone: Backbone,
    arch: str,
    num_classes: int,
    *,
    padding: str = "faithful",
    normalization: str = "valid",
    learn_upsampling: bool = False,
    heads: Mapping[str, int] | None = None,
    fuse: str = "sum",
    skip_scale: str = "usual",
    class_weight: Sequence[float] | None = None,
    sample: float = 1.0,
) -> Net:
    """Return an FCN whose blobs `score` (N, C, H, W) and `loss` belong to an image of any size.

    Parameters
    ----------
    backbone : Backbone
        Built with the same `padding`.
    arch : "fcn32s", "fcn16s", "fcn8s" or "fcn8s-at-once"
    num_classes : int
        C, the background included.
    padding : "faithful" or "same"
        Faithful: deconvolutions without padding, all offsets derived and equal to the reference's.
        Same: deconvolutions that give exactly `stride` times the size (a pixel more with an odd
        kernel), cropped where an odd map was rounded up.
    normalization : "valid", "batch" or "none"
        Of the loss; the learning rate has to fit it.
    learn_upsampling : bool
        Learn the twofold upsampling inside the net, as the paper describes; the reference nets
        keep all upsampling fixed, as here by default. The last one is always fixed.
    heads : mapping of str to int, optional
        Several label maps at once: the name of each and its number of classes, in place of
        `num_classes`. Scores are called `score_NAME`, the losses `loss`, `loss_NAME` ...
    fuse : "sum" or "max"
        How the scores of a skip come to the coarser ones. The paper adds them, having found their
        maximum difficult to learn (section 4.2).
    skip_scale : "usual" or "one"
        Usual: multiply the features of skips by the constants of their taps before they are scored,
        where the reference net or the backbone does. One: nowhere; see `Tap.at_once_scale`.
    class_weight : sequence of float, optional
        Of each class of the first head, in the loss.
    sample : float
        With which probability a pixel counts in the losses, see `SoftmaxLoss`.
    """
    if arch not in STRIDES:
        raise ValueError(f"arch must be one of {', '.join(STRIDES)}, not {arch!r}")
    if padding not in PADDINGS:
        raise ValueError(f"padding must be one of {', '.join(PADDINGS)}, not {padding!r}")
    nodes = [*backbone.nodes]
    if fuse not in FUSIONS:
        raise ValueError(f"fuse must be one of {', '.join(FUSIONS)}, not {fuse!r}")
    if skip_scale not in SKIP_SCALES:
        raise ValueError(f"skip_scale must be one of {', '.join(SKIP_SCALES)}, not {skip_scale!r}")
    for number, (head, classes) in enumerate((heads or {"": num_classes}).items()):
        suffix, first = f"_{head}" if head else "", number == 0
        shape = _Shape(backbone, arch, classes, padding, suffix, fuse, skip_scale)
        score = _add_scores(nodes, shape)
        inputs = (score, "label" if first else f"label{suffix}")
        weights = class_weight if first else None
        loss = SoftmaxLoss(normalization, class_weight=weights, sample=sample)
        nodes.append(("loss" if first else f"loss{suffix}", loss, inputs))

    net = Net(nodes, bias_multiplier=backbone.bias_multiplier)
    # What is new learns by the paper's rule, whatever the backbone's biases do.
    new = [address for address in net.multipliers if fnmatchcase(address, "score*/bias")]
    net.multipliers.update(dict.fromkeys(new, (2.0, 0.0)))
    # The last upsampling is the one behind which the scores are cropped to the image.
    final = [node.bottoms[0] for node in net.nodes if node.bottoms[1:] == ("data",)]
    net.freeze(*(final if learn_upsampling else ["upscore*"]))
    if any(isinstance(node.layer, Scale) for node in net.nodes):
        net.freeze("scale_*")
    return net


class _Shape(NamedTuple):
    """What decides the layers of a head."""

    backbone: Backbone
    arch: str
    num_classes: int
    padding: str
    suffix: str  # of the names of its layers
    fuse: str
    skip_scale: str


def _add_scores(nodes: NodeList, shape: _Shape) -> str:
    """Append everything from the backbone's features to scores of the image's size; return them."""
    top, suffix = shape.backbone.top, shape.suffix
    scores, stride = _add_prediction(nodes, shape, top, "score_fr", "score_fused"), 32
    while stride > STRIDES[shape.arch]:
        stride //= 2
        scores = _add_skip(nodes, shape, scores, shape.backbone.skips[stride])
    last = f"upscore{suffix}" if stride == 32 else f"upscore{stride}{suffix}"
    nodes.append((last, _upsampling(nodes, shape, scores, "data", stride), scores))
    nodes.append((f"score{suffix}", Crop(derive_crop(nodes, last, "data")), (last, "data")))
    return f"score{suffix}"


def _add_prediction(nodes: NodeList, shape: _Shape, tap: Tap, name: str, fused: str) -> str:
    """Append the 1 x 1 convolution that predicts from a tap; with several streams, their mean."""
    streams, scores = shape.backbone.streams, []
    for stream in streams:
        source = f"{tap.blob}{stream}"
        at_once = shape.arch == "fcn8s-at-once" and tap is not shape.backbone.top
        if (at_once or tap.always) and shape.skip_scale == "usual":
            scale = f"scale_{tap.name}{shape.suffix}{stream}"
            nodes.append((scale, Scale(tap.channels, tap.at_once_scale), source))
            source = scale
        scores.append(f"{name}{shape.suffix}{stream}")
        nodes.append((scores[-1], Conv2d(tap.channels, shape.num_classes, 1), source))
    if len(scores) == 1:
        return scores[0]
    mean = EltwiseSum([1 / len(scores)] * len(scores))
    nodes.append((f"{fused}{shape.suffix}", mean, scores))
    return f"{fused}{shape.suffix}"


def _add_skip(nodes: NodeList, shape: _Shape, scores: str, tap: Tap) -> str:
    """Append: upsample the scores twice, predict from the finer tap, align, fuse; return that."""
    suffix = shape.suffix
    above = scores.removesuffix(suffix).removeprefix("fuse_")
    coarse = f"upscore2{suffix}" if above.startswith("score") else f"upscore_{above}{suffix}"
    reference = f"{tap.blob}{shape.backbone.streams[0]}"
    nodes.append((coarse, _upsampling(nodes, shape, scores, reference, 2), scores))
    fine = _add_prediction(nodes, shape, tap, f"score_{tap.name}", f"score_{tap.name}_fused")

    # Without padding fc6 makes the coarse scores the smaller map: they begin inside the skip.
    # Otherwise they are the larger, for poolings are rounded up.
    if derive_offset(nodes, fine, coarse)[0] > 0:
        nodes.append((f"{fine}c", Crop(derive_crop(nodes, fine, coarse)), (fine, coarse)))
        pair = (coarse, f"{fine}c")
    else:
        nodes.append((f"{coarse}c", Crop(derive_crop(nodes, coarse, fine)), (coarse, fine)))
        pair = (f"{coarse}c", fine)
    fusion = EltwiseSum() if shape.fuse == "sum" else EltwiseMax()
    nodes.append((f"fuse_{tap.name}{suffix}", fusion, pair))
    return f"fuse_{tap.name}{suffix}"


def _upsampling(
    nodes: NodeList, shape: _Shape, scores: str, reference: str, factor: int
) -> Deconv2d:
    """Return the upsampling of a head's scores; with padding "same" it is cut."""
    same = shape.padding == "same"
    return upsampling(nodes, shape.num_classes, scores, reference, factor, cut=same)


def upsampling(
    nodes: NodeList, channels: int, scores: str, reference: str, factor: int, *, cut: bool = False
) -> Deconv2d:
    """Return bilinear upsampling of `scores` to the grid of the reference, with stride f.

    The kernel has 2 f pixels, as in the paper, or 2 f - 1 where with 2 f the grids would lie half
    a pixel apart. `cut` makes the map f times as large, or one pixel larger, by a padding of
    (k - f) // 2.

    Parameters
    ----------
    nodes : the nodes of a net up to the scores
    channels : int
        Of the scores.
    scores, reference : str
        Names of nodes, or of an input.
    factor : int
        f.
    cut : bool
    """

    def layer(kernel: int) -> Deconv2d:
        pad = (kernel - factor) // 2 if cut else 0
        return Deconv2d(channels, channels, kernel, stride=factor, pad=pad, bilinear=True)

    even = layer(2 * factor)
    offset, _ = derive_offset([*nodes, ("even", even, scores)], "even", reference)
    return even if offset.denominator == 1 else layer(2 * factor - 1)
