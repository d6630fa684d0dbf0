"""Binding a kernel to its plain twin: one line above the twin, `@kernel(launch_relu_backward)`.

The twin is the definition, plain array code. Where the arrays are on a GPU and the kernel can take
them, the launcher is called in its place, with the same arguments; everywhere else, and for what no
kernel takes (half precision, integers), the twin is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from minifcn.backend import Array, array_module
from minifcn.functional.cuda.launch import TYPES, launchable

Twin = TypeVar("Twin", bound=Callable[..., Any])


def of_one_type(*arrays: Array) -> bool:
    """Return whether the floating-point arrays are of one type, one that kernels call Real."""
    dtypes = {array.dtype.name for array in arrays if array.dtype.kind == "f"}
    return len(dtypes) == 1 and dtypes <= set(TYPES["Real"])


def kernel(
    launcher: Callable[..., Any], takes: Callable[..., bool] = of_one_type
) -> Callable[[Twin], Twin]:
    """Let a kernel compute in the place of the function below, where it can.

    Parameters
    ----------
    launcher : callable
        Takes the arguments of the function and returns what it does.
    takes : callable
        Takes the arrays among the arguments, and returns whether the kernel can compute with them.
    """

    def bind(twin: Twin) -> Twin:
        @wraps(twin)
        def either(*arguments: Any, **options: Any) -> Any:
            xp = array_module(*arguments)
            if launchable(xp) and takes(*(a for a in arguments if isinstance(a, xp.ndarray))):
                return launcher(*arguments, **options)
            return twin(*arguments, **options)

        return either  # type: ignore[return-value]

    return bind
