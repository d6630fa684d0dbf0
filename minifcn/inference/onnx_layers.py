"""What each layer is in ONNX, the exchange format of inference engines.

The operators of ONNX's standard set are those of this library under other names, with Caffe's
rounding of poolings as `ceil_mode`. Dropout does nothing in inference and is left out.

Source: github.com/onnx/onnx, docs/Operators.md; opset 18.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minifcn.backend import to_host
from minifcn.layers import (
    LRN,
    AvgPool2d,
    Concat,
    Conv2d,
    Crop,
    Deconv2d,
    Dropout,
    EltwiseMax,
    EltwiseSum,
    Layer,
    Linear,
    MaxPool2d,
    ReLU,
    Scale,
)
from minifcn.weights.importing.formats.onnx_file import EACH_CHANNEL
from minifcn.weights.store import WeightsError

Operator = tuple[str, list[str], str, dict[str, Any]]  # type, inputs, output, attributes


def each_channel_alone(layer: Layer) -> bool:
    """Return whether a layer is an upsampling that never mixes channels, as a bilinear one.

    Its weight (C, C, K, K) is nearly all zeros; engines are given the C kernels alone.
    """
    if not isinstance(layer, Deconv2d) or layer.groups != 1:
        return False
    weight = to_host(layer.params["weight"])
    if weight.shape[0] != weight.shape[1]:
        return False
    return not weight[~np.identity(len(weight), bool)].any()


def initializers(owner: str, layer: Layer) -> dict[str, np.ndarray]:
    """Return the parameters of a layer by the names that they have in the file."""
    arrays = {f"{owner}/{name}": to_host(array) for name, array in layer.params.items()}
    if each_channel_alone(layer):
        channels = np.arange(len(layer.params["weight"]))
        weight = arrays.pop(f"{owner}/weight")[channels, channels][:, None]  # (C, 1, K, K)
        arrays = {f"{owner}/weight{EACH_CHANNEL}": weight, **arrays}
    return arrays


def operators(
    name: str,
    layer: Layer,
    bottoms: Sequence[str],
    params: Sequence[str],
    size: tuple[int, int] | None = None,
) -> list[Operator]:
    """Return the operators that compute a layer; the last one's output is its blob.

    Parameters
    ----------
    name : str
        Of the blob.
    layer : Layer
    bottoms : sequence of str
        The blobs that it reads.
    params : sequence of str
        The names of its initializers.
    size : (int, int), optional
        Of the blob, where the size of the image is fixed.

    Raises
    ------
    WeightsError
        If ONNX has no operator for it.
    """
    for kind, write in _WRITERS.items():
        if isinstance(layer, kind):
            return write(name, layer, list(bottoms), list(params), size)
    raise WeightsError(f"layer {name}: there is no operator of ONNX for {type(layer).__name__}")


def constant(name: str, value: Any, dtype: Any) -> Operator:
    """Return an operator that yields a constant."""
    return "Constant", [], name, {"value": np.array(value, dtype)}


def _convolution(
    name: str, layer: Any, bottoms: list[str], params: list[str], _: Any
) -> list[Operator]:
    kernel, stride, pad, dilation = layer.window
    attributes = {
        "kernel_shape": kernel,
        "strides": stride,
        "pads": (*pad, *pad),
        "dilations": dilation,
        "group": layer.params["weight"].shape[0] if each_channel_alone(layer) else layer.groups,
    }
    kind = "ConvTranspose" if layer.transposed else "Conv"
    return [(kind, bottoms + params, name, attributes)]


def _pooling(name: str, layer: Any, bottoms: list[str], _: Any, __: Any) -> list[Operator]:
    kernel, stride, pad, ceil, dilation, overhang = layer.window
    if dilation != (1, 1) or overhang != (0, 0):
        raise WeightsError(f"layer {name}: ONNX does not round a pooling with holes as it is here")
    attributes = {"kernel_shape": kernel, "strides": stride, "pads": (*pad, *pad)}
    if isinstance(layer, AvgPool2d) and any(pad):
        raise WeightsError(f"layer {name}: a mean over padding is not the same in ONNX")
    kind = "MaxPool" if isinstance(layer, MaxPool2d) else "AveragePool"
    return [(kind, bottoms, name, attributes | {"ceil_mode": int(ceil)})]


def _lrn(name: str, layer: Any, bottoms: list[str], _: Any, __: Any) -> list[Operator]:
    attributes = {
        "size": layer.local_size,
        "alpha": float(layer.alpha),
        "beta": float(layer.beta),
        "bias": float(layer.k),
    }
    return [("LRN", bottoms, name, attributes)]


def _sum(name: str, layer: Any, bottoms: list[str], _: Any, __: Any) -> list[Operator]:
    nodes: list[Operator] = []
    terms = list(bottoms)
    for index, coefficient in enumerate(layer.coefficients or ()):
        factor, terms[index] = f"{name}:factor{index}", f"{name}:term{index}"
        nodes.append(constant(factor, coefficient, np.float32))
        nodes.append(("Mul", [bottoms[index], factor], terms[index], {}))
    return [*nodes, ("Sum", terms, name, {})]


def _crop(
    name: str, layer: Any, bottoms: list[str], _: Any, size: tuple[int, int] | None
) -> list[Operator]:
    x, reference = bottoms
    starts, ends, axes = f"{name}:starts", f"{name}:ends", f"{name}:axes"
    nodes = [constant(starts, layer.offset, np.int64), constant(axes, (2, 3), np.int64)]
    if size is not None:
        offset = np.array(layer.offset)
        nodes.append(constant(ends, offset + size, np.int64))
    else:
        nodes.append(("Shape", [reference], f"{name}:size", {"start": 2, "end": 4}))
        nodes.append(("Add", [f"{name}:size", starts], ends, {}))
    return [*nodes, ("Slice", [x, starts, ends, axes], name, {})]


def _scale(name: str, _: Any, bottoms: list[str], params: list[str], __: Any) -> list[Operator]:
    axes, factor = f"{name}:axes", f"{name}:factor"  # (C,) to (C, 1, 1)
    return [
        constant(axes, (1, 2), np.int64),
        ("Unsqueeze", [*params, axes], factor, {}),
        ("Mul", [*bottoms, factor], name, {}),
    ]


def _linear(name: str, _: Any, bottoms: list[str], params: list[str], __: Any) -> list[Operator]:
    rows = f"{name}:rows"  # (N, C, H, W) to (N, C*H*W)
    return [
        ("Flatten", bottoms, rows, {"axis": 1}),
        ("Gemm", [rows, *params], name, {"transB": 1}),
    ]


def _single(kind: str, **attributes: Any) -> Callable[..., list[Operator]]:
    """Return a writer of one operator without parameters."""
    return lambda name, _, bottoms, *__: [(kind, bottoms, name, attributes)]


_WRITERS: Mapping[type[Layer], Callable[..., list[Operator]]] = {
    Conv2d: _convolution,
    Deconv2d: _convolution,
    MaxPool2d: _pooling,
    AvgPool2d: _pooling,
    LRN: _lrn,
    ReLU: _single("Relu"),
    Dropout: _single("Identity"),
    Concat: _single("Concat", axis=1),
    EltwiseMax: _single("Max"),
    EltwiseSum: _sum,
    Crop: _crop,
    Scale: _scale,
    Linear: _linear,
}
