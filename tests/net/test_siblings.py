"""1 x 1 convolutions of one blob, computed as one: the numbers are those of each by itself."""

import numpy as np
import pytest
from helpers.cases import normal

from minifcn.layers import Concat, Conv2d, ReLU
from minifcn.models import ModelSpec, build, initialise
from minifcn.net import Net
from minifcn.net.memory import training_bytes
from minifcn.net.siblings import JOINED, Channels, join_siblings, siblings_apart

SHARED = Conv2d(3, 2, 1)


def module(bias: bool = True) -> Net:
    """Return three siblings, and convolutions that are none for one reason each."""
    layers = {
        "a": Conv2d(3, 4, 1, bias=bias),
        "b": Conv2d(3, 2, 1, bias=bias),
        "c": Conv2d(3, 5, 1, bias=bias),
        "padded": Conv2d(3, 2, 1, pad=1),
        "strided": Conv2d(3, 2, 1, stride=2),
        "in groups": Conv2d(3, 3, 1, groups=3),
        "not 1 x 1": Conv2d(3, 2, 3, pad=1),
        "shared": SHARED,
        "shared again": SHARED,
        "without a ReLU": Conv2d(3, 2, 1),
        "read twice": Conv2d(3, 2, 1),
        "of another number of parameters": Conv2d(3, 2, 1, bias=not bias),
    }
    nodes = []
    for number, (name, layer) in enumerate(layers.items()):
        for part, array in layer.params.items():
            layer.params[part] = normal(number, *array.shape)
        nodes.append((name, layer, "data"))
        if name != "without a ReLU":
            nodes.append((f"relu {name}", ReLU(), name))
    same = [f"relu {n}" for n in layers if n not in ("without a ReLU", "strided", "padded")]
    nodes.append(("all", Concat(), [*same, "without a ReLU", "read twice"]))
    return Net(nodes)


def run(net: Net, output: str, seeds: dict[str, np.ndarray] | None = None, **inputs: np.ndarray):
    outputs, tape = net.forward(
        inputs, outputs=[output], train=True, rng=np.random.default_rng(1), wrt=["data"]
    )
    seeds = {output: normal(9, *outputs[output].shape)} if seeds is None else seeds
    return {output: outputs[output], **dict(net.backward(tape, seeds))}


def hold_together(net: Net, output: str, **inputs: np.ndarray) -> None:
    found = run(net, output, **inputs)
    with siblings_apart():
        wanted = run(net, output, **inputs)
    assert found.keys() == wanted.keys()
    for name, value in wanted.items():
        assert abs(found[name] - value).max() <= 1e-12 * abs(value).max(), name


def joined(net: Net, *outputs: str) -> list[str]:
    nodes = join_siblings(net.needed(outputs), outputs)
    return [node.name for node in nodes if isinstance(node.layer, Channels)]


@pytest.mark.parametrize("bias", [True, False])
def test_only_what_reads_the_same_pixels_in_the_same_way_is_joined(bias):
    assert joined(module(bias), "all") == ["relu a", "relu b", "relu c"]


def test_what_the_caller_reads_is_computed():
    net = module()
    assert joined(net, "all", "a") == ["relu b", "relu c"]
    data = normal(1, 2, 3, 5, 4)
    outputs, _ = net.forward({"data": data}, outputs=["relu b"], train=True)
    expected, _ = net.forward({"data": data}, outputs=["relu b"])
    np.testing.assert_allclose(outputs["relu b"], expected["relu b"], rtol=1e-12)


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("bias", [True, False])
def test_outputs_and_gradients_are_those_of_each_by_itself(bias, images):
    hold_together(module(bias), "all", data=normal(1, images, 3, 5, 4))


def test_a_frozen_one_has_no_gradient():
    net = module()
    net.freeze("b")
    hold_together(net, "all", data=normal(1, 2, 3, 5, 4))
    assert "b/weight" not in run(net, "all", data=normal(1, 2, 3, 5, 4))


def test_what_no_gradient_reaches_counts_as_zero():
    net, data = module(), normal(1, 2, 3, 5, 4)
    _, tape = net.forward({"data": data}, outputs=["relu a", "relu c"], train=True, wrt=["data"])
    found = dict(net.backward(tape, {"relu c": np.ones((2, 5, 5, 4))}))
    expected = run(net, "relu c", {"relu c": np.ones((2, 5, 5, 4))}, data=data)
    assert not found["a/weight"].any() and not found["a/bias"].any()
    for name, value in expected.items():
        if name != "relu c":
            np.testing.assert_allclose(found[name], value, rtol=1e-12, atol=1e-12)


def test_an_inception_net_is_the_same(threads):
    threads(2)
    net = build(ModelSpec("fcn8s", "googlenet", num_classes=3, width=1 / 8))
    initialise(net, 1)
    net.astype(np.float64)
    for number, (address, array) in enumerate(net.params.items()):
        if address.startswith("score"):
            array[...] = normal(number, *array.shape)
    assert len(joined(net, "loss")) == 9 * 3
    label = np.random.default_rng(3).integers(0, 3, (2, 40, 50))
    inputs = {"data": 50 * normal(1, 2, 3, 40, 50), "label": label}
    hold_together(net, "loss", **inputs)
    assert training_bytes(net, ["loss"], {"data": (2, 3, 40, 50), "label": (2, 40, 50)}) > 0


def test_the_clock_hears_of_the_layers_of_the_net_only():
    net, heard = module(), set()
    net.clock = lambda layer, direction, seconds: heard.add(layer)
    run(net, "all", data=normal(1, 1, 3, 5, 4))
    assert heard <= {node.name for node in net.nodes}
    assert not any(name.endswith(JOINED) for name in heard)
