"""Small nets, their inputs, and a layer that watches, for the tests of the net."""

from typing import Any

import numpy as np
from helpers.cases import normal

from minifcn.layers import Conv2d, EltwiseSum, Layer, ReLU, SoftmaxLoss
from minifcn.net import Net


def randomise(net: Net, dtype: Any = np.float64) -> Net:
    """Give a net normally distributed parameters."""
    for number, layer in enumerate(net.owners().values()):
        for kind, array in layer.params.items():
            layer.params[kind] = normal(100 + number, *array.shape, dtype=dtype).copy()
    return net


def image(seed: int = 1, shape: tuple[int, ...] = (2, 3, 6, 8)) -> np.ndarray:
    return normal(seed, *shape).copy()


def label(classes: int = 3, shape: tuple[int, ...] = (2, 6, 8)) -> np.ndarray:
    return np.random.default_rng(2).integers(0, classes, shape)


def chained(**layers: Layer) -> Net:
    """Return a net of layers each of which reads the one before, the first `data`.

    Losses read a label as well.
    """
    nodes: list[tuple[str, Layer, Any]] = []
    bottom = "data"
    for name, layer in layers.items():
        bottoms = (bottom, "label") if isinstance(layer, SoftmaxLoss) else bottom
        nodes.append((name, layer, bottoms))
        bottom = name
    return randomise(Net(nodes))


def skip_net() -> Net:
    """Two convolutions, and a skip around the second: `relu1` feeds two layers."""
    return randomise(
        Net(
            [
                ("conv1", Conv2d(3, 4, 3, pad=1), "data"),
                ("relu1", ReLU(), "conv1"),
                ("conv2", Conv2d(4, 4, 3, pad=1), "relu1"),
                ("fuse", EltwiseSum(), ("conv2", "relu1")),
                ("score", Conv2d(4, 3, 1), "fuse"),
                ("loss", SoftmaxLoss(), ("score", "label")),
            ]
        )
    )


def gradients(net: Net, inputs: dict[str, np.ndarray], **options: Any) -> dict[str, np.ndarray]:
    """Return all gradients of one forward and backward pass."""
    _, tape = net.forward(inputs, train=True, **options)
    return dict(net.backward(tape))


class Spy(Layer):
    """The identity, which writes down what happens to it."""

    def __init__(self, diary: list[str], name: str) -> None:
        super().__init__()
        self.diary, self.name = diary, name

    def forward(self, x):
        self.diary.append(f"forward {self.name}")
        return x + 0, None

    def backward(self, dy, cache):
        self.diary.append(f"backward {self.name}")
        return dy + 0, {}
