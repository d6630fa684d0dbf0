"""Section 3.2: rarefied nets and stitched shifts have the same numbers, edges included."""

from collections.abc import Callable
from math import prod

import numpy as np
import pytest
from helpers.cases import normal
from helpers.drawn import draw_all
from helpers.nets import chained, randomise
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from minifcn.layers import (
    LRN,
    AvgPool2d,
    Concat,
    Conv2d,
    Deconv2d,
    Dropout,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
)
from minifcn.models import ModelSpec, build
from minifcn.net import Net
from minifcn.net.rarefy import rarefy
from minifcn.net.stitch import Stitch, shift_and_stitch

BACKBONES = ("vgg16", "alexnet", "alexnet-torchvision", "googlenet", "googlenet-torchvision")


def run(net: Net, image: np.ndarray, output: str) -> np.ndarray:
    return net.forward({"data": image}, outputs=[output])[0][output]


def fcn32s(backbone: str, padding: str) -> Net:
    return draw_all(build(ModelSpec("fcn32s", backbone, 3, 1 / 32, padding)), dtype=np.float64)


@st.composite
def nets(draw: st.DrawFn, *, padded: bool) -> tuple[Net, tuple[int, ...]]:
    """Draw a net of three layers with windows, and their strides."""
    layers: dict[str, Layer] = {}
    strides = draw(st.sampled_from([(1, 2, 2), (2, 1, 3), (3, 2, 1), (2, 2, 2), (1, 1, 4)]))
    for number, stride in enumerate(strides):
        kind = draw(st.sampled_from([Conv2d, MaxPool2d, AvgPool2d]))
        kernel = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
        # A strided pooling with padding cannot be shifted, and none of our nets has one.
        may = padded and (kind is Conv2d or stride == 1)
        pad = tuple(draw(st.integers(0, k - 1)) if may else 0 for k in kernel)
        if kind is Conv2d:
            layer: Layer = Conv2d(2, 2, kernel, stride=stride, pad=pad)
        else:
            layer = kind(kernel, stride=stride, pad=pad, ceil=draw(st.booleans()))
        layers[f"layer{number}"] = layer
    return chained(**layers), strides


VANISHED = ("does not fit", "at least one pixel", "padding only")


def possible(compute: Callable[[], np.ndarray]) -> np.ndarray:
    """Return what is computed; leave out examples whose maps, or those of a shift, vanish."""
    try:
        return compute()
    except ValueError as error:
        assume(not any(said in str(error) for said in VANISHED))
        raise


images = st.tuples(st.integers(3, 24), st.integers(3, 24)).map(lambda size: normal(1, 1, 2, *size))


@settings(max_examples=60)
@given(nets(padded=True), images, st.integers(0, 2))
def test_a_dense_net_has_the_coarse_values_and_those_of_the_shifts(drawn, image, kept):
    net, strides = drawn
    stride = prod(strides[:kept])  # of the first layers; the others lose theirs
    f = prod(strides) // stride
    coarse = possible(lambda: run(net, image, "layer2"))
    dense = possible(lambda: run(rarefy(net, stride, ["layer2"]), image, "layer2"))
    np.testing.assert_allclose(dense[..., ::f, ::f], coarse, rtol=1e-10, atol=1e-10)
    stitched = possible(lambda: shift_and_stitch(net, {"data": image}, stride, "layer2"))
    np.testing.assert_allclose(stitched, dense, rtol=1e-10, atol=1e-10)


@settings(max_examples=60)
@given(nets(padded=False), images)
def test_without_padding_the_shifts_are_those_of_the_image(drawn, image):
    net, strides = drawn
    dense = possible(lambda: run(rarefy(net, 1, ["layer2"]), image, "layer2"))
    f = prod(strides)
    for a, b in np.ndindex(min(f, dense.shape[2]), min(f, dense.shape[3])):
        shifted = run(net, image[:, :, a:, b:], "layer2")
        np.testing.assert_allclose(dense[:, :, a::f, b::f], shifted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("padding", ["faithful", "same"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_paper_s_nets_rarefied_are_their_stitched_shifts(backbone, padding):
    net, image = fcn32s(backbone, padding), 20 * normal(1, 1, 3, 45, 70)
    coarse = run(net, image, "score_fr")
    for stride in (16, 4):
        dense = rarefy(net, stride)
        scores, step = run(dense, image, "score_fr"), 32 // stride
        largest = abs(scores).max()
        assert abs(scores[..., ::step, ::step] - coarse).max() < 1e-12 * largest
        stitched = shift_and_stitch(net, {"data": image}, stride)
        assert abs(stitched - scores).max() < 1e-12 * largest
        before, behind = (n.receptive_fields()["score_fr"] for n in (net, dense))
        assert (behind.size, behind.stride) == (before.size, stride)


def test_where_no_edge_is_seen_the_shifts_are_those_of_the_image():
    net, image = fcn32s("googlenet-torchvision", "same"), 20 * normal(1, 1, 3, 450, 470)
    dense = run(rarefy(net, 16), image, "score_fr")[:, :, 1::2, 1::2]  # shifted by 16 pixels
    shifted = run(net, image[:, :, 16:, 16:], "score_fr")
    extent, _, pad = (field[0] for field in Stitch(net, 16).footprint()[:3])

    def inside(size: int) -> slice:
        begins = [16 + 32 * i - pad for i in range(dense.shape[2])]
        kept = [i for i, begin in enumerate(begins) if begin >= 16 and begin + extent <= size]
        return slice(kept[0], kept[-1] + 1)

    rows, columns = inside(450), inside(470)
    np.testing.assert_allclose(
        dense[..., rows, columns], shifted[..., rows, columns], rtol=1e-9, atol=1e-9
    )
    assert abs(dense[..., 0, 0] - shifted[..., 0, 0]).max() > 1e-6  # the edge is another


@pytest.mark.parametrize("backbone", ["vgg16", "alexnet"])
def test_gradients_at_the_coarse_values_are_those_of_the_coarse_net(backbone):
    net, image = fcn32s(backbone, "same"), 20 * normal(1, 1, 3, 45, 70)
    for layer in net.needed(["score_fr"]):
        if isinstance(layer.layer, Dropout):
            layer.layer.ratio = 0.0
    coarse, dense = run(net, image, "score_fr"), rarefy(net, 8)
    dy = normal(2, *coarse.shape)
    spread = np.zeros(dense.shapes(data=image.shape)["score_fr"])
    spread[..., ::4, ::4] = dy
    gradients = []
    for each, seed in ((net, dy), (dense, spread)):
        _, tape = each.forward(
            {"data": image},
            outputs=["score_fr"],
            train=True,
            wrt=["data"],
            rng=np.random.default_rng(0),
        )
        gradients.append(dict(each.backward(tape, {"score_fr": seed})))
    assert gradients[0].keys() == gradients[1].keys() > {"data", "fc6/weight"}
    for name, gradient in gradients[0].items():
        largest = abs(gradient).max()
        np.testing.assert_allclose(gradients[1][name], gradient, rtol=0, atol=1e-11 * largest)


def test_a_rarefied_net_computes_with_the_net_s_own_parameters():
    net = fcn32s("vgg16", "same")
    net.freeze("conv1_1")
    dense = rarefy(net, 16)
    assert all(dense.params[address] is net.params[address] for address in dense.params)
    assert dense.multipliers["conv1_1/weight"] == (0.0, 0.0)
    assert dense.layer("conv4_1") is net.layer("conv4_1")
    assert dense.layer("fc6").window.dilation == (2, 2)
    assert net.layer("fc6").window.dilation == (1, 1)


def test_rarefied_twice_is_rarefied_once_to_the_finer_stride():
    net = fcn32s("alexnet", "same")
    twice, once = rarefy(rarefy(net, 16), 2), rarefy(net, 2)
    assert [vars(n.layer).get("window") for n in twice.nodes] == [
        vars(n.layer).get("window") for n in once.nodes
    ]


def test_a_layer_that_is_used_twice_stays_one():
    conv = Conv2d(2, 2, 3, pad=1)
    net = randomise(
        Net(
            [
                ("pool", MaxPool2d(2), "data"),
                ("one", conv, "pool"),
                ("two", conv, "one"),
                ("both", Concat(), ("one", "two")),
            ]
        )
    )
    dense = rarefy(net, 1, ["both"])
    assert list(dense.params) == ["one/weight", "one/bias"]
    image = normal(1, 1, 2, 9, 8)
    np.testing.assert_allclose(
        run(dense, image, "both")[..., ::2, ::2], run(net, image, "both"), rtol=1e-12, atol=1e-12
    )


def test_a_stride_is_removed_in_part():
    net = chained(conv=Conv2d(2, 2, 5, stride=4), relu=ReLU(), norm=LRN(), pool=MaxPool2d(2))
    dense = rarefy(net, 2, ["pool"])
    assert dense.layer("conv").window.stride == (2, 2)
    assert dense.layer("pool").window[:2] == ((2, 2), (1, 1))
    assert dense.layer("pool").window.dilation == (2, 2)


UNEQUAL = chained(pool=MaxPool2d(2), conv=Conv2d(2, 2, 3, stride=3))


@pytest.mark.parametrize(
    ("net", "stride", "output", "message"),
    [
        (UNEQUAL, 4, "conv", "conv has a value every 6 pixels, .* one every 4"),
        (UNEQUAL, 12, "conv", "conv has a value every 6 pixels, .* one every 12"),
        (UNEQUAL, 3, "conv", "pool has a value every 2 pixels, .* one every 3"),
        (UNEQUAL, 0, "conv", "the stride must be a whole number of at least 1, not 0"),
        (UNEQUAL, 1, "fc8", r"no layer produces \['fc8'\]"),
        (chained(up=Deconv2d(2, 2, 4, stride=2)), 1, "up", "up, on the way to up, .* a Deconv2d"),
        (chained(fc=Linear(8, 3)), 1, "fc", "fc, on the way to fc, cannot .* a Linear"),
    ],
)
def test_what_cannot_be_made_dense_is_refused(net, stride, output, message):
    with pytest.raises(ValueError, match=message):
        rarefy(net, stride, [output])
    with pytest.raises(ValueError, match=message):
        shift_and_stitch(net, {"data": normal(1, 1, 2, 9, 9)}, stride, output)


def test_a_pooling_with_stride_and_padding_is_not_shifted():
    net = chained(pool=MaxPool2d(3, stride=2, pad=1))
    with pytest.raises(ValueError, match="pooling pool has a stride and padding.*rarefy the net"):
        shift_and_stitch(net, {"data": normal(1, 1, 2, 9, 9)}, 1, "pool")
    image = normal(1, 1, 2, 9, 9)
    dense = run(rarefy(net, 1, ["pool"]), image, "pool")
    np.testing.assert_array_equal(dense[..., ::2, ::2], run(net, image, "pool"))
