"""The operations' twins in PyTorch, and the golden numbers that PyTorch gave.

`test_against_torch.py` compares the two where PyTorch is installed. `test_golden.py` needs no
PyTorch: it holds the operations to numbers that PyTorch computed once, in golden/operations.json.
To write that file again, with PyTorch installed, from the folder `tests`:

    python -m helpers.torch_twins
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from helpers.cases import Case
from helpers.ladder import ALL, arrays_of, called, dy_of, label_of

GOLDEN = Path(__file__).parent / "golden" / "operations.json"


def has_twin(operation: str, case: Case) -> bool:
    """Return whether PyTorch has the operation; it pads poolings by half their kernel at most."""
    gaps = operation.endswith("pool") and "dilation" in case.options
    return operation != "dropout" and not gaps


TWINS = [(operation, case) for operation, case in ALL if has_twin(operation, case)]


def twin_of(operation: str, case: Case, torch: Any) -> Callable[..., Any]:
    """Return the operation in PyTorch, as a function of its tensors."""
    F = torch.nn.functional
    options = {"padding" if key == "pad" else key: v for key, v in case.options.items()}
    if operation.endswith("pool"):
        options["ceil_mode"] = options.pop("ceil", True)
    if operation == "lrn":
        options["size"] = options.pop("local_size")
    if operation == "softmax_loss":
        return _loss(F, torch.tensor(label_of(case)), **options)
    function = {
        "conv2d": F.conv2d,
        "deconv2d": F.conv_transpose2d,
        "max_pool": F.max_pool2d,
        "avg_pool": F.avg_pool2d,
        "relu": F.relu,
        "lrn": F.local_response_norm,
        "linear": lambda x, *parameters: F.linear(x.flatten(1), *parameters),
    }[operation]
    return lambda *tensors: function(*tensors, **options)


def _loss(F: Any, label: Any, normalization: str = "valid", **options: Any) -> Callable[..., Any]:
    ignore, weight = options.get("ignore_index", 255), options.get("class_weight")

    def loss(scores: Any) -> Any:
        weights = None if weight is None else scores.new_tensor(weight)
        reduction = "mean" if normalization == "valid" else "sum"
        total = F.cross_entropy(scores, label, weights, ignore_index=ignore, reduction=reduction)
        return total / len(scores) if normalization == "batch" else total

    return loss


def theirs(operation: str, case: Case, torch: Any) -> list[np.ndarray]:
    """Return PyTorch's output and gradients."""
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays_of(operation, case).values()]
    y = twin_of(operation, case, torch)(*tensors)
    y.backward(torch.tensor(dy_of(y.detach().numpy())))
    return [y.detach().numpy(), *(tensor.grad.numpy() for tensor in tensors)]


def digest(array: np.ndarray) -> list[float]:
    """Return three numbers that change with every value: its sum, and its sum times two waves."""
    places = 1.7 * np.arange(array.size).reshape(array.shape)
    return [float((array * factor).sum()) for factor in (1, np.sin(1 + places), np.sin(2 + places))]


if __name__ == "__main__":
    import torch

    numbers = {called(*one): [digest(array) for array in theirs(*one, torch)] for one in TWINS}
    golden = {"source": f"PyTorch {torch.__version__}, float64, CPU", "digests": numbers}
    GOLDEN.write_text(json.dumps(golden, indent=1) + "\n")
