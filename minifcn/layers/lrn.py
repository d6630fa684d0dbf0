"""Local response normalisation as a layer."""

from __future__ import annotations

from minifcn.backend import Array
from minifcn.functional.lrn import LRNCache, check_lrn, lrn_backward, lrn_forward
from minifcn.layers.layer import Gradients, Layer


class LRN(Layer):
    """Normalise each value by the energy of its neighbouring channels (AlexNet, GoogLeNet).

    Parameters
    ----------
    local_size : int, odd
        Number of channels in the neighbourhood.
    alpha, beta, k : float
        y = x * (k + alpha / local_size * sum of squares) ** -beta; k > 0 and alpha >= 0
    """

    def __init__(
        self, local_size: int = 5, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
    ) -> None:
        super().__init__()
        check_lrn(local_size, alpha, k)
        self.local_size, self.alpha, self.beta, self.k = local_size, alpha, beta, k

    def forward(self, x: Array) -> tuple[Array, LRNCache]:
        """Return the normalised map."""
        return lrn_forward(
            x, local_size=self.local_size, alpha=self.alpha, beta=self.beta, k=self.k
        )

    def backward(self, dy: Array, cache: LRNCache) -> Gradients:
        """Return dx."""
        return lrn_backward(dy, cache), {}
