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
from minifcn.weights.store import WeightsError, load_weights, read_attributes, save_weights

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


def latest_checkpoint(folder: str | os.PathLike[str]) -> Path | None:
    """Return the checkpoint of the highest step that is complete; None if there is none."""
    return next(iter(_complete(folder)), None)


def prune_checkpoints(folder: str | os.PathLike[str], keep: int) -> None:
    """Delete all complete checkpoints but the newest `keep`; damaged and other files stay.

    Raises
    ------
    ValueError
        If `keep` is less than 1.
    """
    if keep < 1:
        raise ValueError(f"at least 1 checkpoint must be kept, not {keep}")
    for path in _complete(folder)[keep:]:
        path.unlink()


def _complete(folder: str | os.PathLike[str]) -> list[Path]:
    """Return the checkpoints of a folder that can be opened, newest first."""
    matches = [(_NAME.fullmatch(path.name), path) for path in Path(folder).glob("step_*.h5")]
    steps = sorted(((int(match[1]), path) for match, path in matches if match), reverse=True)
    return [path for _, path in steps if _is_complete(path)]


def _is_complete(path: Path) -> bool:
    # HDF5 writes down where a file ends, so opening one is enough to find it cut off.
    try:
        return read_attributes(path).get("format") == _FORMAT
    except WeightsError:
        return False
