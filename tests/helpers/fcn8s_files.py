"""FCN-8s as torchfcn and Chainer's fcn keep it, and its scores by NumPy alone, in float64.

Both ports call the layers as Caffe does. Their at-once nets multiply pool4 and pool3 by constants
in the code, so that their files have nothing that those of the staged net do not have.

Source: torchfcn 1.9.7, models/fcn8s.py and trainer.py, for the nets and the keys of a checkpoint.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from helpers import torch_files
from numpy.lib.stride_tricks import sliding_window_view

Arrays = dict[str, np.ndarray]

CLASSES = 4
SCALES = {"FCN8s": (1.0, 1.0), "FCN8sAtOnce": (0.01, 0.0001)}  # of pool4 and pool3
BLOCKS = ((2, 2), (4, 2), (8, 3), (16, 3), (16, 3))  # filters and convolutions: VGG16 / 32
FC = 128
IMAGE = np.random.default_rng(7).uniform(-120, 130, (1, 3, 37, 50)).astype(np.float32)


def fcn8s_arrays() -> Arrays:
    """Return random parameters, "conv1_1.weight" ...; in both nets all three streams count."""
    shapes: dict[str, tuple[int, ...]] = {}
    channels = 3
    for block, (filters, count) in enumerate(BLOCKS, 1):
        for number in range(1, count + 1):
            shapes[f"conv{block}_{number}"] = (filters, channels, 3, 3)
            channels = filters
    shapes |= {"fc6": (FC, channels, 7, 7), "fc7": (FC, FC, 1, 1), "score_fr": (CLASSES, FC, 1, 1)}
    shapes |= {"score_pool3": (CLASSES, 8, 1, 1), "score_pool4": (CLASSES, 16, 1, 1)}
    for name, kernel in (("upscore2", 4), ("upscore8", 16), ("upscore_pool4", 4)):
        shapes[name] = (CLASSES, CLASSES, kernel, kernel)
    rng = np.random.default_rng(0)
    arrays: Arrays = {}
    for name, shape in shapes.items():
        spread = np.sqrt(2 / np.prod(shape[1:]))
        arrays[f"{name}.weight"] = (spread * rng.standard_normal(shape)).astype(np.float32)
        if not name.startswith("upscore"):
            arrays[f"{name}.bias"] = (0.1 * rng.standard_normal(shape[0])).astype(np.float32)
    arrays["score_pool4.weight"] *= 30
    arrays["score_pool3.weight"] *= 1000
    return arrays


def chainer_arrays() -> Arrays:
    """Return the same as Chainer's `save_npz` calls it: "conv1_1/W" and "conv1_1/b"."""
    return {
        name.replace(".weight", "/W").replace(".bias", "/b"): array
        for name, array in fcn8s_arrays().items()
    }


def write_checkpoint(path: Path, arch: str, arrays: Arrays | None = None) -> None:
    """Write what torchfcn's `Trainer` saves; `arch` is the name of the model's class."""
    arrays = fcn8s_arrays() if arrays is None else arrays
    checkpoint: dict[str, Any] = {
        "epoch": 3,
        "iteration": 4000,
        "arch": arch,
        "optim_state_dict": {"state": {}, "param_groups": []},
        "model_state_dict": torch_files.state_dict(torch_files.ZIP, arrays),
        "best_mean_iu": 0,
    }
    torch_files.write_zip(path, checkpoint, torch_files.numbered(arrays))


def fcn8s_scores(arch: str) -> np.ndarray:
    """Return the scores of the image by the net of that class."""
    p = {name: array.astype(np.float64) for name, array in fcn8s_arrays().items()}
    x = IMAGE.astype(np.float64)
    pools = []
    for block, (_, count) in enumerate(BLOCKS, 1):
        for number in range(1, count + 1):
            margin = 100 if (block, number) == (1, 1) else 1
            x = np.maximum(_conv(x, p, f"conv{block}_{number}", margin), 0)
        x = _pool(x)
        pools.append(x)
    fc7 = np.maximum(_conv(np.maximum(_conv(x, p, "fc6"), 0), p, "fc7"), 0)
    scale_pool4, scale_pool3 = SCALES[arch]
    fine4 = _conv(scale_pool4 * pools[3], p, "score_pool4")
    fine3 = _conv(scale_pool3 * pools[2], p, "score_pool3")
    scores = _deconv(_conv(fc7, p, "score_fr"), p["upscore2.weight"], 2)
    scores = _deconv(scores + _cut(fine4, 5, scores), p["upscore_pool4.weight"], 2)
    scores = _deconv(scores + _cut(fine3, 9, scores), p["upscore8.weight"], 8)
    return _cut(scores, 31, IMAGE)


def _conv(x: np.ndarray, p: Arrays, name: str, margin: int = 0) -> np.ndarray:
    weight, bias = p[f"{name}.weight"], p[f"{name}.bias"]
    x = np.pad(x, ((0, 0), (0, 0), (margin, margin), (margin, margin)))
    windows = sliding_window_view(x, weight.shape[2:], axis=(2, 3))
    return np.einsum("fcab,nchwab->nfhw", weight, windows, optimize=True) + bias[:, None, None]


def _pool(x: np.ndarray) -> np.ndarray:
    """Return the largest of each 2 x 2 pixels; the last ones of an odd map have no neighbour."""
    rows, columns = x.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0), (0, rows % 2), (0, columns % 2)), constant_values=-np.inf)
    return sliding_window_view(x, (2, 2), axis=(2, 3))[:, :, ::2, ::2].max(axis=(4, 5))


def _deconv(x: np.ndarray, weight: np.ndarray, stride: int) -> np.ndarray:
    n, _, rows, columns = x.shape
    _, filters, kernel, _ = weight.shape
    size = [(length - 1) * stride + kernel for length in (rows, columns)]
    y = np.zeros((n, filters, *size))
    for i, j in np.ndindex(kernel, kernel):
        part = np.einsum("cf,nchw->nfhw", weight[:, :, i, j], x)
        y[:, :, i : i + rows * stride : stride, j : j + columns * stride : stride] += part
    return y


def _cut(x: np.ndarray, offset: int, like: np.ndarray) -> np.ndarray:
    rows, columns = like.shape[2:]
    return x[:, :, offset : offset + rows, offset : offset + columns]
