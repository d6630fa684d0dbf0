"""What every layer is: parameters, a forward pass, a backward pass, and its geometry."""

from __future__ import annotations

from typing import Any

from minifcn.backend import Array
from minifcn.layers.geometry import Footprint

Shape = tuple[int, ...]


class Layer:
    """A function with parameters. It keeps no state between forward and backward.

    What the backward pass needs is a value that `forward` returns, so a layer may be used at
    several places of a net, and the lifetime of every array is visible in the caller.

    Attributes
    ----------
    params : dict from name to array
        "weight" and "bias", where the layer has them, in this order.
    """

    params: dict[str, Array]

    def __init__(self) -> None:
        self.params = {}

    def forward(self, *bottoms: Array, train: bool = False, rng: Any = None) -> tuple[Array, Any]:
        """Return the output and the cache for `backward` (None when `train` is False)."""
        raise NotImplementedError

    def backward(
        self, dy: Array, cache: Any, *, need_dx: bool = True, need_grads: bool = True
    ) -> tuple[Any, dict[str, Array]]:
        """Return the gradient of the input (a tuple if there are several) and of the parameters.

        Parameters
        ----------
        dy : array
            Gradient of the loss with respect to the output.
        cache
            What `forward` returned with `train=True`.
        need_dx, need_grads : bool
            What is not needed is not computed: None in place of the first, {} of the second.
        """
        raise NotImplementedError

    def output_shape(self, *shapes: Shape) -> Shape:
        """Return the shape of the output for inputs of these shapes, without running."""
        return shapes[0]

    def footprint(self) -> Footprint | None:
        """Return how an output pixel covers input pixels; None if the notion does not apply."""
        return Footprint()

    def flops(self, *shapes: Shape) -> int:
        """Return the multiplications and additions of one forward pass over these input shapes.

        Only products with weights are counted (convolution, deconvolution, inner product), as is
        usual; everything else is bound by memory, not by arithmetic.
        """
        return 0
