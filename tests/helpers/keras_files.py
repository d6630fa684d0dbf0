"""Writing Keras' files by h5py, in the layouts of its versions 0 to 3."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

Weights = dict[str, dict[str, np.ndarray]]  # layer -> weight, with its path in the file -> array


def write_listed(path: Path, weights: Weights, *, whole_model: bool = False, **attributes: Any):
    """Write as Keras 1 and 2, and Keras 3 into `.h5`: attributes list layers and weights.

    Of a whole model the weights are in a group of their own; the attributes given here are beside
    them, but "model_config" is above.
    """
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights") if whole_model else file
        group.attrs["layer_names"] = np.array([layer.encode() for layer in weights])
        for layer, arrays in weights.items():
            inner = group.create_group(layer)
            inner.attrs["weight_names"] = [name.encode() for name in arrays]
            for name, array in arrays.items():
                inner[name] = array
        for name, value in attributes.items():
            (file if name == "model_config" else group).attrs[name] = value
        if whole_model:
            file["optimizer_weights/Adam/iter:0"] = 3
            file["optimizer_weights"].attrs["weight_names"] = [b"Adam/iter:0"]


def write_objects(
    path: Path, weights: dict[str, tuple[str, list[np.ndarray]]], top: str = "layers"
) -> None:
    """Write as Keras 3 into `.weights.h5`: path of the object -> its name, its variables."""
    with h5py.File(path, "w") as file:
        file.create_group("vars").attrs["name"] = "model"
        for place, (name, arrays) in weights.items():
            variables = file.create_group(f"{top}/{place}/vars")
            if name:
                variables.attrs["name"] = name
            for number, array in enumerate(arrays):
                variables[str(number)] = array
        file["optimizer/vars/0"] = 3


def write_numbered(path: Path, layers: list[list[np.ndarray]]) -> None:
    """Write as Keras before version 1."""
    with h5py.File(path, "w") as file:
        file.attrs["nb_layers"] = len(layers)
        for number, arrays in enumerate(layers):
            group = file.create_group(f"layer_{number}")
            group.attrs["nb_params"] = len(arrays)
            for index, array in enumerate(arrays):
                group[f"param_{index}"] = array
