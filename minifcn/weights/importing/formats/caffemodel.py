"""Caffe's `.caffemodel`: a NetParameter message with the layers of a net and their numbers.

The three generations of layers are read, each with old shapes (num, channels, height, width) and
new ones. The integers in the code are the numbers of the fields in Caffe's schema.

The wire format is parsed here and not by the `protobuf` library, because that one needs Caffe's
schema and copies every number. VGG16's 528 MiB: the library takes 2.9 s and 1.1 GB for the arrays;
here they are views of the file after a millisecond, and stored as HDF5 after 0.6 s and 0.6 GB.

Source: Caffe's src/caffe/proto/caffe.proto, for the numbers of the fields, and upgrade_proto.cpp,
for what the types of the older generations are called today.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np

from minifcn.containers.limits import MAX_AXES
from minifcn.containers.wire import Fields, Span, Wire
from minifcn.weights.importing.formats.source import Source, weight_file

_V0_TYPES = {"conv": "Convolution", "innerproduct": "InnerProduct"}  # those that have weights
_V1_TYPES = (
    *("None", "Accuracy", "BNLL", "Concat", "Convolution", "Data", "Dropout", "EuclideanLoss"),
    *("Flatten", "HDF5Data", "HDF5Output", "Im2col", "ImageData", "InfogainLoss", "InnerProduct"),
    *("LRN", "MultinomialLogisticLoss", "Pooling", "ReLU", "Sigmoid", "Softmax"),
    *("SoftmaxWithLoss", "Split", "TanH", "WindowData", "Eltwise", "Power"),
    *("SigmoidCrossEntropyLoss", "HingeLoss", "MemoryData", "ArgMax", "Threshold", "DummyData"),
    *("Slice", "MVN", "AbsVal", "Silence", "ContrastiveLoss", "Exp", "Deconvolution"),
)


def read_caffemodel(path: str | os.PathLike[str]) -> Source:
    """Read the net of a `.caffemodel`.

    Returns
    -------
    Source
        Arrays "<layer>/<index of the blob>", float32 or float64, in the shapes of the file: old
        ones have four axes, (1, 1, 1, N) for a bias. Attributes: "name" of the net and "layers", a
        list of dicts of "name", "type" (today's name for it), "bottoms", "tops", "blobs" (their
        shapes) and, where the file gives them, "group" of a convolution and "transform" of the
        input ("scale", "crop_size", "mean_file", "mean_value").
    """
    with weight_file(path, "a Caffe model") as data:
        wire = Wire(data)
        net = wire.message()
        old, new = wire.spans(net, 2), wire.spans(net, 100)
        if bool(old) == bool(new):
            raise ValueError("it has layers of two generations" if old else "it has no layers")
        versions, facts, arrays = set(), [], {}
        for span in old or new:
            version, layer, blobs = _old_layer(wire, span) if old else _layer(wire, span)
            versions.add(version)
            name = layer["name"]
            if blobs and (not name or f"{name}/0" in arrays):
                raise ValueError(f"two layers with weights have the name {name!r}, or one has none")
            for index, blob in enumerate(blobs):
                arrays[f"{name}/{index}"] = _array(wire, blob, f"{name}/{index}")
            layer["blobs"] = [list(arrays[f"{name}/{i}"].shape) for i in range(len(blobs))]
            facts.append(layer)
        attributes = {"name": wire.text(net, 1), "layers": facts}
    return Source(f"Caffe NetParameter ({min(versions)} layers)", "caffe", arrays, attributes)


def _layer(wire: Wire, span: Span) -> tuple[str, dict[str, Any], list[Span]]:
    """Return the version, the facts and the blobs of a LayerParameter."""
    fields = wire.message(span)
    facts: dict[str, Any] = {
        "name": wire.text(fields, 1),
        "type": wire.text(fields, 2),
        "bottoms": wire.texts(fields, 3),
        "tops": wire.texts(fields, 4),
    }
    facts |= _group(wire, wire.submessage(fields, 106), 5) | _transform(wire, fields, 100)
    return "V2", facts, wire.spans(fields, 7)


def _old_layer(wire: Wire, span: Span) -> tuple[str, dict[str, Any], list[Span]]:
    """Return the same of a V1LayerParameter, or of the V0LayerParameter in it."""
    outer = wire.message(span)
    facts: dict[str, Any] = {"bottoms": wire.texts(outer, 2), "tops": wire.texts(outer, 3)}
    if 1 in outer:
        fields = wire.submessage(outer, 1)
        kind = wire.text(fields, 2)
        facts |= {"name": wire.text(fields, 1), "type": _V0_TYPES.get(kind, kind)}
        return "V0", facts | _group(wire, fields, 9), wire.spans(fields, 50)
    number = (wire.integers(outer, 5) or [0])[-1]
    kind = _V1_TYPES[number] if 0 <= number < len(_V1_TYPES) else str(number)
    facts |= {"name": wire.text(outer, 4), "type": kind}
    facts |= _group(wire, wire.submessage(outer, 10), 5) | _transform(wire, outer, 36)
    return "V1", facts, wire.spans(outer, 6)


def _array(wire: Wire, span: Span, name: str) -> np.ndarray:
    """Return the numbers of a BlobProto."""
    blob = wire.message(span)
    if any(number in blob for number in (1, 2, 3, 4)):  # num, channels, height, width
        shape = [(wire.integers(blob, number) or [0])[-1] for number in (1, 2, 3, 4)]
    else:
        shape = wire.integers(wire.submessage(blob, 7), 1)
    numbers = wire.floats(blob, 8, "<f8")
    if numbers.size == 0:
        numbers = wire.floats(blob, 5, "<f4")
    if len(shape) > MAX_AXES or min(shape, default=0) < 0 or math.prod(shape) != numbers.size:
        raise ValueError(f"{name} has {numbers.size} numbers for the shape {tuple(shape)}")
    return numbers.reshape(shape)


def _group(wire: Wire, convolution: Fields, number: int) -> dict[str, int]:
    """Return the number of groups of a convolution, if it has one."""
    groups = wire.integers(convolution, number)
    return {"group": groups[-1]} if groups else {}


def _transform(wire: Wire, layer: Fields, number: int) -> dict[str, dict[str, Any]]:
    """Return how a layer prepares its input, if it says so."""
    fields = wire.submessage(layer, number)
    values: dict[str, list[Any]] = {
        "scale": wire.floats(fields, 1, "<f4").tolist()[-1:],
        "crop_size": wire.integers(fields, 3)[-1:],
        "mean_file": wire.texts(fields, 4)[-1:],
    }
    found: dict[str, Any] = {key: value[0] for key, value in values.items() if value}
    if mean := wire.floats(fields, 5, "<f4").tolist():
        found["mean_value"] = mean
    return {"transform": found} if found else {}
