"""FCN-8s as torchfcn and Chainer's fcn keep it.

Both ports call the layers as Caffe does. Their at-once nets multiply pool4 and pool3 by constants
in the code, so that their files have nothing that those of the staged net do not have.

Source: torchfcn 1.9.7, models/fcn8s.py and trainer.py, for the nets and the keys of a checkpoint.
"""

from pathlib import Path
from typing import Any

import numpy as np
from helpers import torch_files

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
