"""A small file of every kind that weights come in, with two arrays: six ones and three ones."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
from helpers import keras_files, matlab_files, numpy_pickles, torch_files
from helpers.caffe_writer import blob, field, net, old_shape, unpacked, v0_layer, v1_layer, v2_layer

from minifcn.weights.checkpoint import save_checkpoint
from minifcn.weights.importing.formats.caffe_hdf5 import read_caffe_hdf5
from minifcn.weights.importing.formats.caffemodel import read_caffemodel
from minifcn.weights.importing.formats.keras_hdf5 import read_keras
from minifcn.weights.importing.formats.matconvnet import read_matconvnet
from minifcn.weights.importing.formats.numpy_files import read_npy, read_npz, write_npz
from minifcn.weights.importing.formats.onnx_file import read_onnx
from minifcn.weights.importing.formats.safetensors import read_safetensors, write_safetensors
from minifcn.weights.importing.formats.torch_file import read_torch
from minifcn.weights.store import load_weights, save_weights

WEIGHT, BIAS = np.ones((2, 3), np.float32), np.ones(3, np.float32)
PAIR = [WEIGHT, BIAS]


class Example(NamedTuple):
    """A kind of file: how one is written and read, and what the reader says of it."""

    write: Callable[[Path], Any]
    read: Callable[[Path], Any]
    framework: str
    names: list[str]


def _caffemodel(layer: Callable[..., bytes], kind: Any, **options: Any) -> Callable[[Path], Any]:
    blobs = [blob(array, **options) for array in PAIR]
    return lambda path: path.write_bytes(net(layer("conv", kind, blobs)))


def _caffemodel_without_a_name(path: Path) -> None:
    path.write_bytes(v2_layer("conv", "Convolution", [blob(array) for array in PAIR]))


def _caffemodel_with_an_input(path: Path) -> None:
    layer = v2_layer("conv", "Convolution", [blob(array) for array in PAIR])
    path.write_bytes(field(3, "data") + field(4, 1) * 4 + layer)


def _caffe_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        for index, array in enumerate(PAIR):
            file[f"data/conv/{index}"] = array
            file[f"diff/conv/{index}"] = array


def _safetensors(path: Path) -> None:
    write_safetensors(path, {"conv.weight": WEIGHT, "conv.bias": BIAS}, {"source": "a net"})


def _onnx(path: Path) -> None:
    tensors = [
        b"".join(field(1, size) for size in array.shape)
        + field(2, 1)
        + field(8, name)
        + field(9, array.tobytes())
        for name, array in zip(DOTTED, PAIR, strict=True)
    ]
    graph = field(2, "a net") + b"".join(field(5, tensor) for tensor in tensors)
    path.write_bytes(field(1, 8) + field(7, graph))


def _compressed_npz(path: Path) -> None:
    with path.open("wb") as file:  # a name would be given an ending
        np.savez_compressed(file, **{"conv/W": WEIGHT, "conv/b": BIAS})


def _torch(kind: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        state = {"conv.weight": WEIGHT, "conv.bias": BIAS}
        torch_files.write_state_dict(kind, path, state)
        if kind == torch_files.TAR:  # which is filled up with zeros, more of them than are needed
            path.write_bytes(path.read_bytes().rstrip(b"\0") + bytes(1024))

    return write


def _keras(**options: Any) -> Callable[[Path], None]:
    layer = {"conv/kernel:0": WEIGHT, "conv/bias:0": BIAS}
    return lambda path: keras_files.write_listed(path, {"conv": layer}, **options)


def _keras_objects(top: str) -> Callable[[Path], None]:
    return lambda path: keras_files.write_objects(path, {"conv2d": ("conv", PAIR)}, top=top)


def keras_archive(path: Path, method: int = zipfile.ZIP_STORED, name: str = "model.weights.h5"):
    """Write as Keras 3 writes `.keras`."""
    inner = path.with_name("inner")
    _keras_objects("layers")(inner)
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.15.1"}))
        archive.writestr("config.json", "{}")
        archive.write(inner, name)
    inner.unlink()


def _matlab(write: Callable[..., None], **options: Any) -> Callable[[Path], None]:
    layer = {"name": "conv", "type": "conv", "weights": PAIR}
    return lambda path: write(path, {"layers": [layer]}, **options)


def _ours(**options: Any) -> Callable[[Path], None]:
    arrays = {"conv/weight": WEIGHT, "conv/bias": BIAS}
    return lambda path: save_weights(path, arrays, {"format_version": 1}, **options)


def _ours_before_versions(path: Path) -> None:
    arrays = {"conv/weight": WEIGHT, "conv/bias": BIAS}
    save_weights(path, arrays, {"preprocess": {"order": "BGR"}})


def checkpoint(path: Path) -> None:
    save_checkpoint(path, {"conv/weight": WEIGHT, "conv/bias": BIAS}, {}, {"step": 1})


BLOBS = ["conv/0", "conv/1"]
DOTTED, OURS = ["conv.weight", "conv.bias"], ["conv/weight", "conv/bias"]
KERAS = ["conv/kernel", "conv/bias"]
EXAMPLES = {
    "caffemodel V0": Example(_caffemodel(v0_layer, "conv"), read_caffemodel, "caffe", BLOBS),
    "caffemodel V1": Example(
        _caffemodel(v1_layer, 4, shape=old_shape), read_caffemodel, "caffe", BLOBS
    ),
    "caffemodel V2": Example(
        _caffemodel(v2_layer, "Convolution", write=unpacked), read_caffemodel, "caffe", BLOBS
    ),
    "caffemodel without a name": Example(
        _caffemodel_without_a_name, read_caffemodel, "caffe", BLOBS
    ),
    "caffemodel with an input": Example(_caffemodel_with_an_input, read_caffemodel, "caffe", BLOBS),
    "Caffe HDF5": Example(_caffe_hdf5, read_caffe_hdf5, "caffe", BLOBS),
    "safetensors": Example(_safetensors, read_safetensors, "safetensors", DOTTED),
    "ONNX": Example(_onnx, read_onnx, "onnx", DOTTED),
    "npz": Example(
        lambda path: write_npz(path, {"conv/W": WEIGHT, "conv/b": BIAS}),
        read_npz,
        "numpy",
        ["conv/W", "conv/b"],
    ),
    "compressed npz": Example(_compressed_npz, read_npz, "numpy", ["conv/W", "conv/b"]),
    "npy of Python 2": Example(
        lambda path: numpy_pickles.save_python2(path, {"conv": PAIR}), read_npy, "numpy", BLOBS
    ),
    "npy of Python 3": Example(
        lambda path: numpy_pickles.save_python3(path, {"conv": PAIR}), read_npy, "numpy", BLOBS
    ),
    **{
        f"PyTorch {kind}": Example(_torch(kind), read_torch, "torch", DOTTED)
        for kind in torch_files.SERIALISATIONS
    },
    "Keras 0": Example(
        lambda path: keras_files.write_numbered(path, [PAIR]),
        read_keras,
        "keras",
        ["layer_0/param_0", "layer_0/param_1"],
    ),
    "Keras 1 and 2": Example(_keras(keras_version="2.4.0"), read_keras, "keras", KERAS),
    "Keras model": Example(_keras(whole_model=True), read_keras, "keras", KERAS),
    "Keras 3": Example(_keras_objects("layers"), read_keras, "keras", BLOBS),
    "Keras 3 class": Example(_keras_objects("."), read_keras, "keras", BLOBS),
    "Keras 3 archive": Example(keras_archive, read_keras, "keras", BLOBS),
    "MATLAB 5": Example(_matlab(matlab_files.write_mat5), read_matconvnet, "matconvnet", BLOBS),
    "MATLAB 7.3": Example(_matlab(matlab_files.write_mat73), read_matconvnet, "matconvnet", BLOBS),
    "MATLAB 7.3 in pieces": Example(
        _matlab(matlab_files.write_mat73, compression="gzip"), read_matconvnet, "matconvnet", BLOBS
    ),
    "minifcn": Example(_ours(), load_weights, "minifcn", OURS),
    "minifcn in halves": Example(_ours(dtype="float16"), load_weights, "minifcn", OURS),
    "minifcn before versions": Example(_ours_before_versions, load_weights, "minifcn", OURS),
}
