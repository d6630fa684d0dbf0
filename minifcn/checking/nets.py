"""Whole nets to be checked: against differences of their loss, and by every path there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import NamedTuple

import numpy as np

from minifcn.functional.arguments import Pair
from minifcn.functional.fast.paths import PATHS, path_forced
from minifcn.layers import Conv2d, Deconv2d
from minifcn.models import ModelSpec, build, initialise
from minifcn.models.build import BACKBONES, image_size
from minifcn.models.fcn import STRIDES
from minifcn.net import Net
from minifcn.net.differences import Report
from minifcn.net.gradcheck import check_net, computed_by

# With the small steps that a net asks for, rounding leaves four digits of the smallest derivatives
# in the worst case; most agree to eight.
STEP, TOLERANCE = 1e-6, 1e-4
SAME = 1e-9  # of two paths in float64, relative to the largest value, through all layers
FEW_ARRAYS = 60  # of which two entries each are compared with differences; of more one
IGNORED = 9  # every ninth pixel


class Prepared(NamedTuple):
    """A net with drawn parameters, and what it is given."""

    net: Net
    inputs: dict[str, np.ndarray]


class Forced(NamedTuple):
    """What a net computes if one path takes all convolutions that it can."""

    path: str
    passes: int  # those that it computed, forwards and backwards
    total: int  # all that there are
    # The largest relative difference from the paths that are chosen by shape.
    loss: float
    gradients: float
    where: str  # the array whose gradient differs most

    @property
    def right(self) -> bool:
        """Whether it computes the same."""
        return max(self.loss, self.gradients) <= SAME


class NetReport(NamedTuple):
    """What was found of a net."""

    loss: float
    report: Report  # against differences
    # What computes each convolution and deconvolution, forwards and backwards.
    paths: dict[str, tuple[str, ...]]
    forced: list[Forced]

    @property
    def ok(self) -> bool:
        """Whether all gradients are right."""
        return self.report.ok and all(one.right for one in self.forced)


def net_builder(name: str) -> Callable[..., Prepared]:
    """Return the function whose arguments are the options of a net, an FCN or a classifier."""

    def fcn(
        *,
        backbone: str = "vgg16",
        width: float = 1 / 16,
        padding: str = "same",
        classes: int = 3,
        images: int = 1,
        size: Pair = (37, 45),
    ) -> Prepared:
        label = np.random.default_rng(6).integers(0, classes, (images, *size))
        label.flat[::IGNORED] = 255
        return _prepared(ModelSpec(name, backbone, classes, width, padding), size, label)

    def classifier(
        *, width: float = 1 / 16, padding: str = "same", classes: int = 3, images: int = 2
    ) -> Prepared:
        spec = ModelSpec("classifier", name, classes, width, padding)
        label = np.arange(images) % classes
        return _prepared(spec, (image_size(spec),) * 2, label)

    return fcn if name in STRIDES else classifier


NETS = {name: net_builder(name) for name in (*STRIDES, *BACKBONES)}
NET_EXAMPLES = {"fcn8s": ({"width": 1 / 32, "size": (20, 26)},)}  # of `gradcheck --all`


def _prepared(spec: ModelSpec, size: Pair, label: np.ndarray) -> Prepared:
    """Build a net and draw all its parameters, so that nothing hides behind a zero."""
    net = build(spec, learn_upsampling=True)
    initialise(net)
    rng = np.random.default_rng(1)
    for array in net.params.values():
        if not array.any():
            scale = 0.1 if array.ndim == 1 else 1 / sqrt(array[0].size)
            array[...] = scale * rng.standard_normal(array.shape)
    net.astype("float64")
    image = np.random.default_rng(5).standard_normal((len(label), 3, *size))
    return Prepared(net, {"data": image, "label": label})


def check_prepared(prepared: Prepared) -> NetReport:
    """Check a net by the paths that are chosen, and hold all others to these."""
    net, inputs = prepared
    entries = 2 if len(net.params) <= FEW_ARRAYS else 1
    report = check_net(net, inputs, entries=entries, tolerance=TOLERANCE, step=STEP)
    loss, gradients = _passes(net, inputs)
    found = []
    for path in PATHS:
        with path_forced(path):
            count, total = _count(path, _computed(net, inputs))
            other, others = _passes(net, inputs)
        off = {name: _off(gradients[name], others[name]) for name in gradients}
        where = max(off, key=lambda name: off[name])
        if count:
            found.append(Forced(path, count, total, abs(other - loss) / loss, off[where], where))
    return NetReport(loss, report, _computed(net, inputs), found)


def _passes(net: Net, inputs: Mapping[str, np.ndarray]) -> tuple[float, dict[str, np.ndarray]]:
    """Return the loss and all gradients, the image's included."""
    rng = np.random.default_rng(0)
    outputs, tape = net.forward(inputs, train=True, rng=rng, wrt=("data",))
    assert tape is not None  # because of train=True
    loss = sum(float(y) for y in outputs.values() if y.ndim == 0)
    return loss, dict(net.backward(tape))


def _computed(net: Net, inputs: Mapping[str, np.ndarray]) -> dict[str, tuple[str, ...]]:
    """Return what computes each convolution and deconvolution, forwards and backwards."""
    shapes = net.shapes(**{name: array.shape for name, array in inputs.items()})
    return {
        node.name: computed_by(node.layer, shapes[node.bottoms[0]])
        for node in net.nodes
        if isinstance(node.layer, (Conv2d, Deconv2d))
    }


def _count(path: str, computed: Mapping[str, tuple[str, ...]]) -> tuple[int, int]:
    """Return how many passes a path computes, and how many there are."""
    passes = [one for both in computed.values() for one in both]
    return passes.count(path), len(passes)


def _off(expected: np.ndarray, got: np.ndarray) -> float:
    return float(abs(expected - got).max() / max(abs(expected).max(), 1e-8))
