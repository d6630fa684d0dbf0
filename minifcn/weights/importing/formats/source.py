"""What every reader of a weight file returns, and how each comes to its bytes.

Reading is in two stages. The readers of this folder know containers: they say which arrays a file
holds, under the file's own names. What these names mean is known elsewhere.

A file may come from anywhere: `containers/` says what readers keep from doing. All of them raise
WeightsError for whatever is wrong with a file, and FileNotFoundError where there is none.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import numpy as np

from minifcn.containers.mapped import mapped_file
from minifcn.weights.store import WeightsError


class Source(NamedTuple):
    """The arrays of a weight file, in the names and layouts of whoever wrote it."""

    format: str  # for people: "Caffe NetParameter (V1 layers)", "PyTorch zip archive" ...
    framework: str  # caffe, torch, keras, numpy, matconvnet, safetensors or minifcn
    # Name in the file -> array in the file's layout and dtype, in the file's order. Read-only, and
    # perhaps not aligned, where it is a view of the file.
    arrays: dict[str, np.ndarray]
    attributes: dict[str, Any]  # JSON values; each reader says which


def weight_file(
    path: str | os.PathLike[str], kind: str, advice: str = "download, copy or export it again"
) -> AbstractContextManager[memoryview]:
    """Give the bytes of a file, as `mapped_file`; what is wrong becomes a WeightsError."""
    return mapped_file(path, kind, advice, WeightsError)
