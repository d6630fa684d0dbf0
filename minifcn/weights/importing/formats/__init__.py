"""Reading weight files of other frameworks: a file for each container, and the choice of one."""

from __future__ import annotations

import os
from codecs import getincrementaldecoder
from collections.abc import Callable

from minifcn.containers.hdf5_tree import Hdf5Tree
from minifcn.containers.zip_archive import zip_members
from minifcn.weights.importing.formats.caffe_hdf5 import read_caffe_hdf5
from minifcn.weights.importing.formats.caffemodel import read_caffemodel
from minifcn.weights.importing.formats.keras_hdf5 import read_keras
from minifcn.weights.importing.formats.matconvnet import read_matconvnet
from minifcn.weights.importing.formats.numpy_files import read_npy, read_npz
from minifcn.weights.importing.formats.onnx_file import read_onnx
from minifcn.weights.importing.formats.safetensors import read_safetensors
from minifcn.weights.importing.formats.source import Source, weight_file
from minifcn.weights.importing.formats.torch_file import read_torch
from minifcn.weights.store import HDF5_SIGNATURE, WeightsError, load_weights

_Reader = Callable[[str | os.PathLike[str]], Source]

_UNDERSTOOD = (
    "Caffe (.caffemodel, .caffemodel.h5), Keras (.h5, .weights.h5, .keras), PyTorch (.pth, .pt), "
    "safetensors, NumPy (.npz, or .npy with a dict), MatConvNet (.mat), ONNX and minifcn's own .h5"
)

# How other files begin.
_PAGES = (b"<!doctype", b"<html", b"<?xml")
_PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")
_LFS_POINTER = b"version https://git-lfs"

_TORCH_MAGIC = bytes.fromhex("8a0a6cfc9c46f920")  # pickled, in any protocol
_KERAS_ATTRIBUTES = {"layer_names", "layer_names0", "model_config", "nb_layers"}
_KERAS_GROUPS = {"model_weights", "layers", "_layer_checkpoint_dependencies", "vars"}
_MODEL_PROTO_KEY = b"\x08"  # of ONNX: the version comes first
_NET_PARAMETER_KEYS = b"\x0a\x12\x1a\x20\x22\x28\x32\x42\xa2"  # of the fields up to `layer`


def read_source(path: str | os.PathLike[str]) -> Source:
    """Read a weight file of any framework; its content says which, whatever its name.

    Raises
    ------
    WeightsError
        If the file is damaged, or of a kind that is not understood; the message says what it is
        instead, if that is known.
    """
    with weight_file(path, "a weight file") as data:
        reader = _reader(path, data)
    return reader(path)


def _reader(path: str | os.PathLike[str], data: memoryview) -> _Reader:
    """Return the reader for a file."""
    head = bytes(data[:1024])
    if head.lstrip().lower().startswith(_PAGES):
        raise WeightsError(f"{path} is a web page, which the download gave in place of the file")
    if head.startswith(_LFS_POINTER):
        raise WeightsError(f"{path} is a pointer of Git LFS; get the file itself by `git lfs pull`")
    if head.startswith(_PACKED):
        raise WeightsError(f"{path} is packed (gzip, bzip2, xz, 7-Zip or RAR); unpack it first")
    if head.startswith((b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file")):
        return read_matconvnet
    if any(data[at : at + 8] == HDF5_SIGNATURE for at in (0, 512, 1024, 2048)):
        return _hdf5_reader(path, data)
    if head.startswith(b"PK\3\4"):
        return _zip_reader(path, data)
    if (head.startswith(b"\x80") and _TORCH_MAGIC in head[:24]) or head[257:262] == b"ustar":
        return read_torch
    if head.startswith(b"\x93NUMPY"):
        return read_npy
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= len(data):
        return read_safetensors
    if head.startswith(b"\x80"):
        raise WeightsError(
            f"{path} is a Python pickle, which may run any program when it is read; open it where "
            "it comes from and save its arrays by numpy.savez or torch.save"
        )
    if _is_text(head):
        is_prototxt = any(word in head for word in (b"layer {", b"layers {", b"name:", b"input:"))
        what = "describes a net; its weights are in a .caffemodel" if is_prototxt else "is text"
        raise WeightsError(f"{path} is no weight file: it {what}")
    if head[:1] == _MODEL_PROTO_KEY:
        return read_onnx
    if head[:1] in _NET_PARAMETER_KEYS:
        return read_caffemodel
    raise WeightsError(f"{path} is of no kind that is understood, which are {_UNDERSTOOD}")


def _hdf5_reader(path: str | os.PathLike[str], data: memoryview) -> _Reader:
    """Return the reader for an HDF5 file, by the groups and attributes of its root."""
    with Hdf5Tree(data) as tree:
        names, attributes = set(tree.root), set(tree.root.attrs)
        if {"format_version", "preprocess"} & attributes:
            return _read_minifcn
        if "state" in attributes:
            raise WeightsError(f"{path} is a checkpoint; take the weights.h5 of the same run")
        if _KERAS_ATTRIBUTES & attributes or _KERAS_GROUPS & names:
            return read_keras
        if "data" in names:
            return read_caffe_hdf5
    raise WeightsError(
        f"{path} is an HDF5 file, but of none of the layouts that are understood, which are "
        "Caffe's, Keras's, MATLAB's and minifcn's"
    )


def _zip_reader(path: str | os.PathLike[str], data: memoryview) -> _Reader:
    """Return the reader for a zip archive, by the names of its members."""
    names = list(zip_members(data))
    if any(name.endswith(".npy") for name in names):
        return read_npz
    if any(name.endswith("/data.pkl") for name in names):
        return read_torch
    if "config.json" in names:
        return read_keras
    raise WeightsError(
        f"{path} is a zip archive, but none of NumPy, PyTorch or Keras; if a weight file is in "
        "it, unpack it"
    )


def _read_minifcn(path: str | os.PathLike[str]) -> Source:
    weights = load_weights(path)
    return Source("minifcn HDF5", "minifcn", weights.params, weights.attributes)


def _is_text(head: bytes) -> bool:
    """Return whether the beginning of a file is UTF-8 without control characters."""
    try:
        letters = getincrementaldecoder("utf-8")().decode(head)  # the last one may be cut
    except UnicodeDecodeError:
        return False
    return all(letter.isprintable() or letter in "\t\r\n" for letter in letters)
