"""The layers and their twins in PyTorch, and the golden numbers that PyTorch gave.

`test_against_torch.py` compares the two where PyTorch is installed. `test_golden.py` needs no
PyTorch: it holds the layers to numbers that PyTorch computed once, in golden/operations.json.
To write that file again, with PyTorch installed:

    python tests/helpers/torch_twins.py
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minifcn.layers import LRN, AvgPool2d, Conv2d, Deconv2d, Layer, Linear, MaxPool2d, SoftmaxLoss

GOLDEN = Path(__file__).parent / "golden" / "operations.json"

Twin = Callable[..., Any]  # twin(torch.nn.functional, *inputs, **parameters) -> output


class Example(NamedTuple):
    """A layer, the shapes of its inputs, and the same operation in PyTorch."""

    layer: Layer
    shapes: tuple[tuple[int, ...], ...]
    twin: Twin


def conv(
    x_shape: tuple[int, ...], filters: int, kernel: tuple[int, int], **options: Any
) -> Example:
    torch_options = {"padding" if key == "pad" else key: value for key, value in options.items()}
    return Example(
        Conv2d(x_shape[1], filters, kernel, **options),
        (x_shape,),
        lambda F, x, weight, bias: F.conv2d(x, weight, bias, **torch_options),
    )


def deconv(
    x_shape: tuple[int, ...], filters: int, kernel: tuple[int, int], **options: Any
) -> Example:
    torch_options = {"padding" if key == "pad" else key: value for key, value in options.items()}
    return Example(
        Deconv2d(x_shape[1], filters, kernel, bias=True, **options),
        (x_shape,),
        lambda F, x, weight, bias: F.conv_transpose2d(x, weight, bias, **torch_options),
    )


def max_pool(x_shape: tuple[int, ...], *, kernel_size, stride, pad, ceil) -> Example:
    return Example(
        MaxPool2d(kernel_size, stride=stride, pad=pad, ceil=ceil),
        (x_shape,),
        lambda F, x: F.max_pool2d(x, kernel_size, stride, pad, ceil_mode=ceil),
    )


def avg_pool(x_shape: tuple[int, ...], *, kernel_size, stride, pad, ceil) -> Example:
    return Example(
        AvgPool2d(kernel_size, stride=stride, pad=pad, ceil=ceil),
        (x_shape,),
        lambda F, x: F.avg_pool2d(x, kernel_size, stride, pad, ceil, count_include_pad=True),
    )


def loss(normalization: str, class_weight: Sequence[float] | None = None) -> Example:
    def twin(F: Any, scores: Any, label: Any) -> Any:
        weight = None if class_weight is None else scores.new_tensor(class_weight)
        reduction = "mean" if normalization == "valid" else "sum"
        return F.cross_entropy(scores, label, weight, ignore_index=255, reduction=reduction)

    layer = SoftmaxLoss(normalization, class_weight=class_weight)
    return Example(layer, ((2, 3, 4, 5), (2, 4, 5)), twin)


OPTIONS = {"kernel_size": (3, 2), "stride": (2, 2), "pad": (1, 0)}

EXAMPLES = {
    "conv": conv((2, 4, 9, 8), 6, (3, 2), stride=(2, 1), pad=(1, 0), dilation=(1, 2), groups=2),
    "deconv": deconv((2, 4, 3, 5), 6, (4, 3), stride=(2, 3), pad=(1, 0), groups=2),
    "max pool, ceil": max_pool((2, 3, 6, 9), **OPTIONS, ceil=True),
    "average pool, ceil": avg_pool((2, 3, 6, 9), **OPTIONS, ceil=True),
    "average pool, floor": avg_pool((2, 3, 6, 9), **OPTIONS, ceil=False),
    "lrn": Example(
        LRN(5, alpha=0.3, beta=0.75, k=2.0),
        ((2, 7, 3, 4),),
        lambda F, x: F.local_response_norm(x, 5, alpha=0.3, beta=0.75, k=2.0),
    ),
    "linear": Example(
        Linear(24, 5),
        ((3, 2, 3, 4),),
        lambda F, x, weight, bias: F.linear(x.flatten(1), weight, bias),
    ),
    "loss, mean": loss("valid"),
    "loss, sum": loss("none"),
    "loss, weighted mean": loss("valid", (0.5, 2.0, 3.0)),
}


def wave(number: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return numbers between -1 and 1 that no generator has to be trusted for."""
    return np.sin(number + 1.7 * np.arange(int(np.prod(shape)))).reshape(shape)


def prepare(example: Example) -> list[np.ndarray]:
    """Fill the layer's parameters, and return the inputs; a second one is a label map."""
    for number, (kind, array) in enumerate(example.layer.params.items(), start=10):
        example.layer.params[kind] = wave(number, array.shape)
    inputs = [wave(number, shape) for number, shape in enumerate(example.shapes)]
    if len(inputs) == 2:
        inputs[1] = np.resize([0, 1, 2, 255, 1, 0, 2], example.shapes[1])
    return inputs


def ours(example: Example) -> dict[str, np.ndarray]:
    """Return the layer's output and all its gradients."""
    y, cache = example.layer.forward(*prepare(example))
    dxs, grads = example.layer.backward(wave(20, y.shape), cache)
    dx = dxs[0] if isinstance(dxs, tuple) else dxs
    return {"output": y, "input": dx, **grads}


def theirs(example: Example, torch: Any) -> dict[str, np.ndarray]:
    """Return PyTorch's output and gradients."""
    inputs = [torch.from_numpy(array) for array in prepare(example)]
    params = {kind: torch.from_numpy(array) for kind, array in example.layer.params.items()}
    for tensor in (inputs[0], *params.values()):
        tensor.requires_grad_()
    y = example.twin(torch.nn.functional, *inputs, **params)
    y.backward(torch.from_numpy(wave(20, tuple(y.shape))))
    gradients = {"input": inputs[0], **params}
    return {"output": y.detach().numpy()} | {k: t.grad.numpy() for k, t in gradients.items()}


def digest(array: np.ndarray) -> list[float]:
    """Return three numbers that change with every value: its sum, and its sum times two waves."""
    return [float((array * factor).sum()) for factor in (1, *map(wave, (1, 2), [array.shape] * 2))]


if __name__ == "__main__":
    import torch

    numbers = {
        name: {key: digest(array) for key, array in theirs(example, torch).items()}
        for name, example in EXAMPLES.items()
    }
    golden = {"source": f"PyTorch {torch.__version__}, float64, CPU", "digests": numbers}
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")
