"""Gradient checks of layers and of whole nets, by the differences of `differences.py`.

    >>> from minifcn.net.gradcheck import check_layer
    >>> from minifcn.layers import Conv2d
    >>> print(check_layer(Conv2d(3, 4, 3, pad=1), (2, 3, 5, 6)))

What computes a layer is chosen by the shape of its input, and only that is checked here; the report
says which it was. `python -m minifcn.gradcheck conv` checks all that there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from minifcn.backend import Array, array_module, to_device
from minifcn.functional.fast.paths import choose_deconv_path, choose_path
from minifcn.layers import Conv2d, Deconv2d
from minifcn.layers.layer import Layer
from minifcn.net.differences import STEP, Check, Report, check_function
from minifcn.net.net import Net

__all__ = ["Check", "Report", "check_function", "check_layer", "check_net", "computed_by"]


def check_layer(
    layer: Layer,
    *shapes: tuple[int, ...],
    inputs: Sequence[Array] | None = None,
    seed: int = 0,
    entries: int = 50,
    tolerance: float = 1e-6,
    xp: ModuleType = np,
) -> Report:
    """Check a layer's gradients of its inputs and parameters with random values.

    The objective is sum(y * dy) with a random dy, so a backward pass that ignores or reorders
    what comes from above is found out. Integer inputs (labels) are not differentiated.

    Parameters
    ----------
    layer : Layer
        Its parameters are replaced by random ones in float64.
    *shapes : shapes of the inputs, drawn from a normal distribution
    inputs : sequence of arrays, optional
        In place of `shapes`, the inputs themselves.
    seed : int
        For inputs, parameters, dy, and the layer's own randomness (dropout).
    entries, tolerance
        See `check_function`.
    xp : module
        The device on which the layer is checked, `numpy` or `cupy`; `inputs` are there.
    """
    rng = np.random.default_rng(seed)

    def normal(shape: tuple[int, ...]) -> Array:
        return to_device(rng.standard_normal(shape), xp)

    for name, array in layer.params.items():
        layer.params[name] = normal(array.shape)
    bottoms = [normal(shape) for shape in shapes] if inputs is None else list(inputs)

    def run() -> tuple[Array, Any]:
        options = {"rng": xp.random.default_rng(seed)} if layer.draws else {}
        return layer.forward(*bottoms, **options)

    y, cache = run()
    dy = normal(y.shape)
    dxs, dparams = layer.backward(dy, cache)
    dxs = dxs if isinstance(dxs, tuple) else (dxs,)
    arrays = {f"input {i}": x for i, x in enumerate(bottoms) if dxs[i] is not None}
    gradients = {f"input {i}": dx for i, dx in enumerate(dxs) if dx is not None}
    return check_function(
        lambda: (run()[0] * dy).sum(),
        arrays | layer.params,
        gradients | dparams,
        entries=entries,
        tolerance=tolerance,
        seed=seed,
        by=" and, backwards, ".join(dict.fromkeys(computed_by(layer, bottoms[0].shape))),
    )


def computed_by(layer: Layer, x_shape: tuple[int, ...]) -> tuple[str, ...]:
    """Return what computes a convolution or a deconvolution, forwards and backwards.

    Other layers are computed in one way only, which has no name.
    """
    if isinstance(layer, Deconv2d):
        return (choose_deconv_path(layer.window, layer.groups),) * 2
    if isinstance(layer, Conv2d):
        given = x_shape, layer.params["weight"], layer.window, layer.groups
        return choose_path(*given), choose_path(*given, gradients=True)
    return ()


def check_net(
    net: Net,
    inputs: Mapping[str, Array],
    *,
    seed: int = 0,
    entries: int = 5,
    tolerance: float = 1e-5,
    step: float = STEP,
) -> Report:
    """Check the gradients of a net's losses with respect to all its trained parameters and images.

    Parameters
    ----------
    net : Net
        Its parameters must be float64 and not zero: `net.astype("float64")`, and draw some.
    inputs : dict from name to array
        float64 images and integer labels, on the device of the parameters.
    seed : int
        For dropout and the choice of entries.
    entries, tolerance, step
        See `check_function`. Of ten thousands of rectifiers one easily switches within a step of
        1e-5, and a change of less than a thousandth is taken for curvature: 1e-6 is better there.
    """
    xp = array_module(*inputs.values())
    images = {name: x for name, x in inputs.items() if np.issubdtype(x.dtype, np.floating)}

    def loss() -> float:
        outputs, _ = net.forward(inputs, train=True, rng=xp.random.default_rng(seed))
        return sum(float(y) for y in outputs.values() if y.ndim == 0)

    _, tape = net.forward(inputs, train=True, rng=xp.random.default_rng(seed), wrt=tuple(images))
    assert tape is not None  # because of train=True
    gradients = dict(net.backward(tape))
    trained = {name: p for name, p in net.params.items() if net.multipliers[name][0]}
    return check_function(
        loss,
        trained | images,
        gradients,
        entries=entries,
        tolerance=tolerance,
        seed=seed,
        step=step,
    )
