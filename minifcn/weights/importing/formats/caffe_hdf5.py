"""Caffe's `.caffemodel.h5`: a group `data` with a group for each layer and its blobs by number.

Source: Net::ToHDF5 in Caffe's src/caffe/net.cpp
"""

from __future__ import annotations

import os

import h5py

from minifcn.containers.hdf5_tree import Hdf5Tree
from minifcn.weights.importing.formats.source import Source, weight_file


def read_caffe_hdf5(path: str | os.PathLike[str]) -> Source:
    """Read the net of a `.caffemodel.h5`.

    Returns
    -------
    Source
        Arrays "<layer>/<index of the blob>", float32 or float64, in Caffe's newer shapes. A blob
        that a layer shares with an earlier one is not there. No attributes. The group `diff`, the
        gradients of a snapshot, is left out.
    """
    with weight_file(path, "a Caffe model in HDF5") as content, Hdf5Tree(content) as tree:
        data = tree.member(tree.root, "data")
        if not isinstance(data, h5py.Group):
            raise ValueError("'data' is not a group of layers")
        arrays = {}
        for name, dataset in tree.walk(data):
            layer, _, index = name.rpartition("/")
            if not layer or not index.isdecimal() or dataset.dtype.kind != "f":
                raise ValueError(f"{name} is not a blob of a layer")
            arrays[name] = tree.array(dataset)
    return Source("Caffe HDF5", "caffe", arrays, {})
