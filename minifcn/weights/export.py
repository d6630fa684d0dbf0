"""Out again: our weights as safetensors, as NumPy's `.npz`, or as a state dict of PyTorch.

A file keeps everything that `convert` needs to read it back: the attributes travel as one JSON
text. The numbers are as they are here, for BGR minus a mean; a torchvision net takes them if its
images are prepared so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minifcn.weights.importing.conventions.ours import ATTRIBUTES
from minifcn.weights.importing.conventions.torch import CLASSIFIER_LAYERS
from minifcn.weights.importing.formats.numpy_files import write_npz
from minifcn.weights.importing.formats.safetensors import write_safetensors
from minifcn.weights.torch_state_dict import write_state_dict

WEIGHT_FILES = (".safetensors", ".npz", ".pth", ".pt")


def export_weights(
    path: Path, params: Mapping[str, np.ndarray], attributes: Mapping[str, Any]
) -> None:
    """Write weights to a file of the kind that its ending says, in place of one that may be there.

    Parameters
    ----------
    path : Path
        Ends in one of `WEIGHT_FILES`. In `.pth` and `.pt` the tensors are called as in a state dict
        of PyTorch: those of torchvision for VGG16 and torchvision's AlexNet ("features.0.weight"),
        and "score_fr.weight" for everything else.
    params : mapping of address to array
    attributes : mapping of str to JSON values
        As in our own files.

    Raises
    ------
    WeightsError
        If something cannot be stored.
    OSError
        If the disk is full or refuses.
    """
    text = json.dumps(dict(attributes))
    if path.suffix == ".npz":
        write_npz(path, {**params, ATTRIBUTES: np.frombuffer(text.encode(), np.uint8)})
    elif path.suffix == ".safetensors":
        write_safetensors(path, params, {ATTRIBUTES: text})
    else:
        layers = torch_layers(attributes)
        arrays = {_torch_name(address, layers): array for address, array in params.items()}
        write_state_dict(path, arrays, {ATTRIBUTES: text})


def torch_layers(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Return torchvision's names of the layers of a classifier; none for any other net."""
    if attributes.get("arch") != "classifier":
        return {}
    return {ours: theirs for theirs, ours in CLASSIFIER_LAYERS.get(attributes["backbone"], ())}


def _torch_name(address: str, layers: Mapping[str, str]) -> str:
    layer, _, part = address.rpartition("/")
    return f"{layers.get(layer, layer)}.{part}"
