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
        return _extent(self.kernel_size, self.dilation)

    def output_size(self, size: Pair) -> Pair:
        """Return (OH, OW) = floor((size + 2 pad - extent) / stride) + 1."""
        (h, w), (eh, ew) = size, self.extent()
        (sh, sw), (ph, pw) = self.stride, self.pad
        return (h + 2 * ph - eh) // sh + 1, (w + 2 * pw - ew) // sw + 1


class PoolWindow(NamedTuple):
    """How a pooling window moves; fields (vertical, horizontal) in pixels.

    A dilated window takes every `dilation`-th pixel, as a dilated kernel does. `overhang` is for a
    pooling that has lost its stride (`net/rarefy.py`): by so many pixels its last windows may
    reach beyond the padded image, as those of the stride did that were rounded up.
    """

    kernel_size: Pair
    stride: Pair
    pad: Pair = (0, 0)
    ceil: bool = True
    dilation: Pair = (1, 1)
    overhang: Pair = (0, 0)

    @classmethod
    def of(
        cls,
        kernel_size: int | Pair,
        stride: int | Pair,
        pad: int | Pair,
        ceil: bool,
        dilation: int | Pair = 1,
        overhang: int | Pair = 0,
    ) -> PoolWindow:
        """Return a window of sizes that are each one number or two (vertical, horizontal).

        Raises
        ------
        ValueError
            If one is no whole number, a padding or an overhang is negative or another size less
            than 1, or the padding is as large as the window.
        """
        window = cls(
            pair("pooling: kernel_size", kernel_size, 1),
            pair("pooling: stride", stride, 1),
            pair("pooling: pad", pad, 0),
            ceil,
            pair("pooling: dilation", dilation, 1),
            pair("pooling: overhang", overhang, 0),
        )
        if any(p >= extent for p, extent in zip(window.pad, window.extent(), strict=True)):
            raise ValueError(
                f"pooling: pad {window.pad} must be smaller than the window {window.extent()}, or "
                "a window would see padding only"
            )
        return window

    def extent(self) -> Pair:
        """Return the pixels a dilated window spans: dilation * (kernel_size - 1) + 1."""
        return _extent(self.kernel_size, self.dilation)

    def within(self, size: Pair) -> PoolWindow:
        """Return the part of the window that sees a pixel of an image of this size."""
        kh, kw = (
            min(kernel, -(-(pixels + pad) // dilation))
            for kernel, pixels, pad, dilation in zip(
                self.kernel_size, size, self.pad, self.dilation, strict=True
            )
        )
        return self._replace(kernel_size=(kh, kw))

    def output_size(self, size: Pair) -> Pair:
        """Return (OH, OW): (size + 2 pad - extent + overhang) / stride rounded as asked, plus 1.

        Raises
        ------
        ValueError
            If no window fits into the padded image, or one would see padding only.
        """
        oh, ow = (_pooled(self, size, axis) for axis in (0, 1))
        if min(oh, ow) < 1:
            raise ValueError(
                f"pooling: a window of {self.extent()} pixels does not fit into an image of "
                f"{size} padded by {self.pad}"
            )
        return oh, ow


HALVING = PoolWindow((2, 2), (2, 2))  # VGG16's: half the size, rounded up


def _extent(kernel_size: Pair, dilation: Pair) -> Pair:
    (kh, kw), (dh, dw) = kernel_size, dilation
    return dh * (kh - 1) + 1, dw * (kw - 1) + 1


def _pooled(window: PoolWindow, image: Pair, axis: int) -> int:
    """Count the windows along an axis."""
    size, stride, pad = image[axis], window.stride[axis], window.pad[axis]
    span = size + 2 * pad - window.extent()[axis] + window.overhang[axis]
    count = (-(-span // stride) if window.ceil else span // stride) + 1
    # A window that starts beyond the image and its padding sees nothing.
    count = min(count, -(-(size + pad) // stride))
    dilation = window.dilation[axis]
    before = range(-pad, min(0, count * stride - pad), stride)  # where windows start outside
    if any(start % dilation >= size for start in before):
        raise ValueError(
            f"pooling: a window that takes one in {dilation} of {size} pixels, padded by {pad}, "
            "would see padding only"
        )
    return count
