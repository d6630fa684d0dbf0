"""Recomputing the caches of blocks: the same numbers, less kept."""

import numpy as np
import pytest

from minifcn.layers import Conv2d, Dropout, MaxPool2d
from minifcn.models import ModelSpec, build, initialise
from minifcn.net import Net
from minifcn.net.recompute import Again


def step(recompute: bool, arch: str = "fcn8s", wrt: tuple[str, ...] = (), backbone: str = "vgg16"):
    net = build(ModelSpec(arch, backbone, num_classes=4, width=1 / 16, padding="same"))
    initialise(net)
    rng = np.random.default_rng(0)
    for address, array in net.params.items():
        if address.startswith("score"):
            array[...] = rng.standard_normal(array.shape)
    inputs = {
        "data": rng.standard_normal((2, 3, 64, 64)).astype(np.float32),
        "label": rng.integers(0, 4, (2, 64, 64)),
    }
    outputs, tape = net.forward(
        inputs, train=True, rng=np.random.default_rng(1), wrt=wrt, recompute=recompute
    )
    kept = dict(tape.caches)
    return outputs, dict(net.backward(tape)), kept, net


@pytest.mark.parametrize("arch", ["fcn32s", "fcn8s", "fcn8s-at-once"])
def test_loss_and_gradients_are_the_same_bit_for_bit(arch):
    stored_outputs, stored, _, _ = step(False, arch, wrt=("data",))
    outputs, gradients, _, _ = step(True, arch, wrt=("data",))
    assert outputs["loss"] == stored_outputs["loss"]
    assert gradients.keys() == stored.keys()
    for address, gradient in stored.items():
        np.testing.assert_array_equal(gradients[address], gradient, err_msg=address)


def test_a_block_does_not_begin_where_several_maps_are_joined():
    # In GoogLeNet the pooling behind an inception module follows a concatenation of four maps.
    _, stored, _, _ = step(False, "fcn32s", backbone="googlenet")
    _, gradients, _, _ = step(True, "fcn32s", backbone="googlenet")
    for address, gradient in stored.items():
        np.testing.assert_array_equal(gradients[address], gradient, err_msg=address)


def test_a_block_does_not_begin_with_dropout():
    conv = Conv2d(2, 2, 1)
    conv.params["weight"][...] = 1
    chain = [("drop", Dropout(0.5), "data"), ("conv", conv, "drop"), ("pool", MaxPool2d(2), "conv")]
    inputs = {"data": np.ones((1, 2, 4, 4), np.float32)}
    (stored, _), (recomputed, _) = (
        Net(chain).forward(inputs, train=True, rng=np.random.default_rng(3), recompute=recompute)
        for recompute in (False, True)
    )
    np.testing.assert_array_equal(recomputed["pool"], stored["pool"])


def test_of_each_block_only_the_input_is_kept():
    _, _, kept, net = step(True)
    for node in net.nodes:
        if isinstance(node.layer, MaxPool2d):
            assert isinstance(kept[node.name], Again)
    assert not [name for name in kept if name.startswith(("conv", "relu1", "relu5"))]


def test_dropout_is_never_run_twice():
    _, _, kept, net = step(True)
    dropouts = {node.name for node in net.nodes if isinstance(node.layer, Dropout)}
    assert dropouts <= kept.keys()
    again = [cache for cache in kept.values() if isinstance(cache, Again)]
    assert not dropouts & {node.name for cache in again for node in cache.block}
