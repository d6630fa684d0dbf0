"""Staged training: each net starts where the one before it ended (section 4.2 of the paper)."""

import numpy as np
import pytest
from helpers.drawn import draw_all, image

from minifcn.layers import Deconv2d
from minifcn.models import ModelSpec, build, initialise
from minifcn.models.fcn import STRIDES
from minifcn.net import Net
from minifcn.weights.surgery import transplant


def narrow(arch: str, backbone: str = "vgg16", padding: str = "faithful") -> Net:
    return build(ModelSpec(arch, backbone, num_classes=4, width=1 / 64, padding=padding))


def next_stage(trained: Net, net: Net) -> Net:
    """Give the next net the weights of a trained one."""
    initialise(net, seed=9)
    transplant(
        net.params,
        trained.params,
        may_be_missing=["score_[!f]*", "upscore*", "scale_*"],  # the new skip, not score_fr
        may_be_unexpected=["upscore*"],
    )
    return net


STAGES = [
    ("fcn32s", "fcn16s", "fuse_pool4", "upscore2", "score_fr"),
    ("fcn16s", "fcn8s", "fuse_pool3", "upscore_pool4", "fuse_pool4"),
]


@pytest.mark.parametrize(("before", "after", "fused", "upsampled", "scores"), STAGES)
def test_a_stage_starts_with_the_scores_of_the_stage_before(
    before, after, fused, upsampled, scores
):
    old = draw_all(narrow(before))
    new = next_stage(old, narrow(after))
    data = {"data": image(1, 3, 70, 90).astype(np.float32)}
    expected = old.forward(data, outputs=[scores])[0][scores]
    found, _ = new.forward(data, outputs=[scores, upsampled, fused])
    assert expected.any()
    np.testing.assert_array_equal(found[scores], expected)
    np.testing.assert_array_equal(found[fused], found[upsampled])


@pytest.mark.parametrize(("before", "after", "fused", "upsampled", "scores"), STAGES)
def test_a_stage_starts_with_the_predictions_of_the_stage_before_but_for_cut_corners(
    before, after, fused, upsampled, scores
):
    # Interpolating 2 times and then f times draws a straight line between a quarter pixel before
    # and after each coarse pixel, where interpolating 2 f times has its corner. Nothing else may
    # differ; so this also says that both nets lay the coarse scores on the same place.
    stride = STRIDES[before]
    old = draw_all(narrow(before))
    data = {"data": image(1, 3, 150, 170).astype(np.float32)}
    expected = old.forward(data, outputs=["score"])[0]["score"]
    found = next_stage(old, narrow(after)).forward(data, outputs=["score"])[0]["score"]

    last = [node.layer for node in old.nodes if isinstance(node.layer, Deconv2d)][-1]
    centre = (last.window.kernel_size[0] - 1) / 2 - old.layer("score").offset[0]
    clear = [
        np.abs((positions - centre) / stride - np.round((positions - centre) / stride)) >= 0.25
        for positions in map(np.arange, expected.shape[2:])
    ]
    both = clear[0][:, None] & clear[1]
    assert 0.2 < both.mean() < 0.3
    np.testing.assert_allclose(found[..., both], expected[..., both], rtol=1e-4, atol=1e-5)
    assert np.abs(found - expected).max() > 1e-3 * np.abs(expected).max()


@pytest.mark.parametrize("padding", ["faithful", "same"])
@pytest.mark.parametrize(
    ("backbone", "before", "after"),
    [
        ("alexnet", "fcn32s", "fcn16s"),
        ("alexnet", "fcn16s", "fcn8s"),
        ("googlenet", "fcn32s", "fcn16s"),
        ("googlenet", "fcn16s", "fcn8s"),
        ("googlenet-torchvision", "fcn16s", "fcn8s"),
    ],
)
def test_where_the_grids_lie_on_each_other_not_even_corners_are_cut(
    backbone, before, after, padding
):
    # A coarse pixel then lies on a fine one, and interpolating twice is interpolating once. Only
    # behind the last coarse pixel, where the skip may be the smaller map, less is extrapolated.
    old = draw_all(narrow(before, backbone, padding))
    data = {"data": image(1, 3, 150, 171).astype(np.float32)}
    expected = old.forward(data, outputs=["score"])[0]["score"]
    new = next_stage(old, narrow(after, backbone, padding))
    found = new.forward(data, outputs=["score"])[0]["score"]
    assert expected[..., 60:120, 60:120].std() > 0
    np.testing.assert_allclose(
        found[..., :120, :120], expected[..., :120, :120], rtol=1e-4, atol=1e-5
    )
