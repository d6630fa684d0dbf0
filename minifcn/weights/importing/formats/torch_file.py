"""PyTorch's `.pth` and `.pt` files, in all three serialisations, read without PyTorch."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from minifcn.weights.importing.formats.source import Source, weight_file
from minifcn.weights.importing.formats.torch_legacy import load_torch_legacy
from minifcn.weights.importing.formats.torch_objects import Tensor, tensor_of
from minifcn.weights.importing.formats.torch_tar import load_torch_tar
from minifcn.weights.importing.formats.torch_zip import load_torch_zip, torch_notes

ZIP = "zip archive"

# Where training programs put the state dict of the model in a checkpoint, the likeliest first.
_STATE_DICT_KEYS = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "net",
    "network",
    "module",
    "weights",
    "params",
)


def read_torch(path: str | os.PathLike[str]) -> Source:
    """Read the state dict in a PyTorch file; no code from the file is run.

    A checkpoint that holds it beside other things is looked into.

    Returns
    -------
    Source
        The tensors by their keys in the state dict, as read-only views of a memory map (bfloat16
        as float32, copied), not necessarily contiguous or aligned. Attributes:
        "state_dict_key": where in a checkpoint the state dict was, e.g. "model_state_dict", or
        "model.state_dict" two levels down; "" if the file holds nothing else;
        "arch": what a checkpoint says that its model is, if it does in a text;
        "not_used": the keys of everything else in the file;
        and the texts that `weights.torch_state_dict` has put beside the pickle, by their names.

    Raises
    ------
    WeightsError
        If the file is damaged or of another format, needs code (a whole module was pickled), or
        holds no state dict.
    """
    advice = (
        "download it again or, if more than a state dict is in it, save that alone where it comes "
        "from: torch.save(model.state_dict(), ...)"
    )
    with weight_file(path, "a file of PyTorch weights", advice) as data:
        kind, value = _load(data)
        notes = torch_notes(data) if kind == ZIP else {}
        state, key, not_used = _state_dict(value)
        arrays = {name: _array(name, tensor) for name, tensor in state.items()}
    attributes: dict[str, Any] = {"state_dict_key": key, **notes}
    if isinstance(value.get("arch"), str):
        attributes["arch"] = value["arch"]
        not_used.remove("arch")
    return Source(f"PyTorch {kind}", "torch", arrays, attributes | {"not_used": not_used})


def _load(data: memoryview) -> tuple[str, Any]:
    """Return the name of the serialisation and the object in a file."""
    start = bytes(data[:512])
    if start.startswith(b"PK\3\4"):
        return ZIP, load_torch_zip(data)
    if start.startswith(b"\x80"):  # the first instruction of a pickle
        return "stacked pickles", load_torch_legacy(data)
    if start[257:262] == b"ustar":
        return "tar archive", load_torch_tar(data)
    raise ValueError("it begins as none of PyTorch's serialisations does")


def _state_dict(value: Any, prefix: str = "") -> tuple[dict[str, Tensor], str, list[str]]:
    """Return the tensors of the state dict in an object, its key, and the keys of the rest."""
    items = value if isinstance(value, dict) else {}
    tensors = {key: tensor_of(item) for key, item in items.items() if isinstance(key, str)}
    state = {key: tensor for key, tensor in tensors.items() if tensor is not None}
    if state:
        return state, prefix.rstrip("."), [f"{prefix}{key}" for key in items if key not in state]
    inner = next((key for key in _STATE_DICT_KEYS if isinstance(items.get(key), dict)), None)
    if inner is None or prefix.count(".") > 3:  # a dict may contain itself
        held = (
            ", ".join(f"{prefix}{key}" for key in items)
            or f"a value of type {type(value).__name__}"
        )
        raise ValueError(f"it holds no state dict, but {held[:200]}")
    state, key, not_used = _state_dict(items[inner], f"{prefix}{inner}.")
    return state, key, [f"{prefix}{key}" for key in items if key != inner] + not_used


def _array(name: str, tensor: Tensor) -> np.ndarray:
    try:
        return tensor.array()
    except ValueError as error:
        raise ValueError(f"{name[:100]}: {error}") from error
