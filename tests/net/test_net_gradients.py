"""The net's backward pass: sums, shared layers, several losses and inputs, and freezing."""

import weakref

import numpy as np
import pytest
from helpers.cases import normal
from helpers.nets import Spy, chained, gradients, image, label, randomise, skip_net

from minifcn.layers import Concat, Conv2d, EltwiseSum, Layer, ReLU, SoftmaxLoss
from minifcn.net import Net
from minifcn.net.gradcheck import check_net


def test_gradients_are_summed_where_a_blob_feeds_several_layers():
    report = check_net(skip_net(), {"data": image(), "label": label()}, entries=20)
    assert report.ok, f"\n{report}"


def test_a_blob_may_be_read_twice_by_one_layer():
    net = Net([("double", EltwiseSum(), ("data", "data")), ("cat", Concat(), ("double", "data"))])
    x = image()
    _, tape = net.forward({"data": x}, train=True, wrt=["data"])
    dy = normal(3, 2, 6, 6, 8)
    ((_, dx),) = net.backward(tape, {"cat": dy})
    np.testing.assert_allclose(dx, 2 * dy[:, :3] + dy[:, 3:])


def test_a_gradient_handed_to_two_layers_is_not_added_to_in_place():
    # `sum` returns the very same array as the gradient of both its inputs.
    diary: list[str] = []
    net = Net(
        [
            ("a", Spy(diary, "a"), "data"),
            ("b", Spy(diary, "b"), "a"),
            ("c", EltwiseSum(), ("a", "b")),
        ]
    )
    seed = np.ones((2, 3, 6, 8))
    _, tape = net.forward({"data": image()}, train=True, wrt=["data"])
    ((_, dx),) = net.backward(tape, {"c": seed})
    assert (dx == 2).all() and (seed == 1).all()


def test_a_layer_used_at_two_places_collects_the_gradients_of_both():
    shared = Conv2d(3, 3, 3, pad=1)
    net = chained(first=shared, relu=ReLU(), second=shared, loss=SoftmaxLoss())
    assert list(net.params) == ["first/weight", "first/bias"]
    inputs = {"data": image(), "label": label()}
    assert [address for address, _ in net.backward(net.forward(inputs, train=True)[1])] == [
        "first/weight",
        "first/bias",
    ]
    report = check_net(net, inputs, entries=20)
    assert report.ok, f"\n{report}"


def test_two_losses_add_their_gradients():
    net = randomise(
        Net(
            [
                ("conv", Conv2d(3, 4, 3, pad=1), "data"),
                ("semantic", Conv2d(4, 5, 1), "conv"),
                ("geometric", Conv2d(4, 2, 1), "conv"),
                ("semantic_loss", SoftmaxLoss(), ("semantic", "label")),
                ("geometric_loss", SoftmaxLoss("batch"), ("geometric", "label2")),
            ]
        )
    )
    inputs = {"data": image(), "label": label(5), "label2": label(2)}
    report = check_net(net, inputs, entries=20)
    assert report.ok, f"\n{report}"

    both = gradients(net, inputs)["conv/weight"]
    alone = [gradients(net, inputs, outputs=[f"{head}_loss"]) for head in ("semantic", "geometric")]
    np.testing.assert_allclose(both, sum(part["conv/weight"] for part in alone), rtol=1e-10)
    assert not any(address.startswith("geometric") for address in alone[0])


def test_two_inputs_each_get_a_gradient():
    net = randomise(
        Net(
            [
                ("colour", Conv2d(3, 2, 1), "data"),
                ("depth", Conv2d(1, 2, 1), "hha"),
                ("score", EltwiseSum((0.5, 0.5)), ("colour", "depth")),
                ("loss", SoftmaxLoss(), ("score", "label")),
            ]
        )
    )
    inputs = {"data": image(), "hha": image(2, (2, 1, 6, 8)), "label": label(2)}
    report = check_net(net, inputs, entries=20)
    assert report.ok, f"\n{report}"
    assert {"data", "hha"} <= {check.name for check in report.checks}


def test_seeds_replace_the_losses():
    net = skip_net()
    dy = normal(5, 2, 3, 6, 8)
    _, tape = net.forward({"data": image()}, outputs=["score"], train=True)
    found = dict(net.backward(tape, {"score": dy}))
    _, tape = net.forward({"data": image()}, outputs=["score"], train=True)
    np.testing.assert_allclose(found["score/bias"], dy.sum(axis=(0, 2, 3)))
    with pytest.raises(ValueError, match="no output is a loss, so seeds must be given"):
        dict(net.backward(tape))


def test_float32_in_float32_out():
    net = randomise(skip_net(), np.float32)
    inputs = {"data": image().astype(np.float32), "label": label()}
    outputs, tape = net.forward(inputs, train=True)
    assert outputs["loss"].dtype == np.float32
    assert {gradient.dtype for _, gradient in net.backward(tape)} == {np.dtype("float32")}


# Handing out


def test_a_gradient_is_held_by_nobody_but_its_user():
    net = skip_net()
    _, tape = net.forward({"data": image(), "label": label()}, train=True)
    before: list[weakref.ref] = []
    for _, gradient in net.backward(tape):
        assert all(reference() is None for reference in before)
        before.append(weakref.ref(gradient))
        del gradient


def test_a_gradient_is_given_out_as_soon_as_it_is_final():
    diary: list[str] = []
    net = chained(
        conv1=Conv2d(3, 4, 1),
        low=Spy(diary, "low"),
        conv2=Conv2d(4, 3, 1),
        high=Spy(diary, "high"),
        loss=SoftmaxLoss(),
    )
    _, tape = net.forward({"data": image(), "label": label()}, train=True)
    diary.clear()
    for address, _ in net.backward(tape):
        diary.append(address)
    assert diary == [
        "backward high",
        "conv2/weight",
        "conv2/bias",
        "backward low",
        "conv1/weight",
        "conv1/bias",
    ]


# Freezing


class Strict(Conv2d):
    """A convolution that refuses to compute gradients of its parameters."""

    def backward(self, dy, cache, **needs):
        assert not needs["need_grads"], "the gradients of a frozen layer were asked for"
        return super().backward(dy, cache, **needs)


class Lowest(Conv2d):
    """A convolution that refuses to compute the gradient of its input."""

    def backward(self, dy, cache, **needs):
        assert not needs["need_dx"], "the gradient of an image was asked for"
        return super().backward(dy, cache, **needs)


def test_the_gradient_of_an_image_is_not_computed_unless_it_is_asked_for():
    net = chained(conv=Lowest(3, 3, 1), relu=ReLU())
    _, tape = net.forward({"data": image()}, train=True)
    assert len(dict(net.backward(tape, {"relu": image()}))) == 2


def test_a_frozen_layer_has_no_gradient_but_passes_it_on():
    def net_with(middle: Layer) -> Net:
        score, loss = Conv2d(2, 3, 1), SoftmaxLoss()
        return chained(conv=Conv2d(3, 4, 3), middle=middle, score=score, loss=loss)

    inputs = {"data": image(), "label": label(shape=(2, 4, 6))}
    expected = gradients(net_with(Conv2d(4, 2, 1)), inputs)
    net = net_with(Strict(4, 2, 1))
    net.freeze("middle")
    found = gradients(net, inputs)
    assert list(found) == ["score/weight", "score/bias", "conv/weight", "conv/bias"]
    for address, gradient in found.items():
        np.testing.assert_array_equal(gradient, expected[address])


def test_nothing_is_computed_below_the_lowest_trained_layer():
    diary: list[str] = []
    net = skip_net()
    nodes = [(node.name, node.layer, node.bottoms) for node in net.nodes]
    nodes.insert(0, ("spy", Spy(diary, "spy"), "data"))
    nodes[1] = ("conv1", net.layer("conv1"), "spy")
    net = Net(nodes)
    net.freeze("conv1")
    inputs = {"data": image(), "label": label()}
    assert set(gradients(net, inputs)) == {
        "conv2/weight",
        "conv2/bias",
        "score/weight",
        "score/bias",
    }
    assert diary == ["forward spy"]
    gradients(net, inputs, wrt=["data"])
    assert diary == ["forward spy"] * 2 + ["backward spy"]


def test_caches_of_layers_without_a_gradient_are_not_kept():
    net = skip_net()
    net.freeze("conv*")
    _, tape = net.forward({"data": image(), "label": label()}, train=True)
    assert set(tape.caches) == {"score", "loss"}


def test_one_parameter_of_a_layer_may_be_frozen():
    net = skip_net()
    net.multipliers["conv2/weight"] = (0, 0)
    found = gradients(net, {"data": image(), "label": label()})
    assert "conv2/bias" in found and "conv2/weight" not in found


def test_freezing_takes_patterns_and_refuses_what_matches_nothing():
    net = skip_net()
    net.freeze("conv*")
    assert net.multipliers["conv1/bias"] == net.multipliers["conv2/weight"] == (0, 0)
    assert net.multipliers["score/weight"] == (1, 1)
    with pytest.raises(ValueError, match="no layer with parameters matches 'relu1'"):
        net.freeze("relu1")


def test_rates_are_multiplied_by_the_last_pattern_that_matches():
    net = skip_net()
    net.freeze("conv2")
    net.multiply_rates({"*": 0.5, "conv1": 3})
    assert net.multipliers == {
        **{"conv1/weight": (3, 1), "conv1/bias": (6, 0)},
        **{"conv2/weight": (0, 0), "conv2/bias": (0, 0)},
        **{"score/weight": (0.5, 1), "score/bias": (1, 0)},
    }


def test_rates_of_what_does_not_learn_cannot_be_multiplied():
    net = skip_net()
    net.freeze("conv*")
    with pytest.raises(ValueError, match=r"^multiply_rates: all that matches 'conv\*' is frozen$"):
        net.multiply_rates({"conv*": 0.5})
