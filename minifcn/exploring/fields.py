"""Where a value looks: the part of each map, back to the image, that it depends on."""

from __future__ import annotations

from collections.abc import Mapping

from minifcn.exploring.stages import Stage
from minifcn.layers.geometry import Footprint, Pair, Span

Area = tuple[Span, Span]  # rows and columns
POINT = Footprint()
NOTHING = Span(0, 0)


def seen_by(span: Span, footprint: Footprint, axis: int) -> Span:
    """Return the input pixels of an axis that the outputs of a span depend on, borders or not.

    Output pixel i of a convolution sees the inputs from i*s - p to i*s - p + k - 1. Turned round, a
    deconvolution's sees the inputs j with j*s - p <= i <= j*s - p + k - 1. A crop by o sees i + o.
    """
    extent, stride, pad = footprint.extent[axis], footprint.stride[axis], footprint.pad[axis]
    if span == NOTHING:
        return span
    first, last = span.first, span.end - 1
    if footprint.transposed:
        return Span(-(-(first + pad - extent + 1) // stride), (last + pad) // stride + 1)
    shift = footprint.shift[axis]
    return Span(first * stride - pad + shift, last * stride - pad + shift + extent)


def fields(
    stages: dict[str, Stage], name: str, pixel: Pair, sizes: Mapping[str, Pair]
) -> dict[str, Area]:
    """Return the part of each stage that a pixel of one of them depends on.

    Parameters
    ----------
    stages : dict of str to Stage
        In order of execution.
    name : str
        The stage of the pixel.
    pixel : (int, int)
        Row and column.
    sizes : mapping of str to (int, int)
        Height and width of each stage.

    Returns
    -------
    dict of str to (Span, Span)
        Rows and columns within the map; of several ways to a stage all that they see. Both spans
        are (0, 0) where it sees only padding. A stage that it does not lead to is left out.
    """
    areas: dict[str, Area] = {name: (Span(pixel[0], pixel[0] + 1), Span(pixel[1], pixel[1] + 1))}
    for stage in reversed(stages.values()):
        if stage.name not in areas:
            continue
        footprint = stage.layer.footprint() if stage.layer else None
        for bottom in stage.read:
            area = tuple(
                _within(seen_by(span, footprint or POINT, axis), sizes[bottom][axis])
                for axis, span in enumerate(areas[stage.name])
            )
            known = areas.get(bottom, area)
            rows, columns = (_around(a, b) for a, b in zip(known, area, strict=True))
            areas[bottom] = rows, columns
    return areas


def _within(span: Span, size: int) -> Span:
    """Return the part of a span that is in the map, and not in its padding."""
    first, end = max(span.first, 0), min(span.end, size)
    return Span(first, end) if first < end else NOTHING


def _around(one: Span, other: Span) -> Span:
    if NOTHING in (one, other):
        return max(one, other, key=lambda span: span.end)
    return Span(min(one.first, other.first), max(one.end, other.end))
