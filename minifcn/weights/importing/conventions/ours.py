"""Our own names in any container: HDF5 as `store.py` writes it, and what `export.py` wrote.

An export in PyTorch's layout has other names, and our attributes.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from minifcn.models.build import ModelSpec
from minifcn.weights.importing.conventions.interpretation import FCN_MEAN, Interpretation, bgr
from minifcn.weights.importing.conventions.torch import CLASSIFIER_LAYERS
from minifcn.weights.importing.formats.source import Source
from minifcn.weights.store import WeightsError

# Where an exported file has the attributes, as one JSON text: a key of safetensors' metadata, or
# an array of bytes in an .npz.
ATTRIBUTES = "minifcn_attributes"


def is_ours(source: Source) -> bool:
    """Return whether a file has our attributes, or our names in a container that we write."""
    if ATTRIBUTES in source.attributes:
        return True
    named = any(re.fullmatch(r".+/(weight|bias)", name) for name in source.arrays)
    return named and source.framework in ("minifcn", "safetensors", "numpy")


def interpret_ours(source: Source) -> Interpretation:
    """Interpret a file with our own names.

    Without attributes, which any other tool may have left out, the input is taken to be that of
    the paper's nets.

    Raises
    ------
    WeightsError
        If the attributes are damaged.
    """
    attributes = _attributes(source)
    spec = _spec(attributes)
    layers: dict[str, str] = {}
    if spec is not None and spec.arch == "classifier":
        layers = dict(CLASSIFIER_LAYERS.get(spec.backbone, ()))
    params = {
        _address(name, layers): array for name, array in source.arrays.items() if name != ATTRIBUTES
    }
    return Interpretation(
        params,
        attributes.get("preprocess", bgr(*FCN_MEAN)),
        class_names=tuple(attributes.get("class_names", ())),
        spec=spec,
        described=attributes,
    )


def _spec(attributes: dict[str, Any]) -> ModelSpec | None:
    """Return the net that the attributes describe; None if they describe none."""
    if "arch" not in attributes:
        return None
    try:
        return ModelSpec.from_dict(attributes)
    except (ValueError, TypeError, AttributeError) as error:
        raise WeightsError(f"its description of the net is damaged ({error})") from error


def _address(name: str, layers: dict[str, str]) -> str:
    """Return our address of an array: itself, or "score_fr/weight" of "score_fr.weight"."""
    match = re.fullmatch(r"(.+)[./](weight|bias)", name)
    return f"{layers.get(match[1], match[1])}/{match[2]}" if match else name


def _attributes(source: Source) -> dict[str, Any]:
    """Return the attributes that belong to the weights; none if there are none."""
    if source.framework == "minifcn":
        return source.attributes
    text: Any = source.attributes.get(ATTRIBUTES, "{}")
    if ATTRIBUTES in source.arrays:
        text = np.asarray(source.arrays[ATTRIBUTES], np.uint8).tobytes()
    try:
        attributes = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"its {ATTRIBUTES} are not valid JSON ({error})") from error
    if not isinstance(attributes, dict):
        raise WeightsError(f"its {ATTRIBUTES} are no JSON object")
    return attributes
