"""Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3)."""

from __future__ import annotations

from typing import NamedTuple

from minifcn.backend import Array, array_module
from minifcn.functional.arguments import require_channels, require_floats, whole_number
from minifcn.functional.cuda.bind import kernel
from minifcn.functional.cuda.lrn import launch_lrn, launch_lrn_backward


class LRNCache(NamedTuple):
    """What the backward pass needs."""

    x: Array  # (N, C, H, W)
    scale: Array  # (N, C, H, W)
    local_size: int
    alpha: float
    beta: float


def lrn_forward(
    x: Array, *, local_size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> tuple[Array, LRNCache]:
    """Divide each value by a power of the energy of its neighbouring channels.

    scale[c] = k + alpha / local_size * sum over the local_size channels centred on c of x**2
    y        = x * scale ** -beta

    As in Caffe, alpha is divided by `local_size`, and channels outside count as zero.

    Parameters
    ----------
    x : array (N, C, H, W), float32 or float64
    local_size : int, odd
    alpha, beta, k : float
        With k > 0 and alpha >= 0, so that scale > 0.

    Raises
    ------
    ValueError
        If x is of another type, or a number is not as it must be.
    """
    require_floats("LRN", x)
    require_channels("LRN", x.shape)
    check_lrn(local_size, alpha, k)
    y, scale = _normalise(x, local_size, alpha, beta, k)
    return y, LRNCache(x, scale, local_size, alpha, beta)


@kernel(launch_lrn)
def _normalise(
    x: Array, local_size: int, alpha: float, beta: float, k: float
) -> tuple[Array, Array]:
    scale = k + alpha / local_size * _sum_channels(x * x, local_size)
    return x * scale**-beta, scale


def check_lrn(local_size: int, alpha: float, k: float) -> None:
    """Raise ValueError if the neighbourhood has no centre, or the scale may be 0 or less."""
    if whole_number("LRN: local_size", local_size, 1) % 2 == 0:
        raise ValueError(f"LRN: local_size must be odd to have a centre, not {local_size}")
    if not (alpha >= 0 and k > 0):
        raise ValueError(f"LRN: alpha must be at least 0 and k above 0, not {alpha} and {k}")


def lrn_backward(dy: Array, cache: LRNCache) -> Array:
    """Return the gradient of the input.

    x[c] reaches its own output, and through `scale` the outputs of all its neighbours:
    dx[c] = dy[c] scale[c]**-beta - 2 alpha beta / local_size x[c] sum_{c' near c} dy y / scale [c']
    """
    return _normalise_backward(dy, *cache)


@kernel(launch_lrn_backward)
def _normalise_backward(
    dy: Array, x: Array, scale: Array, local_size: int, alpha: float, beta: float
) -> Array:
    power = scale**-beta
    ratio = dy * x * power / scale  # dy * y / scale
    return dy * power - 2 * alpha * beta / local_size * x * _sum_channels(ratio, local_size)


def _sum_channels(x: Array, local_size: int) -> Array:
    """Return, for each channel, the sum over the `local_size` channels centred on it."""
    channels = x.shape[1]
    half = min(local_size // 2, channels - 1)  # farther neighbours do not exist
    total = array_module(x).zeros_like(x)
    for shift in range(-half, half + 1):
        low, high = max(0, -shift), min(channels, channels - shift)
        total[:, low:high] += x[:, low + shift : high + shift]
    return total
