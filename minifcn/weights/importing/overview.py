"""What a weight file holds, as a table to read: `minifcn.convert --inspect`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from minifcn.models.build import ModelSpec
from minifcn.weights.importing.conventions import interpret
from minifcn.weights.importing.conversion import parameter_shapes, scales_in_code, spec_of
from minifcn.weights.importing.formats import read_source
from minifcn.weights.importing.formats.source import Source
from minifcn.weights.store import WeightsError

_LONGEST = 300  # characters of an attribute that are shown


def overview(path: Path, net: ModelSpec | None = None, arch: str | None = None) -> str:
    """Return what a weight file of any framework holds: arrays, attributes, and the net it fills.

    That is the net which is given, or else the one that the arrays belong to; where the file does
    not tell its architecture, `arch` does.

    Raises
    ------
    WeightsError
        If the file is damaged, or of a kind that is not understood.
    FileNotFoundError
        If there is no such file.
    """
    source = read_source(path)
    numbers = sum(array.size for array in source.arrays.values())
    head = f"{path.name}: {source.format}, {len(source.arrays)} arrays, {numbers:,} numbers"
    parts = (*_attributes(source), *_arrays(source), "", *_net(source, net, arch))
    return "\n".join([head, "", *parts])


def _attributes(source: Source) -> Iterator[str]:
    for name, value in source.attributes.items():
        text = json.dumps(value)
        shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
        yield f"{name}: {shown}"


def _arrays(source: Source) -> Iterator[str]:
    """Yield a line for each array: name, shape, type, and how its values are spread."""
    width = max(map(len, source.arrays), default=0)
    columns = "".join(f" {title:>10}" for title in ("mean", "std", "least", "most"))
    yield f"{'array':{width}}  {'shape':18}  {'type':8}{columns}"
    for name, array in source.arrays.items():
        shape = " x ".join(map(str, array.shape)) or "a number"
        line = f"{name:{width}}  {shape:18}  {array.dtype.name:8}"
        if array.size:
            values = array.astype(np.float32, copy=False)
            line += f" {values.mean(dtype=np.float64):10.3g} {values.std(dtype=np.float64):10.3g}"
            line += f" {values.min():10.3g} {values.max():10.3g}"
        yield line


def _net(source: Source, net: ModelSpec | None, arch: str | None) -> Iterator[str]:
    """Yield which parameters of a net the arrays fill, and what is left over."""
    try:
        meaning = interpret(source)
        spec = net or spec_of(meaning, arch)
    except WeightsError as error:
        yield f"It fills no net of minifcn as it is: {error}"
        return
    shapes = parameter_shapes(spec)
    params = {**meaning.params, **scales_in_code(meaning, spec)}
    fitting = [
        address
        for address, array in params.items()
        if address in shapes and array.size == np.prod(shapes[address], dtype=int)
    ]
    size = f", width {spec.width:g}" if spec.width != 1 else ""
    yield (
        f"As {spec.arch} on {spec.backbone}{size}, {spec.num_classes} classes: it fills "
        f"{len(fitting)} of {len(shapes)} parameters"
    )
    order = meaning.preprocess
    yield f"Input: {order['order']} minus {tuple(order['mean'])}, times {order['scale']}"
    for address, shape in shapes.items():
        if address not in params:
            yield f"missing    {address}  {shape}"
        elif address not in fitting:
            yield f"misshapen  {address}  {params[address].shape}, not {shape}"
    for address in meaning.params:
        if address not in shapes:
            yield f"left over  {address}  (the net has no such layer)"
    for name, reason in meaning.left_out.items():
        yield f"left out   {name}  ({reason})"
    yield from meaning.notes
