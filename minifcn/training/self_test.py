"""Three short tests that a device computes what it should: gradients, a training, a prediction.

They take a second or so on a CPU. What they compute is returned with the verdict, so that another
device can be held to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import Array, to_device, to_host
from minifcn.data.shapes import ShapesClassification
from minifcn.inference.model import load_model
from minifcn.layers import Conv2d, Deconv2d, MaxPool2d, ReLU, SoftmaxLoss
from minifcn.net import Net
from minifcn.net.gradcheck import check_net
from minifcn.system.resources import shipped_weights
from minifcn.training.optim import SGD

WEIGHTS = "vgg16-shapes"  # that ship; a classifier of the embedded shapes
CLASSES = 3
STEPS, RATE = 20, 0.05
IMAGES = 16


class Result(NamedTuple):
    """What a test found."""

    right: bool
    finding: str  # in a clause, for the user
    # On the host; every device must find the same, to rounding.
    values: Sequence[np.ndarray] = ()


class Outcome(NamedTuple):
    """A test that was run: its name, what it found, and how many seconds it took."""

    name: str
    result: Result
    seconds: float


def gradients(xp: ModuleType) -> Result:
    """Hold the gradients of a small net, in float64, to numerical ones."""
    net, inputs = small_net(xp, np.float64)
    _, tape = net.forward(inputs, train=True)
    assert tape is not None  # because of train=True
    values = [to_host(gradient) for _, gradient in net.backward(tape)]
    report = check_net(net, inputs)
    wrong = [check.name for check in report.checks if check.error > report.tolerance]
    where = f" ({', '.join(wrong)})" if wrong else ""
    return Result(report.ok, f"differ from numerical ones by {report.error:.0e}{where}", values)


def training(xp: ModuleType) -> Result:
    """Train a small net on one image, in float32: its loss must fall to less than half."""
    net, inputs = small_net(xp, np.float32)
    optimiser = SGD(net.params, net.multipliers, momentum=0.9, weight_decay=0.0)
    losses = []
    for _ in range(STEPS):
        outputs, tape = net.forward(inputs, train=True)
        assert tape is not None  # because of train=True
        losses.append(float(outputs["loss"]))
        optimiser.step(dict(net.backward(tape)), RATE)
    finding = f"the loss goes from {losses[0]:.2f} to {losses[-1]:.2f} in {STEPS} steps"
    return Result(losses[-1] < losses[0] / 2, finding, [np.array(losses)])


def prediction(xp: ModuleType) -> Result:
    """Name some of the embedded shapes by the weights that ship: most must be right."""
    model = load_model(shipped_weights(WEIGHTS), xp)
    samples = ShapesClassification("val", length=IMAGES)
    shown = [samples[index] for index in range(IMAGES)]
    data = to_device(np.stack([model.preprocess(sample.image) for sample in shown]), xp)
    scores_name = model.net.nodes[-1].bottoms[0]
    outputs, _ = model.net.forward({"data": data}, outputs=[scores_name])
    scores = to_host(outputs[scores_name])
    right = int((scores.argmax(axis=1) == [sample.label for sample in shown]).sum())
    return Result(right > IMAGES / 2, f"{right} of {IMAGES} shapes are named right", [scores])


# With the largest difference between devices, relative to the largest value. In float32 a GPU adds
# up in another order; and a training carries the differences on.
TESTS: dict[str, tuple[Callable[[ModuleType], Result], float]] = {
    "gradients": (gradients, 1e-10),
    "training": (training, 1e-3),
    "prediction": (prediction, 1e-3),
}


def self_test(
    xp: ModuleType, expected: Mapping[str, Sequence[np.ndarray]] | None = None
) -> Iterator[Outcome]:
    """Run the tests on a device, yielding what each has found; an error is a finding too.

    Parameters
    ----------
    xp : module
    expected : mapping of str to sequence of array, optional
        The values that another device has found, by the name of the test; those of tests that are
        not there are not compared.
    """
    for name, (test, tolerance) in TESTS.items():
        began = time.perf_counter()
        try:
            result = test(xp)
        except Exception as error:  # whatever it is, the user is to be told, and of the other tests
            result = Result(False, f"{type(error).__name__}: {error}")
        if result.right and expected and name in expected:
            result = compared(result, expected[name], tolerance)
        yield Outcome(name, result, time.perf_counter() - began)


def compared(result: Result, expected: Sequence[np.ndarray], tolerance: float) -> Result:
    """Return the result of a device, held to the values that another one has found."""
    differences = [
        float(np.abs(got - wanted).max() / np.abs(wanted).max())
        for got, wanted in zip(result.values, expected, strict=True)
    ]
    worst = max(differences)
    finding = f"{result.finding}; differs from the CPU by {worst:.0e}"
    return result._replace(right=worst <= tolerance, finding=finding)


def small_net(xp: ModuleType, dtype: Any) -> tuple[Net, dict[str, Array]]:
    """Return a net that goes down and up again, with random weights, and its inputs.

    The class of a pixel is the strongest of three colours in its 2 x 2 pixels.
    """
    rng = np.random.default_rng(0)
    net = Net(
        [
            ("conv", Conv2d(3, 8, 3, pad=1), "data"),
            ("relu", ReLU(), "conv"),
            ("pool", MaxPool2d(2, stride=2), "relu"),
            ("upscore", Deconv2d(8, CLASSES, 4, stride=2, pad=1), "pool"),
            ("loss", SoftmaxLoss(), ("upscore", "label")),
        ]
    )
    for layer in net.owners().values():
        for name, array in layer.params.items():
            layer.params[name] = (0.3 * rng.standard_normal(array.shape)).astype(dtype)
    net.to(xp)
    colours = rng.standard_normal((1, CLASSES, 8, 10)).repeat(2, axis=2).repeat(2, axis=3)
    data, label = colours.astype(dtype), colours.argmax(axis=1)
    return net, {"data": to_device(data, xp), "label": to_device(label, xp)}
