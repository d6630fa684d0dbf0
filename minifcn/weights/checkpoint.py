"""Checkpoints: what a run needs to go on exactly as if it had never stopped.

A checkpoint is a weight file (see `store.py`) with two sets of arrays, the parameters and the
momentum, and the rest of the state as JSON. It is called after its step, `step_00001000.h5`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import Array
from minifcn.system.files import remove
from minifcn.weights.store import WeightsError, load_weights, save_weights

_FORMAT = "minifcn checkpoint 1"
_NAME = re.compile(r"step_(\d{8,})\.h5")


class Checkpoint(NamedTuple):
    """The content of a checkpoint."""

    params: dict[str, np.ndarray]
    momentum: dict[str, np.ndarray]
    state: dict[str, Any]


def checkpoint_path(folder: str | os.PathLike[str], step: int) -> Path:
    """Return the path of the checkpoint after `step` updates."""
    return Path(folder) / f"step_{step:08d}.h5"


def save_checkpoint(
    path: str | os.PathLike[str],
    params: Mapping[str, Array],
    momentum: Mapping[str, Array],
    state: Mapping[str, Any],
) -> None:
    """Write a checkpoint atomically, every bit of every array kept.

    Parameters
    ----------
    path : path
    params, momentum : mapping of address to float array, NumPy or CuPy
    state : mapping
        JSON values with str keys (integers of any size, no tuples): step, random state, scores ...

    Raises
    ------
    WeightsError, OSError
        As `store.save_weights`.
    """
    arrays = {f"params/{address}": array for address, array in params.items()}
    arrays |= {f"momentum/{address}": array for address, array in momentum.items()}
    save_weights(path, arrays, {"format": _FORMAT, "state": dict(state)})


def load_checkpoint(path: str | os.PathLike[str]) -> Checkpoint:
    """Read a checkpoint.

    Raises
    ------
    WeightsError
        If the file is damaged or no checkpoint of this version.
    FileNotFoundError
        If there is no such file.
    """
    arrays, attributes = load_weights(path)
    if attributes.get("format") != _FORMAT:
        raise WeightsError(f"{path} is not a checkpoint ({_FORMAT!r}); is it a file of weights?")
    if not isinstance(attributes.get("state"), dict):
        raise WeightsError(f"{path} holds no state to go on from")
    sets: dict[str, dict[str, np.ndarray]] = {"params": {}, "momentum": {}}
    for address, array in arrays.items():
        kind, _, rest = address.partition("/")
        if kind not in sets:
            raise WeightsError(f"{path} holds {address}, which does not belong to a checkpoint")
        sets[kind][rest] = array
    return Checkpoint(sets["params"], sets["momentum"], attributes["state"])


def checkpoints(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the checkpoints of a folder, whole or not, that of the highest step first."""
    matches = [(_NAME.fullmatch(path.name), path) for path in Path(folder).glob("step_*.h5")]
    steps = sorted(((int(match[1]), path) for match, path in matches if match), reverse=True)
    return [path for _, path in steps]


def newest_whole(
    folder: str | os.PathLike[str],
) -> tuple[Path | None, Checkpoint | None, dict[Path, str]]:
    """Read the checkpoint of the highest step that is whole.

    Returns
    -------
    path : Path or None
    checkpoint : Checkpoint or None
        None if there is no checkpoint, or none is whole.
    damaged : dict of Path to str
        Those of higher steps, and what is wrong with them.
    """
    damaged: dict[Path, str] = {}
    for path in checkpoints(folder):
        try:
            return path, load_checkpoint(path), damaged
        except WeightsError as error:
            damaged[path] = str(error)
    return None, None, damaged


def prune_checkpoints(folder: str | os.PathLike[str], keep: int, also: int | None = None) -> None:
    """Delete all checkpoints but the newest `keep`, and that of the step `also`; other files stay.

    Raises
    ------
    ValueError
        If `keep` is less than 1.
    """
    if keep < 1:
        raise ValueError(f"at least 1 checkpoint must be kept, not {keep}")
    for path in checkpoints(folder)[keep:]:
        if also is None or path != checkpoint_path(folder, also):
            remove(path)
