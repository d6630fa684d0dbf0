"""What a net looks like: a table of its layers, and a drawing of its graph."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from minifcn.layers.layer import Shape
from minifcn.net.graph import Graph


def summarise(net: Graph, inputs: Mapping[str, Shape]) -> str:
    """Return a table: name, kind, output shape, parameters, GFLOP, receptive field, stride.

    Parameters
    ----------
    net : Graph
    inputs : dict from input name to shape
        For example {"data": (1, 3, 500, 500)}; layers that need other inputs are left out.
    """
    shapes = net.shapes(**inputs)
    fields = net.receptive_fields()
    owners = net.owners()
    rows = [("layer", "kind", "output", "parameters", "GFLOP", "field", "stride")]
    parameters = flops = 0
    for node in net.nodes:
        if node.name not in shapes:
            continue
        count = sum(p.size for p in node.layer.params.values()) if node.name in owners else 0
        cost = node.layer.flops(*(shapes[bottom] for bottom in node.bottoms))
        parameters, flops = parameters + count, flops + cost
        field = fields.get(node.name)
        rows.append(
            (
                node.name,
                type(node.layer).__name__,
                " x ".join(map(str, shapes[node.name])) or "1",
                f"{count:,}" if count else "",
                f"{cost / 1e9:.3f}" if cost else "",
                str(field.size) if field else "",
                str(field.stride) if field else "",
            )
        )
    rows.append(("total", "", "", f"{parameters:,}", f"{flops / 1e9:.3f}", "", ""))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.ljust(width) if i < 3 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    rule = "-" * max(map(len, lines))
    return "\n".join([lines[0], rule, *lines[1:-1], rule, lines[-1]])


def draw(net: Graph, inputs: Mapping[str, Shape] | None = None) -> str:
    """Return the graph in Graphviz's DOT language: `dot -Tsvg net.dot -o net.svg` makes a picture.

    Parameters
    ----------
    net : Graph
    inputs : dict from input name to shape, optional
        With it, every arrow says the shape of the blob it carries.
    """
    shapes = net.shapes(**inputs) if inputs else {}
    lines = ["digraph net {", "  rankdir=BT; node [shape=box, fontname=Helvetica, fontsize=10];"]
    lines += [f'  "{name}" [shape=ellipse];' for name in net.inputs]
    for node in net.nodes:
        kind = type(node.layer).__name__
        weight = node.layer.params.get("weight")
        size = "" if weight is None else "\\n" + " x ".join(map(str, weight.shape))
        lines.append(f'  "{node.name}" [label="{node.name}\\n{kind}{size}"];')
        for bottom in node.bottoms:
            label = "x".join(map(str, shapes.get(bottom, ())))
            lines.append(f'  "{bottom}" -> "{node.name}" [label="{label}", fontsize=8];')
    return "\n".join([*lines, "}"]) + "\n"


def count_parameters(net: Graph) -> int:
    """Return the number of parameters that are trained, as the paper's Table 1 counts them."""
    return sum(
        prod(array.shape) for address, array in net.params.items() if net.multipliers[address][0]
    )
