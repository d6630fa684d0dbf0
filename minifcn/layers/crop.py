"""The crop that lays one map on another; `functional/naive/joining.py` says it in loops."""

from __future__ import annotations

from minifcn.backend import Array, array_module
from minifcn.functional.arguments import image_shape, pair
from minifcn.functional.fast.recycle import recycled_zeros
from minifcn.layers.geometry import Footprint
from minifcn.layers.layer import Gradients, Layer, Shape


class Crop(Layer):
    """Cut from the first input the part that lies over the second, which gives only its size.

    Parameters
    ----------
    offset : int or (int, int)
        Where the part begins, in pixels; `geometry.crop_offset` derives it. It is not a centre
        crop: the part begins at the offset and has exactly the reference's height and width.
    """

    def __init__(self, offset: int | tuple[int, int]) -> None:
        super().__init__()
        self.offset = pair("crop: offset", offset, 0)

    def forward(self, x: Array, reference: Array) -> tuple[Array, Shape]:
        """Return x[:, :, o : o + h, p : p + w] for a reference of (h, w) pixels."""
        self.output_shape(x.shape, reference.shape)
        (top, left), (h, w) = self.offset, reference.shape[2:]
        return x[:, :, top : top + h, left : left + w], x.shape

    def backward(self, dy: Array, cache: Shape) -> Gradients:
        """Return dx: dy surrounded by zeros; the reference gets no gradient."""
        (top, left), (h, w) = self.offset, dy.shape[2:]
        dx = recycled_zeros(array_module(dy), cache, dy.dtype)
        dx[:, :, top : top + h, left : left + w] = dy
        return (dx, None), {}

    def output_shape(self, x_shape: Shape, reference_shape: Shape) -> Shape:
        """Return the batch and channels of the first shape with the size of the second."""
        (n, c, h, w), (*_, rh, rw) = image_shape("crop", x_shape), reference_shape
        top, left = self.offset
        if top + rh > h or left + rw > w:
            raise ValueError(
                f"crop: {rh} x {rw} pixels from offset {self.offset} do not fit into {h} x {w}; "
                "the net needs a larger padding for this image size"
            )
        return n, c, rh, rw

    def footprint(self) -> Footprint:
        """Return a pointwise footprint shifted by the offset."""
        return Footprint(shift=self.offset)
