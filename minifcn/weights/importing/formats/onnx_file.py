"""ONNX's `.onnx`: a ModelProto message, of which the numbers of the graph are read.

What the operators do is of no interest here: a net of ours is known by its description, another's
arrays by their names. The integers in the code are the numbers of the fields in ONNX's schema.

Source: github.com/onnx/onnx, onnx/onnx.proto.
"""

from __future__ import annotations

import os

import numpy as np

from minifcn.containers.limits import numbers
from minifcn.containers.wire import Span, Wire
from minifcn.weights.importing.formats.source import Source, weight_file

# What the name of (C, 1, K, K) kernels ends in that stand for (C, C, K, K), zero between channels.
EACH_CHANNEL = ":each_channel"
_MAX_DENSE = 1 << 28  # numbers that such kernels may stand for
_DTYPES = {1: "<f4", 10: "<f2", 11: "<f8"}  # TensorProto.DataType; others are no weights


def read_onnx(path: str | os.PathLike[str]) -> Source:
    """Read the initializers of an `.onnx` file.

    Returns
    -------
    Source
        Arrays of floating point numbers by the initializers' names. Attributes: the model's
        metadata, texts by name.
    """
    with weight_file(path, "an ONNX model") as data:
        wire = Wire(data)
        model = wire.message()
        graph = wire.submessage(model, 7)
        pairs = [wire.message(span) for span in wire.spans(model, 14)]
        metadata = {wire.text(pair, 1): wire.text(pair, 2) for pair in pairs}
        arrays = dict(filter(None, (_initializer(wire, span) for span in wire.spans(graph, 5))))
        if not arrays:
            raise ValueError("its graph has no weights")
    return Source("ONNX", "onnx", arrays, metadata)


def _initializer(wire: Wire, span: Span) -> tuple[str, np.ndarray] | None:
    """Return the name and the numbers of a TensorProto; None if it is not of floats."""
    tensor = wire.message(span)
    name = wire.text(tensor, 8)
    dtype = _DTYPES.get((wire.integers(tensor, 2) or [0])[-1])
    if dtype is None:
        return None
    if 13 in tensor or (wire.integers(tensor, 14) or [0])[-1]:
        raise ValueError(f"the numbers of {name[:100]} are in another file; store them in one")
    raw, shape = wire.spans(tensor, 9), wire.integers(tensor, 1)
    if raw:
        array = numbers(wire.content(raw[-1]), dtype, shape, name[:100])
    else:
        number, kind = (10, "<f8") if dtype == "<f8" else (4, "<f4")
        floats = wire.floats(tensor, number, kind)
        array = numbers(floats.tobytes(), floats.dtype, shape, name[:100])
    if name.endswith(EACH_CHANNEL):
        return name.removesuffix(EACH_CHANNEL), _dense(array)
    return name, array


def _dense(alone: np.ndarray) -> np.ndarray:
    """Return the (C, C, K, K) kernels that (C, 1, K, K) kernels of channels alone stand for."""
    if alone.ndim != 4 or alone.shape[1] != 1 or len(alone) * alone.size > _MAX_DENSE:
        raise ValueError(f"kernels of shape {alone.shape} cannot be those of channels alone")
    channels = np.arange(len(alone))
    dense = np.zeros((len(alone), *alone.shape[:1], *alone.shape[2:]), alone.dtype)
    dense[channels, channels] = alone[:, 0]
    return dense
