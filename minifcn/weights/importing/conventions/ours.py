"""Our own names in any container: HDF5 as `store.py` writes it, and what `export.py` wrote."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from minifcn.weights.importing.conventions.interpretation import FCN_MEAN, Interpretation, bgr
from minifcn.weights.importing.formats.source import Source
from minifcn.weights.store import WeightsError

# Where an exported file has the attributes, as one JSON text: a key of safetensors' metadata, or
# an array of bytes in an .npz.
ATTRIBUTES = "minifcn_attributes"


def interpret_ours(source: Source) -> Interpretation:
    """Interpret a file with our own names.

    Without attributes, which any other tool may have left out, the input is taken to be that of
    the paper's nets.

    Raises
    ------
    WeightsError
        If the attributes are damaged.
    """
    params = {name: array for name, array in source.arrays.items() if name != ATTRIBUTES}
    attributes = _attributes(source)
    return Interpretation(
        params,
        attributes.get("preprocess", bgr(*FCN_MEAN)),
        class_names=tuple(attributes.get("class_names", ())),
    )


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
