"""From a weight file of any framework to parameters of one of our nets, with what belongs to them.

Reading is in two stages: `formats` knows the containers and says which arrays are in a file,
`conventions` knows what the arrays of each framework are called and how they lie.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minifcn.models.build import ModelSpec, build
from minifcn.weights.importing.conventions import Colours, Interpretation, interpret
from minifcn.weights.importing.conventions.identify import identify
from minifcn.weights.importing.formats import read_source
from minifcn.weights.importing.formats.source import Source
from minifcn.weights.store import FORMAT_VERSION, WeightsError

Shape = tuple[int, ...]


class Converted(NamedTuple):
    """The content of a weight file as ours.

    Attributes
    ----------
    spec : ModelSpec
        The net that the parameters are of.
    params : dict of address to float32 array
        In the shapes and the order of the net; views of the file where nothing was computed.
    attributes : dict
        What is stored with them, but for the class names where the file has none.
    missing : tuple of str
        Parameters of the net that the file has nothing for.
    left_out : dict of name to str
        What is in the file and not used, and why.
    notes : tuple of str
    """

    spec: ModelSpec
    params: dict[str, np.ndarray]
    attributes: dict[str, Any]
    missing: tuple[str, ...]
    left_out: dict[str, str]
    notes: tuple[str, ...]


def read_weights(
    path: Path, *, colours: Colours | None = None, flipped: bool | None = None
) -> Converted:
    """Read a weight file of any framework, chosen by its content, and make it ours.

    Parameters
    ----------
    path : Path
    colours, flipped
        See `conventions.interpret`.

    Raises
    ------
    WeightsError
        If the file is damaged, or its arrays are those of none of our nets.
    FileNotFoundError
        If there is no such file.
    """
    source = read_source(path)
    try:
        meaning = interpret(source, colours=colours, flipped=flipped)
        spec = _spec(source, meaning)
        params, missing, surplus = fit(meaning.params, parameter_shapes(spec))
    except WeightsError as error:
        raise WeightsError(f"{path} ({source.format}): {error}") from error
    attributes = {
        "format_version": FORMAT_VERSION,
        **spec.to_dict(),
        "preprocess": meaning.preprocess,
        "class_names": list(meaning.class_names),
        "source": {"file": path.name, "format": source.format, "sha256": sha256(path)},
    }
    left_out = {**meaning.left_out, **dict.fromkeys(surplus, "the net has no such layer")}
    return Converted(spec, params, attributes, missing, left_out, meaning.notes)


def _spec(source: Source, meaning: Interpretation) -> ModelSpec:
    """Return the description of the net: the file's own one if it is ours."""
    if source.framework == "minifcn" and "arch" in source.attributes:
        return ModelSpec.from_dict(source.attributes)
    return identify(meaning.params, meaning.modality)


def parameter_shapes(spec: ModelSpec) -> dict[str, Shape]:
    """Return the shape of each parameter of a net by its address."""
    return {address: param.shape for address, param in build(spec).params.items()}


def fit(
    params: dict[str, np.ndarray], shapes: dict[str, Shape]
) -> tuple[dict[str, np.ndarray], tuple[str, ...], tuple[str, ...]]:
    """Bring parameters into the shapes and the order of a net.

    A fully connected layer is a convolution over a whole map, with the same numbers in the same
    order (section 3.1 of the paper): (4096, 25088) is (4096, 512, 7, 7).

    Parameters
    ----------
    params : dict of address to array
    shapes : dict of address to shape

    Returns
    -------
    params : dict of address to float32 array
    missing : tuple of str
        Addresses that there is nothing for.
    surplus : tuple of str
        Addresses that the net does not have.

    Raises
    ------
    WeightsError
        If a shape does not fit.
    """
    fitted = {}
    for address, shape in shapes.items():
        if address not in params:
            continue
        array = params[address]
        if array.size != np.prod(shape, dtype=int) or array.shape[:1] != shape[:1]:
            raise WeightsError(f"{address} has the shape {array.shape}, where {shape} belongs")
        fitted[address] = np.asarray(array, np.float32).reshape(shape)
    missing = tuple(address for address in shapes if address not in params)
    return fitted, missing, tuple(address for address in params if address not in shapes)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
