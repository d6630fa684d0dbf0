"""MatConvNet's networks in `.mat` files, of MATLAB's versions 5 to 7.3.

A *simplenn* network is a cell of layers, each with its `weights`, before 2015 with `filters` and
`biases`. A *dagnn* network has a list of parameters, to which its layers refer by name.

Source: MatConvNet's `vl_simplenn_tidy.m`, `+dagnn/@DagNN/saveobj.m` and `utils/import-caffe.py`.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from minifcn.containers.mat5 import load_mat5
from minifcn.containers.mat73 import load_mat73
from minifcn.weights.importing.formats.source import Source, weight_file

_READERS = {b"\0\1": ("5", load_mat5), b"\0\2": ("7.3", load_mat73)}


def read_matconvnet(path: str | os.PathLike[str]) -> Source:
    """Read the parameters of a network in a MATLAB file.

    Returns
    -------
    Source
        Arrays of the shapes that MATLAB shows, which has no trailing axes of length 1: filters are
        (KH, KW, C, F), or (KH, KW, C) if F is 1, and biases (1, F) or (F, 1). They are called by
        the parameter's name (dagnn), or "<layer>/0", "<layer>/1" (simplenn); layers without a name
        are called "layer1", "layer2" ..., as MatConvNet does. Those that are not compressed are
        read-only views of a memory map. Attributes:
        "kind": "simplenn" or "dagnn";
        "layers": for each layer [name, type, names of its arrays];
        "average_image": mean of the images that is to be subtracted from a channel each, in the
        order of the channels (RGB in the published networks); [] if the file does not tell;
        "image_size": rows and columns of the images; [] if the file does not tell;
        "class_names": descriptions of the classes, e.g. "tench, Tinca tinca", or else their names;
        [] if there are none.
    """
    with weight_file(path, "a MatConvNet network") as data:
        version, order = bytes(data[124:126]), bytes(data[126:128])
        if order != b"IM" or version not in _READERS:
            raise ValueError("it does not begin as a MATLAB file of version 5 to 7.3 of a PC")
        release, load = _READERS[version]
        variables = load(data)
        network = variables.get("net", variables)
        if not isinstance(network, dict) or "layers" not in network:
            raise ValueError(f"it has no network, but {', '.join(variables)[:200] or 'nothing'}")
        kind = "dagnn" if "params" in network else "simplenn"
        arrays, layers = {"dagnn": _dagnn, "simplenn": _simplenn}[kind](network)
        attributes = {"kind": kind, "layers": layers, **_preprocessing(network)}
    return Source(f"MatConvNet {kind} (MATLAB {release})", "matconvnet", arrays, attributes)


Parameters = tuple[dict[str, np.ndarray], list[Any]]  # arrays; layers, as in the attributes


def _simplenn(network: dict[str, Any]) -> Parameters:
    """Return the arrays of a chain of layers."""
    arrays: dict[str, np.ndarray] = {}
    layers: list[Any] = []
    for number, layer in enumerate(_structs(network["layers"]), 1):
        name = _text(layer.get("name")) or f"layer{number}"
        weights = layer.get("weights")
        if not isinstance(weights, list):
            weights = [layer.get("filters"), layer.get("biases")]
        found = {
            f"{name}/{index}": weight
            for index, weight in enumerate(weights)
            if isinstance(weight, np.ndarray) and weight.size
        }
        if found.keys() & arrays.keys():
            raise ValueError(f"it has two layers of the name {name[:100]!r}")
        arrays |= found
        layers.append([name, _text(layer.get("type")), list(found)])
    return arrays, layers


def _dagnn(network: dict[str, Any]) -> Parameters:
    """Return the arrays of a graph of layers."""
    arrays: dict[str, np.ndarray] = {}
    for param in _structs(network["params"]):
        name, value = _text(param.get("name")), param.get("value")
        if not name or name in arrays or not isinstance(value, np.ndarray):
            raise ValueError(f"its parameter {name[:100]!r} has no value, or is there twice")
        arrays[name] = value
    layers = [
        [_text(layer.get("name")), _text(layer.get("type")), _texts(layer.get("params"))]
        for layer in _structs(network["layers"])
    ]
    return arrays, layers


def _preprocessing(network: dict[str, Any]) -> dict[str, Any]:
    """Return what a network tells about its images and classes, here or in `meta`."""
    facts = _struct(network.get("meta")) or network
    normalization, classes = _struct(facts.get("normalization")), _struct(facts.get("classes"))
    average = normalization.get("averageImage")
    if isinstance(average, np.ndarray) and average.ndim == 3:
        average = average.mean(axis=(0, 1), dtype=np.float64)  # an image, or one pixel
    return {
        "average_image": _numbers(average),
        "image_size": _numbers(normalization.get("imageSize"))[:2],
        "class_names": _texts(classes.get("description")) or _texts(classes.get("name")),
    }


def _struct(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _structs(value: Any) -> list[dict[str, Any]]:
    """Return the structs in a cell or an array, or the only one."""
    structs = value if isinstance(value, list) else [value]
    if not all(isinstance(struct, dict) for struct in structs):
        raise ValueError("its layers or parameters are no structs")
    return structs


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    """Return the texts in a cell, or the only one."""
    texts = value if isinstance(value, list) else [value]
    return [text for text in texts if isinstance(text, str)]


def _numbers(value: Any) -> list[float]:
    """Return the elements of a small array."""
    if not isinstance(value, np.ndarray) or value.size > 10:
        return []
    return [float(number) for number in value.reshape(-1)]
