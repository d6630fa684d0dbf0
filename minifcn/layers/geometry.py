"""Where a net looks: coordinate maps, crop offsets and receptive fields.

Each layer maps positions of its output to positions of its input, x_in = (x_out - offset) / scale
in each axis. Following a net from its output down to the image tells which image pixel an output
pixel is centred on; two maps of the same grid differ by a shift, and that shift is the offset at
which one must be cropped to lie on the other. So no crop in this package is a typed-in number.

All numbers are exact fractions: a pooling layer shifts by quarter pixels.

Source: section 3.1 of the paper (composition of kernels and strides); the rules are those of
Caffe's coordinate maps, for which Shelhamer et al. 2017 use the "Crop" layer.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

Pair = tuple[int, int]


class Footprint(NamedTuple):
    """How an output pixel covers the input: `extent` pixels, moved by `stride`, from `-pad` on.

    With `transposed` the same read from the input's side: each input pixel covers the output.
    The default is a pointwise layer. `shift` is that of a crop.
    """

    extent: Pair = (1, 1)
    stride: Pair = (1, 1)
    pad: Pair = (0, 0)
    transposed: bool = False
    shift: Pair = (0, 0)


class CoordMap(NamedTuple):
    """The affine map x -> scale * x + offset of one axis, from input to output positions."""

    scale: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)

    def after(self, first: CoordMap) -> CoordMap:
        """Return the map that applies `first` and then this one."""
        return CoordMap(self.scale * first.scale, self.scale * first.offset + self.offset)

    def inverse(self) -> CoordMap:
        """Return the map from output to input positions."""
        return CoordMap(1 / self.scale, -self.offset / self.scale)


IDENTITY = (CoordMap(), CoordMap())


def coordinate_map(footprint: Footprint) -> tuple[CoordMap, CoordMap]:
    """Return a layer's coordinate map for the vertical and the horizontal axis.

    Convolution and pooling put output pixel i over the input pixels around i*s - p + (k-1)/2, so
    from input to output: x -> (x + p - (k-1)/2) / s. Deconvolution is the inverse of the
    convolution it transposes. A crop by o subtracts o.
    """

    def axis(extent: int, stride: int, pad: int, shift: int) -> CoordMap:
        read = CoordMap(Fraction(1, stride), (pad - Fraction(extent - 1, 2)) / stride)
        turned = read.inverse() if footprint.transposed else read
        return CoordMap(turned.scale, turned.offset - shift)

    vertical, horizontal = zip(
        footprint.extent, footprint.stride, footprint.pad, footprint.shift, strict=True
    )
    return axis(*vertical), axis(*horizontal)


def grid_offset(
    maps: tuple[CoordMap, CoordMap], reference: tuple[CoordMap, CoordMap]
) -> tuple[Fraction, Fraction]:
    """Return where in a blob its reference begins, per axis, in pixels of the blob.

    It is negative where the reference begins before the blob.

    Parameters
    ----------
    maps, reference : (CoordMap, CoordMap)
        Coordinate maps of the blob and of the reference, both from the same ancestor (the image).

    Raises
    ------
    ValueError
        If the two grids have different strides.
    """
    offsets = []
    for ours, theirs in zip(maps, reference, strict=True):
        across = ours.after(theirs.inverse())  # from reference positions to ours
        if across.scale != 1:
            raise ValueError(f"crop: the strides differ by a factor of {across.scale}")
        offsets.append(across.offset)
    return offsets[0], offsets[1]


def crop_offset(
    maps: tuple[CoordMap, CoordMap], reference: tuple[CoordMap, CoordMap]
) -> tuple[int, int]:
    """Return the offset at which a blob must be cropped to lie on its reference, per axis.

    Parameters
    ----------
    maps, reference : (CoordMap, CoordMap)
        As in `grid_offset`.

    Raises
    ------
    ValueError
        If the two grids have different strides, lie a fraction of a pixel apart, or the
        reference begins before the blob.
    """
    offsets = grid_offset(maps, reference)
    for offset in offsets:
        if offset.denominator != 1 or offset < 0:
            raise ValueError(
                f"crop: the reference would begin at pixel {offset} of the blob to be "
                "cropped; choose kernel sizes and padding that make it a whole number >= 0"
            )
    return int(offsets[0]), int(offsets[1])


class Span(NamedTuple):
    """The rows, or the columns, [first, end) of a map; none if the end is not behind the first."""

    first: int
    end: int


def covered(span: Span, footprint: Footprint, axis: int) -> Span:
    """Return the outputs of a convolution or pooling whose windows lie wholly in a span.

    Output pixel i sees the input pixels from i*s - p to i*s - p + k - 1.

    Parameters
    ----------
    span : Span
        Of input pixels; those of the padding count on, from -p and behind the last.
    footprint : Footprint
    axis : int
        0 or 1.
    """
    extent, stride, pad = footprint.extent[axis], footprint.stride[axis], footprint.pad[axis]
    return Span(-(-(span.first + pad) // stride), (span.end - extent + pad) // stride + 1)


class ReceptiveField(NamedTuple):
    """The image pixels that one output value depends on, and the step between neighbours."""

    size: Fraction = Fraction(1)
    stride: Fraction = Fraction(1)

    def through(self, footprint: Footprint) -> ReceptiveField:
        """Return the receptive field after one more layer (vertical axis).

        size grows by (k - 1) strides of the input; the stride is multiplied by the layer's. An
        output pixel of a deconvolution sees ceil(k / s) inputs.
        """
        extent, stride = footprint.extent[0], footprint.stride[0]
        if footprint.transposed:
            return ReceptiveField(
                self.size + (-(-extent // stride) - 1) * self.stride, self.stride / stride
            )
        return ReceptiveField(self.size + (extent - 1) * self.stride, self.stride * stride)
