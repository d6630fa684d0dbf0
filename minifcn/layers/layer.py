"""What every layer is: parameters, a forward pass, a backward pass, and its geometry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from minifcn.backend import Array
from minifcn.layers.geometry import Footprint

Shape = tuple[int, ...]
Gradients = tuple[Any, dict[str, Array]]  # of the input or the tuple of inputs; of the parameters


def named(params: Mapping[str, Array], gradients: Sequence[Array | None]) -> dict[str, Array]:
    """Return the gradients that were computed, by the names of their parameters.

    Without a bias there is one parameter less than there are gradients.
    """
    pairs = zip(params, gradients, strict=False)
    return {name: gradient for name, gradient in pairs if gradient is not None}


class Layer:
    """A function with parameters. It keeps no state between forward and backward.

    What the backward pass needs is a value that `forward` returns, so a layer may be used at
    several places of a net, and the lifetime of every array is visible in the caller.

    Attributes
    ----------
    params : dict from name to array
        "weight" and "bias", where the layer has them, in this order.
    draws : bool
        Whether `forward` draws random numbers, and takes the generator as `rng`.
    """

    params: dict[str, Array]
    draws = False

    def __init__(self) -> None:
        self.params = {}

    def forward(self, *bottoms: Any, **options: Any) -> tuple[Array, Any]:
        """Return the output in training, and the cache that `backward` needs."""
        raise NotImplementedError

    def infer(self, *bottoms: Any) -> Array:
        """Return the output in inference, where nothing is drawn and no cache is needed."""
        return self.forward(*bottoms)[0]

    def backward(self, dy: Array, cache: Any) -> Gradients:
        """Return the gradient of the input (a tuple if there are several) and of the parameters.

        Layers with parameters also take `need_dx` and `need_grads`, for they may be the lowest that
        learns, or frozen. What is not needed is not computed: None in place of the first, {} of the
        second.

        Parameters
        ----------
        dy : array
            Gradient of the loss with respect to the output.
        cache
            What `forward` returned.
        """
        raise NotImplementedError

    def output_shape(self, *shapes: Any) -> Shape:
        """Return the shape of the output for inputs of these shapes, without running."""
        return tuple(shapes[0])

    def footprint(self) -> Footprint | None:
        """Return how an output pixel covers input pixels; None if the notion does not apply."""
        return Footprint()

    def flops(self, *shapes: Any) -> int:
        """Return the multiplications and additions of one forward pass over these input shapes.

        Only products with weights are counted (convolution, deconvolution, inner product), as is
        usual; everything else is bound by memory, not by arithmetic.
        """
        return 0
