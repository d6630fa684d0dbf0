"""How a kernel moves over an image: what convolution and deconvolution have in common."""

from __future__ import annotations

from typing import NamedTuple

from minifcn.functional.arguments import Pair, pair


class Window(NamedTuple):
    """How a kernel moves over an image; every field is (vertical, horizontal), in pixels."""

    kernel_size: Pair
    stride: Pair = (1, 1)
    pad: Pair = (0, 0)
    dilation: Pair = (1, 1)

    @classmethod
    def of(
        cls,
        operation: str,
        kernel_size: int | Pair,
        stride: int | Pair,
        pad: int | Pair,
        dilation: int | Pair = 1,
    ) -> Window:
        """Return a window of sizes that are each one number or two (vertical, horizontal).

        Raises
        ------
        ValueError
            If one is no whole number, a padding is negative or another size less than 1; the
            message begins with the name of the operation.
        """
        return cls(
            pair(f"{operation}: kernel_size", kernel_size, 1),
            pair(f"{operation}: stride", stride, 1),
            pair(f"{operation}: pad", pad, 0),
            pair(f"{operation}: dilation", dilation, 1),
        )

    def extent(self) -> Pair:
        """Return the pixels a dilated kernel spans: dilation * (kernel_size - 1) + 1."""
        (kh, kw), (dh, dw) = self.kernel_size, self.dilation
        return dh * (kh - 1) + 1, dw * (kw - 1) + 1

    def output_size(self, size: Pair) -> Pair:
        """Return (OH, OW) = floor((size + 2 pad - extent) / stride) + 1."""
        (h, w), (eh, ew) = size, self.extent()
        (sh, sw), (ph, pw) = self.stride, self.pad
        return (h + 2 * ph - eh) // sh + 1, (w + 2 * pw - ew) // sw + 1
