"""A trained FCN-32s with finer scores and less upsampling."""

import numpy as np
import pytest
from helpers.cases import inner, normal, wave
from helpers.drawn import draw_all
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.inference.tiles import find_overlap, tiles
from minifcn.models import ModelSpec, build
from minifcn.models.dense import Extend, dense
from minifcn.net import Net
from minifcn.net.memory import inference_bytes


def fcn(backbone: str = "googlenet", padding: str = "same", arch: str = "fcn32s", **how) -> Net:
    return draw_all(build(ModelSpec(arch, backbone, 3, 1 / 32, padding, **how)), dtype=np.float64)


def scores(net: Net, image: np.ndarray, name: str = "score", **others: np.ndarray) -> np.ndarray:
    return net.forward({"data": image, **others}, outputs=[name])[0][name]


IMAGE = 20 * normal(1, 1, 3, 45, 70)


@pytest.mark.parametrize("padding", ["faithful", "same"])
@pytest.mark.parametrize("backbone", ["vgg16", "alexnet", "googlenet", "googlenet-torchvision"])
def test_both_ways_come_to_the_same_and_at_stride_32_to_the_net_itself(backbone, padding):
    net = fcn(backbone, padding)
    np.testing.assert_array_equal(scores(dense(net, 32), IMAGE), scores(net, IMAGE))
    rarefied, stitched = (scores(dense(net, 8, method), IMAGE) for method in ("rarefy", "stitch"))
    assert rarefied.shape == (1, 3, 45, 70)
    np.testing.assert_allclose(stitched, rarefied, rtol=0, atol=1e-12 * abs(rarefied).max())
    assert abs(rarefied - scores(net, IMAGE)).max() > 0.01 * abs(rarefied).max()


@pytest.mark.parametrize("stride", [16, 4, 1])
def test_on_the_coarse_scores_pixels_nothing_changes(stride):
    # GoogLeNet's scores lie on pixels, the first on pixel 30, and upsampling leaves them as they
    # are: a shift of the dense scores by one would show here.
    net, image = fcn(padding="faithful"), 20 * normal(1, 1, 3, 130, 100)
    before, behind = (
        scores(each, image)[..., 30::32, 30::32] for each in (net, dense(net, stride))
    )
    np.testing.assert_allclose(behind, before, rtol=0, atol=1e-12 * abs(before).max())


@pytest.mark.parametrize(
    ("how", "names"),
    [
        ({"heads": {"sem": 3, "geo": 2}}, ["score_sem", "score_geo"]),
        ({"modality": "rgb-hha"}, ["score"]),
    ],
)
def test_all_heads_and_streams_are_made_dense(how, names):
    net, hha = fcn(**how), 20 * normal(2, 1, 3, 45, 70)
    for method in ("rarefy", "stitch"):
        made = dense(net, 16, method)
        assert {name for name in made.outputs} == {n for n in net.outputs}
        for name in names:
            others = {"hha": hha} if "modality" in how else {}
            assert scores(made, IMAGE, name, **others).shape[2:] == (45, 70)


@settings(max_examples=60)
@given(
    st.tuples(st.integers(1, 130), st.integers(1, 130)),
    st.sampled_from([16, 8, 4, 2, 1]),
    st.sampled_from(["vgg16", "alexnet"]),
    st.sampled_from(["faithful", "same"]),
)
def test_dense_scores_cover_an_image_of_any_size(size, stride, backbone, padding):
    made = dense(SHAPED[backbone, padding], stride)
    assert made.shapes(data=(1, 3, *size))["score"] == (1, 3, *size)


SHAPED = {(b, p): fcn(b, p) for b in ("vgg16", "alexnet") for p in ("faithful", "same")}


@pytest.mark.parametrize("method", ["rarefy", "stitch"])
def test_in_tiles_they_are_those_of_the_whole_image(method):
    net = dense(fcn("googlenet-torchvision"), 16, method)
    image = 20 * normal(1, 1, 3, 440, 40)
    overlap = find_overlap(net, ["score"])
    assert overlap is not None
    whole, pieces = scores(net, image), np.empty((1, 3, 440, 40))
    cut = list(tiles((440, 40), overlap.smallest(), overlap))
    assert len(cut) > 1
    for tile in cut:
        seen = scores(net, image[(..., *tile.seen)])
        pieces[(..., *tile.kept)] = seen[(..., *tile.inner)]
    np.testing.assert_allclose(pieces, whole, rtol=0, atol=1e-11 * abs(whole).max())


def test_stitching_takes_the_memory_of_a_run_and_rarefying_that_of_larger_maps():
    net = build(ModelSpec("fcn32s", "vgg16", 3, 1 / 4, "same"))
    shapes = {"data": (1, 3, 320, 320)}
    coarse, stitched, rarefied = (
        inference_bytes(each, ["score"], shapes)
        for each in (net, dense(net, 8, "stitch"), dense(net, 8))
    )
    assert 0.95 * coarse < stitched < 1.5 * coarse
    assert rarefied > stitched


def test_the_dense_net_has_a_loss_and_its_new_upsampling_is_fixed():
    net = fcn("vgg16")
    made = dense(net, 8)
    assert made.multipliers["upscore8/weight"] == (0.0, 0.0)
    assert made.multipliers["fc6/bias"] == net.multipliers["fc6/bias"]
    label = np.zeros((1, 45, 70), int)
    outputs, tape = made.forward(
        {"data": IMAGE, "label": label}, train=True, rng=np.random.default_rng(0)
    )
    gradients = dict(made.backward(tape))
    assert outputs["loss"] > 0 and abs(gradients["conv1_1/weight"]).max() > 0
    assert "upscore8/weight" not in gradients


@given(st.integers(0, 3), st.tuples(st.integers(1, 4), st.integers(1, 4)))
def test_repeated_rows_and_columns_give_back_the_sum_of_their_gradients(pad, size):
    layer, x = Extend(pad), wave(1, 2, 3, *size)
    y, cache = layer.forward(x)
    assert y.shape == layer.output_shape(x.shape)
    rows, columns = (np.clip(np.arange(n + 2 * pad) - pad, 0, n - 1) for n in size)
    np.testing.assert_array_equal(y, x[:, :, rows][:, :, :, columns])
    dy = wave(2, *y.shape)
    dx, grads = layer.backward(dy, cache)
    assert dx.shape == x.shape and grads == {}
    z = wave(3, *x.shape)
    assert inner(layer.forward(z)[0], dy) == pytest.approx(inner(z, dx), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("net", "stride", "method", "message"),
    [
        (
            fcn(arch="fcn8s"),
            8,
            "rarefy",
            r"has skips \(upscore2 upsamples for one\); only an FCN-32s",
        ),
        (fcn(arch="classifier"), 8, "rarefy", "no FCN: loss3/classifier is not upsampled"),
        (fcn(), 5, "stitch", "has a value every 2 pixels, .* one every 5"),
        (fcn(), 64, "rarefy", "score_fr has a value every 32 pixels, .* one every 64"),
        (fcn(), 8, "dilate", "by rarefy or stitch, not by 'dilate'"),
    ],
)
def test_what_cannot_be_made_dense_is_refused(net, stride, method, message):
    with pytest.raises(ValueError, match=message):
        dense(net, stride, method)
