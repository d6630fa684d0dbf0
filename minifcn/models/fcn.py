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
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from minifcn.graph import derive_crop, derive_offset
from minifcn.layers import Conv2d, Crop, Deconv2d, EltwiseSum, Scale, SoftmaxLoss
from minifcn.models.backbone import Backbone, NodeList
from minifcn.net import Net

STRIDES = {"fcn32s": 32, "fcn16s": 16, "fcn8s": 8, "fcn8s-at-once": 8}
PADDINGS = ("faithful", "same")


def fcn(
    backbone: Backbone,
    arch: str,
    num_classes: int,
    *,
    padding: str = "faithful",
    normalization: str = "valid",
    learn_upsampling: bool = False,
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
    """
    if arch not in STRIDES:
        raise ValueError(f"arch must be one of {', '.join(STRIDES)}, not {arch!r}")
    if padding not in PADDINGS:
        raise ValueError(f"padding must be one of {', '.join(PADDINGS)}, not {padding!r}")
    nodes = [*backbone.nodes]
    nodes.append(("score_fr", Conv2d(backbone.top.channels, num_classes, 1), backbone.top.blob))
    scores, stride = "score_fr", 32
    while stride > STRIDES[arch]:
        stride //= 2
        scores = _add_skip(nodes, backbone, scores, stride, arch, num_classes, padding)

    last = "upscore" if stride == 32 else f"upscore{stride}"
    nodes.append((last, _upsampling(nodes, scores, "data", stride, num_classes, padding), scores))
    nodes.append(("score", Crop(derive_crop(nodes, last, "data")), (last, "data")))
    nodes.append(("loss", SoftmaxLoss(normalization), ("score", "label")))

    net = Net(nodes, bias_multiplier=backbone.bias_multiplier)
    # What is new learns by the paper's rule, whatever the backbone's biases do.
    new = [address for address in net.multipliers if fnmatchcase(address, "score*/bias")]
    net.multipliers.update(dict.fromkeys(new, (2.0, 0.0)))
    net.freeze(last if learn_upsampling else "upscore*")
    if arch == "fcn8s-at-once":
        net.freeze("scale_*")
    return net


def _add_skip(
    nodes: NodeList,
    backbone: Backbone,
    scores: str,
    stride: int,
    arch: str,
    num_classes: int,
    padding: str,
) -> str:
    """Append: upsample the scores twice, predict from the finer tap, align, add. Return the sum."""
    tap = backbone.skips[stride]
    coarse = "upscore2" if scores == "score_fr" else f"upscore_{scores.removeprefix('fuse_')}"
    upsampling = _upsampling(nodes, scores, tap.blob, 2, num_classes, padding)
    nodes.append((coarse, upsampling, scores))
    source = tap.blob
    if arch == "fcn8s-at-once":
        source = f"scale_{tap.name}"
        nodes.append((source, Scale(tap.channels, tap.at_once_scale), tap.blob))
    fine = f"score_{tap.name}"
    nodes.append((fine, Conv2d(tap.channels, num_classes, 1), source))

    # Without padding fc6 makes the coarse scores the smaller map: they begin inside the skip.
    # Otherwise they are the larger, for poolings are rounded up.
    if derive_offset(nodes, fine, coarse)[0] > 0:
        nodes.append((f"{fine}c", Crop(derive_crop(nodes, fine, coarse)), (fine, coarse)))
        pair = (coarse, f"{fine}c")
    else:
        nodes.append((f"{coarse}c", Crop(derive_crop(nodes, coarse, fine)), (coarse, fine)))
        pair = (f"{coarse}c", fine)
    nodes.append((f"fuse_{tap.name}", EltwiseSum(), pair))
    return f"fuse_{tap.name}"


def _upsampling(
    nodes: NodeList, scores: str, reference: str, factor: int, channels: int, padding: str
) -> Deconv2d:
    """Return bilinear upsampling of `scores` to the grid of the reference, with stride f.

    The kernel has 2 f pixels, as in the paper, or 2 f - 1 where with 2 f the grids would lie half
    a pixel apart. Padding of (k - f) // 2 makes the map f times as large, or one pixel larger.
    """

    def layer(kernel: int) -> Deconv2d:
        pad = (kernel - factor) // 2 if padding == "same" else 0
        return Deconv2d(channels, channels, kernel, stride=factor, pad=pad, bilinear=True)

    even = layer(2 * factor)
    offset, _ = derive_offset([*nodes, ("even", even, scores)], "even", reference)
    return even if offset.denominator == 1 else layer(2 * factor - 1)
