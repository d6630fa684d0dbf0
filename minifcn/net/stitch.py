"""Shift-and-stitch: a coarse net made dense by running it on every shift of its input.

A net of stride f answers for every f-th window. On the input shifted by one pixel it answers for
those beside them. All f * f shifts, down and to the right, interlaced, are the answers for all.

The paper shifts the image. Here the image stays, and what is shifted is where the layers begin: a
shift by P pixels is one by P mod 2 at the first halving, by (P mod 4) // 2 at the second, as the
digits of P say. The layers between have no stride and are the same for all shifts. The two differ
at the edges of the maps only. With the image its edge would move, and the zeros that padding puts
there in every layer; where nothing has seen them it is the same number. So all answers are those
for the image where it lies, those of shift 0 are the net's own, and together they are what
rarefaction gives (`rarefy.py`), edges included.

Source: section 3.2 of the paper; OverFeat (Sermanet et al. 2014) does it for the last pooling.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from fractions import Fraction

import numpy as np

from minifcn.backend import Array, array_module
from minifcn.functional.arguments import Pair
from minifcn.layers import Conv2d, Layer
from minifcn.layers.geometry import Footprint
from minifcn.layers.layer import Shape
from minifcn.net.graph import Node, coordinate_maps
from minifcn.net.net import Net
from minifcn.net.rarefy import MOVING, rarefy, strided


def shift_and_stitch(
    net: Net, inputs: Mapping[str, Array], stride: int, output: str = "score_fr"
) -> Array:
    """Run a net on every shift of its input, and interlace the outputs.

    stitched[n, c, f*i + a, f*j + b] = output[n, c, i, j] of the net shifted by (a, b) strides

    Parameters
    ----------
    net : Net
    inputs : dict from name to array (N, C, H, W)
        As for `Net.forward`.
    stride : int
        In pixels of the image, a divisor of the output's stride, which is f times as large.
    output : str

    Returns
    -------
    array (N, C, OH, OW)
        What the net of `rarefy` gives, to rounding.

    Raises
    ------
    ValueError
        As `rarefy`; for a pooling that has a stride and padding, which cannot be shifted; and if
        an image is so small that a shift leaves nothing of a map.

    Cost
    ----
    f * f runs of the net, in the memory of one.

    Source: section 3.2 of the paper.
    """
    dense = rarefy(net, stride, [output])
    shape = dense.shapes(**{name: array.shape for name, array in inputs.items()})[output]
    f = int(net.receptive_fields()[output].stride) // stride
    any_input = next(iter(inputs.values()))
    stitched = array_module(any_input).empty(shape, any_input.dtype)
    for a, b in np.ndindex(min(f, shape[2]), min(f, shape[3])):
        moved = shifted(net, (a * stride, b * stride), output)
        stitched[:, :, a::f, b::f] = moved.forward(inputs, outputs=[output])[0][output]
    return stitched


def shifted(net: Net, shift: Pair, output: str = "score_fr") -> Net:
    """Return the net that answers for the image moved up and left, with the net's own parameters.

    Parameters
    ----------
    net : Net
    shift : (int, int)
        In pixels of the image, less than the stride of the output.
    output : str

    Raises
    ------
    ValueError
        As `shift_and_stitch`.
    """
    nodes: list[Node] = []
    for node, before in strided(net, 1, [output]):
        nodes += _shifted(node, before, shift)
    return Net(nodes)


def _shifted(node: Node, before: Pair, shift: Pair) -> list[Node]:
    """Return a node whose input has the stride `before`, or what replaces it in a shifted net."""
    if not isinstance(node.layer, MOVING):
        return [node]
    window = node.layer.window
    down, across = (
        moved % (first * own) // first
        for moved, first, own in zip(shift, before, window.stride, strict=True)
    )
    if not (down or across):
        return [node]
    if any(window.pad) and not isinstance(node.layer, Conv2d):
        raise ValueError(
            f"shift-and-stitch: the pooling {node.name} has a stride and padding, and cannot be "
            "shifted; rarefy the net"
        )
    later = copy(node.layer)  # with the same parameters
    later.window = window._replace(pad=(0, 0))
    name = f"{node.name} (shifted)"
    begin = Begin((down, across), window.pad)
    return [Node(name, begin, node.bottoms), Node(node.name, later, (name,))]


class Begin(Layer):
    """The padded map from a later row and column on: where a shifted layer begins; in inference."""

    def __init__(self, begin: Pair, pad: Pair) -> None:
        super().__init__()
        self.begin, self.pad = begin, pad

    def forward(self, x: Array) -> tuple[Array, None]:
        """Return the (N, C, H + 2 PH - rows, W + 2 PW - columns) rest."""
        (ph, pw), (h, w) = self.pad, x.shape[2:]
        whole = x
        if ph or pw:
            whole = array_module(x).zeros((*x.shape[:2], h + 2 * ph, w + 2 * pw), x.dtype)
            whole[:, :, ph : ph + h, pw : pw + w] = x
        return whole[:, :, self.begin[0] :, self.begin[1] :], None

    def output_shape(self, x_shape: Shape) -> Shape:
        """Return the shape of the rest."""
        h, w = (
            size + 2 * pad - begin
            for size, pad, begin in zip(x_shape[2:], self.pad, self.begin, strict=True)
        )
        return (*x_shape[:2], h, w)

    def footprint(self) -> Footprint:
        """Return a pointwise footprint that is shifted."""
        return Footprint(pad=self.pad, shift=self.begin)


class Stitch(Layer):
    """The dense output of a net by shift-and-stitch, as one layer of another net; in inference.

    Parameters
    ----------
    net : Net
        Of its inputs, those that the output needs are the layer's, in their order.
    stride, output
        As for `shift_and_stitch`.
    """

    def __init__(self, net: Net, stride: int, output: str = "score_fr") -> None:
        super().__init__()
        self.net, self.stride, self.output = net, stride, output
        self.dense = rarefy(net, stride, [output])

    def forward(self, *bottoms: Array) -> tuple[Array, None]:
        """Return the stitched output."""
        inputs = dict(zip(self.dense.inputs, bottoms, strict=True))
        return shift_and_stitch(self.net, inputs, self.stride, self.output), None

    def output_shape(self, *shapes: Shape) -> Shape:
        """Return the shape of the stitched output."""
        inputs = dict(zip(self.dense.inputs, shapes, strict=True))
        return self.dense.shapes(**inputs)[self.output]

    def footprint(self) -> Footprint:
        """Return the receptive field of an output, its stride, and how far it begins outside."""
        size = int(self.dense.receptive_fields()[self.output].size)
        (maps,) = coordinate_maps(self.dense.nodes, self.output)
        # x -> (x + p - (k-1)/2) / s, see `coordinate_map`
        down, across = (axis.offset / axis.scale + Fraction(size - 1, 2) for axis in maps)
        return Footprint((size, size), (self.stride, self.stride), (int(down), int(across)))
