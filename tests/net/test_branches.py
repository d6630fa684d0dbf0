"""Branches that run side by side yield what they do one after the other."""

import numpy as np
import pytest
from helpers.cases import normal

from minifcn.layers import Concat, Conv2d, MaxPool2d, ReLU
from minifcn.net import Net
from minifcn.net.branches import Branches, branches_in_turn, side_by_side

pytestmark = pytest.mark.host


IMAGE = normal(9, 1, 3, 7, 6, dtype=np.float32)


def module(*more: tuple) -> Net:
    """Return a module of four branches, and what else there is to be in the net."""
    nodes = [
        ("begin", Conv2d(3, 4, 1), "data"),
        ("a", Conv2d(4, 5, 1), "begin"),
        ("relu a", ReLU(), "a"),
        ("b reduce", Conv2d(4, 2, 1), "begin"),
        ("relu b", ReLU(), "b reduce"),
        ("b", Conv2d(2, 6, 3, pad=1), "relu b"),
        ("pool", MaxPool2d(3, stride=1, pad=1), "begin"),
        ("c", Conv2d(4, 3, 1), "pool"),
        ("d", ReLU(), "begin"),
        ("all", Concat(), ["relu a", "b", "c", "d"]),
        *more,
    ]
    net = Net(nodes)
    for number, array in enumerate(net.params.values()):
        array[...] = normal(number, *array.shape)
    return net


def modules(net: Net, *outputs: str) -> list[str]:
    nodes = side_by_side(net.needed(outputs), outputs)
    return [node.name for node in nodes if isinstance(node.layer, Branches)]


@pytest.mark.parametrize("images", [1, 2])
def test_side_by_side_and_in_turn_they_yield_the_same(threads, images):
    threads(2)
    net, data = module(), normal(9, images, 3, 7, 6, dtype=np.float32)
    assert modules(net, "all") == ["all"]
    found, _ = net.forward({"data": data}, outputs=["all"])
    with branches_in_turn():
        wanted, _ = net.forward({"data": data}, outputs=["all"])
    np.testing.assert_allclose(found["all"], wanted["all"], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("count", [1, 3])
def test_one_thread_takes_them_in_turn_and_so_do_more_than_half_as_many(threads, count):
    threads(count)
    assert modules(module(), "all") == []


def test_a_branch_that_the_caller_looks_into_is_no_branch(threads):
    threads(2)
    assert modules(module(), "all", "relu b") == []
    found, _ = module().forward({"data": IMAGE}, outputs=["all", "relu b"])
    assert set(found) == {"all", "relu b"}


def test_chains_of_different_blobs_are_no_module(threads):
    threads(2)
    others = [(name, ReLU(), "all") for name in "efg"]
    net = module(*others, ("h", ReLU(), "data"), ("joined", Concat(), list("efgh")))
    assert modules(net, "joined") == ["all"]


def test_an_error_names_the_layer_in_the_branch(threads):
    threads(2)
    net = module()
    net.layer("b").params["weight"] = normal(1, 6, 3, 3, 3, dtype=np.float32)
    with pytest.raises(ValueError, match="layer b: convolution"):
        net.forward({"data": IMAGE}, outputs=["all"])
