"""How a kernel, or a window that is pooled, moves over an image: the sizes and their arithmetic."""

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


class PoolWindow(NamedTuple):
    """How a pooling window moves; fields (vertical, horizontal) in pixels."""

    kernel_size: Pair
    stride: Pair
    pad: Pair = (0, 0)
    ceil: bool = True

    @classmethod
    def of(
        cls, kernel_size: int | Pair, stride: int | Pair, pad: int | Pair, ceil: bool
    ) -> PoolWindow:
        """Return a window of sizes that are each one number or two (vertical, horizontal).

        Raises
        ------
        ValueError
            If one is no whole number, a padding is negative or another size less than 1, or the
            padding is as large as the window.
        """
        kh, kw = pair("pooling: kernel_size", kernel_size, 1)
        ph, pw = pair("pooling: pad", pad, 0)
        if ph >= kh or pw >= kw:
            raise ValueError(
                f"pooling: pad {ph, pw} must be smaller than the window {kh, kw}, or a window "
                "would see padding only"
            )
        return cls((kh, kw), pair("pooling: stride", stride, 1), (ph, pw), ceil)

    def within(self, size: Pair) -> PoolWindow:
        """Return the part of the window that sees a pixel of an image of this size."""
        (kh, kw), (ph, pw), (h, w) = self.kernel_size, self.pad, size
        return self._replace(kernel_size=(min(kh, h + ph), min(kw, w + pw)))

    def output_size(self, size: Pair) -> Pair:
        """Return (OH, OW): (size + 2 pad - kernel) / stride rounded as asked, plus 1.

        Raises
        ------
        ValueError
            If no window fits into the padded image.
        """
        oh, ow = (
            _pooled(pixels, kernel, stride, pad, self.ceil)
            for pixels, kernel, stride, pad in zip(
                size, self.kernel_size, self.stride, self.pad, strict=True
            )
        )
        if min(oh, ow) < 1:
            raise ValueError(
                f"pooling: a window of {self.kernel_size} pixels does not fit into an image of "
                f"{size} padded by {self.pad}"
            )
        return oh, ow


HALVING = PoolWindow((2, 2), (2, 2))  # VGG16's: half the size, rounded up


def _pooled(size: int, kernel: int, stride: int, pad: int, ceil: bool) -> int:
    span = size + 2 * pad - kernel
    count = (-(-span // stride) if ceil else span // stride) + 1
    if (count - 1) * stride >= size + pad:
        count -= 1  # a window that starts beyond the image and its padding sees nothing
    return count
