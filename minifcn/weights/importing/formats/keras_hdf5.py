"""Keras' weights: HDF5 files of versions 0 to 3, and the `.keras` archive that holds one.

Up to Keras 2, and in `.h5` files of Keras 3, attributes list the layers and the weights of each;
the weights of a whole saved model are in the group `model_weights`. The `.weights.h5` of Keras 3
mirrors the objects in memory instead: `layers/conv2d_1/vars/0` is the kernel of the second Conv2D,
and an attribute of `vars` tells the name that the layer was given. (A model that is a class of its
own has the names of its variables in place of `layers`.)

Source: `keras.src.legacy.saving.legacy_h5_format` and `keras.src.saving.saving_lib`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from itertools import count, takewhile
from typing import Any

import h5py
import numpy as np

from minifcn.containers.hdf5_tree import Hdf5Tree
from minifcn.containers.limits import MAX_DEPTH
from minifcn.containers.zip_archive import stored, zip_members
from minifcn.weights.importing.formats.source import Source, weight_file

_ORDERINGS = {"th": "th", "tf": "tf", "channels_first": "th", "channels_last": "tf"}


def read_keras(path: str | os.PathLike[str]) -> Source:
    """Read the weights in a Keras file; those of an optimiser are left out.

    Returns
    -------
    Source
        The arrays "<layer>/<weight>", for example "block1_conv1/kernel" (Keras 2 and 3),
        "block1_conv1/block1_conv1_W_1" (Keras 1), "block1_conv1/0" (`.weights.h5`) and
        "layer_1/param_0" (Keras 0); a model in place of a layer comes before its own layers:
        "vgg16/block1_conv1/kernel". Those that are not compressed are read-only views of a memory
        map; bfloat16 comes as float32. Attributes:
        "layers": mapping of each layer with weights to the names of its arrays, in Keras' order,
        in which the kernel precedes the bias;
        "keras_version", "backend": as the file has them, e.g. "2.4.0" and "tensorflow"; "" if it
        does not tell;
        "dim_ordering": "th" or "tf", as all convolutions in the description of the model have it
        ("channels_first" and "channels_last" since Keras 2); "" if the file has none.

    Raises
    ------
    WeightsError
        If the file is damaged, or no Keras file, or holds anything that is refused by `Hdf5Tree`.
    """
    with weight_file(path, "a file of Keras weights") as data:
        version = ""
        if bytes(data[:4]) == b"PK\3\4":
            members = zip_members(data)
            version = _archive_version(stored(data, members, "metadata.json"))
            data = stored(data, members, "model.weights.h5")
        with Hdf5Tree(data) as tree:
            return _read(tree, version)


def _read(tree: Hdf5Tree, version: str) -> Source:
    """Return what a tree holds, in whichever of the three layouts."""
    root = tree.root
    group = tree.member(root, "model_weights") if "model_weights" in root else root
    if "layer_names" in group.attrs or "layer_names0" in group.attrs:
        found, layout = _listed_layers(tree, group), "HDF5"
    elif "nb_layers" in root.attrs:
        found, layout = _numbered_layers(tree, root), "0 HDF5"
    else:
        found, layout = _object_layers(tree, root, ""), "3 weights.h5"
    arrays: dict[str, np.ndarray] = {}
    layers: dict[str, list[str]] = {}
    for layer, weight, dataset in found:
        name = f"{layer}/{weight}"
        if name in arrays or not isinstance(dataset, h5py.Dataset):
            raise ValueError(f"it has two arrays of the name {name[:100]!r}, or a group of it")
        arrays[name] = tree.array(dataset)
        layers.setdefault(layer, []).append(name)
    if not arrays:
        raise ValueError("it has no weights in any of Keras' layouts")
    attributes = {
        "layers": layers,
        "keras_version": version or _text(tree, group, "keras_version"),
        "backend": _text(tree, group, "backend"),
        "dim_ordering": _dim_ordering(_text(tree, root, "model_config")),
    }
    return Source(f"Keras {layout}", "keras", arrays, attributes)


Found = Iterator[tuple[str, str, h5py.HLObject]]  # layer, weight, dataset


def _listed_layers(tree: Hdf5Tree, group: h5py.HLObject) -> Found:
    """Yield the weights that the attributes list, layer by layer."""
    for layer in _names(tree, group, "layer_names"):
        layer_group = tree.member(group, layer)
        for weight in _names(tree, layer_group, "weight_names"):
            # The names of the layer itself and of what it is in say nothing new.
            inner = f"/{weight}".partition(f"/{layer}/")[2] or weight
            yield layer, inner.removesuffix(":0"), tree.member(layer_group, weight)


def _names(tree: Hdf5Tree, group: h5py.HLObject, name: str) -> list[str]:
    """Return an attribute of many texts, which is split where it would exceed 64 KiB."""
    parts = takewhile(lambda part: part in group.attrs, (f"{name}{number}" for number in count()))
    return [text for part in [name, *parts] for text in tree.texts(group, part)]


def _object_layers(tree: Hdf5Tree, group: h5py.HLObject, outer: str, depth: int = 0) -> Found:
    """Yield the weights of a group of objects and of the groups in it, conv2d_2 before _10."""
    if depth > MAX_DEPTH:
        raise ValueError(f"its objects are nested more than {MAX_DEPTH} deep")
    for name in _in_order(group):
        inner = tree.member(group, name)
        if name in ("vars", "optimizer") or not isinstance(inner, h5py.Group):
            continue
        layer = outer
        if "vars" in inner:
            weights = tree.member(inner, "vars")
            layer = f"{outer}{_text(tree, weights, 'name') or name}/"
            for weight in _in_order(weights):
                yield layer[:-1], weight, tree.member(weights, weight)
        yield from _object_layers(tree, inner, layer, depth + 1)


def _numbered_layers(tree: Hdf5Tree, root: h5py.HLObject) -> Found:
    """Yield the weights of layer_0, layer_1 ..., which are called param_0 and param_1."""
    for layer in _in_order(root):
        group = tree.member(root, layer)
        for weight in _in_order(group):
            yield layer, weight, tree.member(group, weight)


def _in_order(names: Iterable[str]) -> list[str]:
    """Return names sorted, but by the number that may be at their end."""

    def key(name: str) -> tuple[str, int]:
        stem = name.rstrip("0123456789")
        return stem, int(name[len(stem) :][:18] or -1)

    return sorted(names, key=key)


def _text(tree: Hdf5Tree, item: h5py.HLObject, name: str) -> str:
    """Return an attribute of one text; "" if there is none."""
    return "".join(tree.texts(item, name)[:1])


def _dim_ordering(config: str) -> str:
    """Return the ordering that a model's description (JSON) gives to all its layers; else ""."""
    found = set(re.findall(r'"(?:dim_ordering|data_format)": ?"(\w+)"', config))
    orderings = {_ORDERINGS[ordering] for ordering in found & _ORDERINGS.keys()}
    return orderings.pop() if len(orderings) == 1 else ""


def _archive_version(metadata: memoryview) -> str:
    """Return the version of Keras that wrote an archive."""
    facts: Any = json.loads(bytes(metadata[: 1 << 16]))
    return str(facts.get("keras_version", "")) if isinstance(facts, dict) else ""
