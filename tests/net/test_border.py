"""The constant border is computed once: the numbers are those of the whole border."""

import numpy as np
import pytest
from helpers.cases import normal
from helpers.nets import chained, image
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.layers import (
    LRN,
    AvgPool2d,
    Conv2d,
    Dropout,
    EltwiseSum,
    Layer,
    MaxPool2d,
    ReLU,
    Scale,
)
from minifcn.layers.geometry import Span
from minifcn.models import ModelSpec, build, initialise
from minifcn.net import Net
from minifcn.net.border import FOLDED, Unfold, border_whole, fold_border
from minifcn.net.memory import inference_bytes, training_bytes


def folded_maps(net: Net, size: tuple[int, int], outputs: tuple[str, ...] = ()) -> list[str]:
    """Return the maps that are computed with rows missing and put together behind."""
    nodes = fold_border(net.nodes, outputs or net.outputs, {"data": (1, 3, *size)})
    return [node.name for node in nodes if isinstance(node.layer, Unfold)]


def run(net: Net, inputs: dict[str, np.ndarray], output: str) -> dict[str, np.ndarray]:
    """Return the output in inference and in training, and all gradients."""
    inferred, _ = net.forward(inputs, outputs=[output])
    rng = np.random.default_rng(1)
    outputs, tape = net.forward(inputs, outputs=[output], train=True, rng=rng, wrt=["data"])
    seeds = {output: normal(9, *outputs[output].shape, dtype=inputs["data"].dtype)}
    gradients = dict(net.backward(tape, seeds))
    return {"inferred": inferred[output], "trained": outputs[output], **gradients}


def hold_together(net: Net, inputs: dict[str, np.ndarray], output: str, bound: float) -> None:
    found = run(net, inputs, output)
    with border_whole():
        wanted = run(net, inputs, output)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert found[name].shape == value.shape
        difference = abs(found[name] - value).max()
        assert difference <= bound * max(abs(value).max(), 1e-30), name


def fcn(backbone: str, arch: str, *, biases: float = 0.3) -> Net:
    """Return a narrow net in float64 whose scores are not zero."""
    net = build(ModelSpec(arch, backbone, num_classes=3, width=1 / 16))
    initialise(net, 1)
    net.astype(np.float64)
    for number, (address, array) in enumerate(net.params.items()):
        if address.startswith("score"):
            array[...] = 0.1 * normal(number, *array.shape)
        elif address.endswith("bias"):
            array[...] = biases * normal(number, *array.shape)
    return net


# Equality


@pytest.mark.parametrize(
    ("backbone", "arch", "shape", "folded"),
    [
        ("vgg16", "fcn8s", (1, 3, 40, 63), ["pool1", "pool2", "pool3"]),
        ("vgg16", "fcn32s", (2, 3, 1, 9), ["pool1", "pool2", "pool3"]),
        ("alexnet", "fcn32s", (1, 3, 40, 63), ["pool1", "pool2"]),
    ],
)
def test_published_nets_have_the_scores_and_gradients_of_the_whole_border(
    backbone, arch, shape, folded
):
    net = fcn(backbone, arch)
    assert folded_maps(net, shape[2:]) == folded
    hold_together(net, {"data": image(shape=shape)}, "score", 1e-12)


def layers(draw: st.DrawFn) -> dict[str, Layer]:
    """Draw a convolution with a wide padding, and what may follow."""
    few, flag = st.integers(1, 3), st.booleans()
    wide = st.tuples(st.integers(0, 25), st.integers(8, 25))
    first = Conv2d(3, 4, draw(few), stride=draw(few), pad=draw(wide), dilation=draw(few))
    chain: dict[str, Layer] = {"first": first}
    for number in range(draw(st.integers(1, 6))):
        kernel = draw(few), draw(few)
        pad = tuple(draw(st.integers(0, k - 1)) for k in kernel)
        kind = draw(st.sampled_from((Conv2d, ReLU, MaxPool2d, AvgPool2d, LRN, Scale, Dropout)))
        options = {
            Conv2d: {"in_channels": 4, "out_channels": 4, "groups": 1 + draw(flag)},
            MaxPool2d: {"ceil": draw(flag)},
            AvgPool2d: {"ceil": draw(flag)},
            LRN: {"local_size": 3, "alpha": 0.5},
            Scale: {"channels": 4},
        }.get(kind, {})
        if kind in (Conv2d, MaxPool2d, AvgPool2d):
            options |= {"kernel_size": kernel, "stride": draw(few), "pad": pad}
        chain[f"layer{number}"] = kind(**options)
    return chain


@settings(max_examples=30)
@given(st.data())
def test_any_chain_of_layers_has_the_outputs_and_gradients_of_the_whole_border(data):
    net = chained(**layers(data.draw))
    side = st.integers(1, 9)
    shape = data.draw(st.tuples(st.integers(1, 2), st.just(3), side, side))
    try:
        net.shapes(data=shape)
    except ValueError:
        return  # a window does not fit
    hold_together(net, {"data": image(shape=shape)}, net.nodes[-1].name, 1e-12)


def test_in_single_precision_the_gradients_are_right_where_biases_are_zero():
    net = fcn("vgg16", "fcn8s", biases=0)
    inputs = {"data": image(shape=(1, 3, 40, 63))}
    with border_whole():
        exact = run(net, inputs, "score")
    net.astype(np.float32)
    found = run(net, {"data": inputs["data"].astype(np.float32)}, "score")
    errors = [np.linalg.norm(found[n] - exact[n]) / np.linalg.norm(exact[n]) for n in exact]
    assert np.median(errors) < 1e-4 and max(errors) < 1e-2


# What is folded


def three_blocks(**behind: Layer) -> Net:
    return chained(
        conv1=Conv2d(3, 4, 3, pad=30),
        relu1=ReLU(),
        pool1=MaxPool2d(2),
        conv2=Conv2d(4, 4, 3, pad=1),
        pool2=MaxPool2d(2),
        **behind,
    )


def test_of_rows_that_are_alike_as_few_are_computed_as_the_next_pooling_needs():
    nodes = fold_border(three_blocks().nodes, ["pool2"], {"data": (1, 3, 10, 10)})
    # At each end 28 of conv1's 68 rows are alike, and 14 of pool1's 34: of these one is computed,
    # of two. One of the 5 of pool2 needs 4 of conv2's (pooling takes pairs), and they 6 of pool1's.
    assert nodes[0].layer.output_shape((1, 3, 10, 10)) == (1, 4, 2 + 12 + 2, 2 + 12 + 2)
    unfolded = {node.name: node.layer.repeats[0] for node in nodes if "repeats" in vars(node.layer)}
    assert unfolded == {"pool1": [(0, 5), (7, 5)], "pool2": [(1, 4), (7, 4)]}
    assert [node.name for node in nodes][-2:] == ["pool2" + FOLDED, "pool2"]


def test_nets_without_a_wide_padding_are_left_as_they_are():
    for backbone, padding in (("googlenet", "faithful"), ("vgg16", "same")):
        net = build(ModelSpec("fcn8s", backbone, width=1 / 16, padding=padding))
        assert fold_border(net.nodes, net.outputs, {"data": (1, 3, 50, 50)}) == net.nodes


def test_a_map_that_dropout_thins_out_is_whole():
    net = three_blocks(drop=Dropout(), conv3=Conv2d(4, 4, 3, pad=1))
    assert folded_maps(net, (10, 11)) == ["pool1", "pool2"]
    hold_together(net, {"data": image(shape=(2, 3, 10, 11))}, "conv3", 1e-12)


def test_a_map_that_somebody_else_reads_is_whole():
    net = three_blocks()
    nodes = [tuple(node) for node in net.nodes]
    nodes.append(("sum", EltwiseSum(), ("pool1", "pool1")))
    assert folded_maps(Net(nodes), (10, 11)) == ["pool1"]
    assert folded_maps(net, (10, 11), ("conv2", "pool2")) == ["pool1", "conv2"]
    inputs = {"data": image(shape=(1, 3, 10, 11))}
    outputs, _ = net.forward(inputs, outputs=["conv1", "pool2"])
    assert outputs["conv1"].shape[2:] == (68, 69)


def test_a_layer_that_is_used_again_behind_the_border_collects_both_gradients():
    shared = Conv2d(3, 3, 3, pad=20)
    net = chained(first=shared, pool1=MaxPool2d(2), drop=Dropout(), second=shared)
    hold_together(net, {"data": image(shape=(1, 3, 4, 5))}, "second", 1e-12)


def test_a_frozen_first_layer_has_no_gradient():
    net = three_blocks()
    net.freeze("conv1")
    _, tape = net.forward({"data": image(shape=(1, 3, 4, 5))}, train=True)
    seeds = {"pool2": np.ones(tape.outputs["pool2"].shape)}
    assert [address for address, _ in net.backward(tape, seeds)] == ["conv2/weight", "conv2/bias"]


def test_the_clock_hears_of_the_layers_of_the_net_only():
    net, heard = three_blocks(), set()
    net.clock = lambda layer, direction, seconds: heard.add(layer)
    run(net, {"data": image(shape=(1, 3, 4, 5))}, "pool2")
    assert heard == {node.name for node in net.nodes}


def test_recomputing_a_folded_block_changes_no_bit():
    inputs = {"data": image(shape=(1, 3, 10, 11))}

    def gradients(recompute: bool) -> dict[str, np.ndarray]:
        net = three_blocks()
        outputs, tape = net.forward(inputs, train=True, recompute=recompute)
        return dict(net.backward(tape, {"pool2": np.ones_like(outputs["pool2"])}))

    stored, again = gradients(False), gradients(True)
    assert all((again[name] == stored[name]).all() for name in stored)


def test_the_memory_is_estimated_for_folded_maps():
    net = fcn("vgg16", "fcn8s")
    shapes = {"data": (1, 3, 200, 200), "label": (1, 200, 200)}

    def estimates() -> tuple[int, int]:
        return inference_bytes(net, ["score"], shapes), training_bytes(net, ["loss"], shapes)

    folded = estimates()
    with border_whole():
        whole = estimates()
    assert folded[0] < whole[0] and folded[1] < 0.9 * whole[1]


# Unfolding


def test_rows_and_columns_are_repeated_and_their_gradients_added_up():
    # Of a map of 6 x 4, the rows 1 to 3 and the columns 2 and 3 are alike.
    alike = [(Span(0, 0), Span(1, 4)), (Span(0, 0), Span(2, 4))]
    unfold = Unfold(alike, np.array([[0, 2], [0, 1]]), np.zeros((2, 2), int))
    x = np.arange(12.0).reshape(1, 1, 4, 3)
    y, cache = unfold.forward(x)
    np.testing.assert_array_equal(y[0, 0], x[0, 0][[0, 1, 1, 1, 2, 3]][:, [0, 1, 2, 2]])
    dx, _ = unfold.backward(np.ones_like(y), cache)
    np.testing.assert_array_equal(dx[0, 0], np.outer([1, 3, 1, 1], [1, 1, 2]))
