"""From a weight file of any framework to parameters of one of our nets, with what belongs to them.

Reading is in two stages: `formats` knows the containers and says which arrays are in a file,
`conventions` knows what the arrays of each framework are called and how they lie.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minifcn.models.build import ModelSpec, build
from minifcn.system.files import file_digest
from minifcn.weights.importing.conventions import Colours, Interpretation, interpret
from minifcn.weights.importing.conventions.identify import identify
from minifcn.weights.importing.formats import read_source
from minifcn.weights.store import FORMAT_VERSION, WeightsError

Shape = tuple[int, ...]


class Converted(NamedTuple):
    """The content of a weight file as ours."""

    spec: ModelSpec  # the net that the parameters are of
    # float32, in the shapes and the order of the net; views of the file if nothing was computed.
    params: dict[str, np.ndarray]
    # What is stored with them, but for the class names where the file has none. A file of ours
    # keeps all that it says.
    attributes: dict[str, Any]
    missing: tuple[str, ...]  # parameters of the net that the file has nothing for
    left_out: dict[str, str]  # what is in the file and not used, and why
    notes: tuple[str, ...]


def read_weights(
    path: Path,
    *,
    arch: str | None = None,
    colours: Colours | None = None,
    flipped: bool | None = None,
) -> Converted:
    """Read a weight file of any framework, chosen by its content, and make it ours.

    Parameters
    ----------
    arch : str, optional
        The architecture of the net, where the file does not tell.
    colours, flipped
        See `conventions.interpret`.

    Raises
    ------
    WeightsError
        If the file is damaged, its arrays are those of none of our nets or may be of either of
        two, some are of layers that the net does not have, or it is not of `arch`.
    FileNotFoundError
        If there is no such file.
    """
    source = read_source(path)
    try:
        meaning = interpret(source, colours=colours, flipped=flipped)
        spec = spec_of(meaning, arch)
        scales = scales_in_code(meaning, spec)
        params, missing, surplus = fit({**meaning.params, **scales}, parameter_shapes(spec))
        _refuse_unknown(spec, missing, surplus)
    except WeightsError as error:
        raise WeightsError(f"{path} ({source.format}): {error}") from error
    origin = {"file": path.name, "format": source.format, "sha256": file_digest(path)}
    if "source" in meaning.described:
        origin["source"] = meaning.described["source"]
    attributes = {
        **meaning.described,
        "format_version": FORMAT_VERSION,
        **spec.to_dict(),
        "preprocess": meaning.preprocess,
        "class_names": list(meaning.class_names),
        "source": origin,
    }
    notes = meaning.notes
    if scales:
        values = [f"{a.rpartition('/')[0]} {array.flat[0]:g}" for a, array in scales.items()]
        notes += (f"the scales of the skips are not in the file; taken: {', '.join(values)}",)
    return Converted(spec, params, attributes, missing, dict(meaning.left_out), notes)


def _refuse_unknown(spec: ModelSpec, missing: tuple[str, ...], surplus: tuple[str, ...]) -> None:
    """Refuse arrays that the net has no place for: left out, another net would compute in silence.

    What may be left out, such as auxiliary classifiers, the conventions name; and what the net has
    no array for is named too, for it may be there under another name.
    """
    if not surplus:
        return
    lacking = f", which lacks {_few(missing)}," if missing else ""
    raise WeightsError(
        f"taken as {spec.arch} on {spec.backbone}{lacking} it also holds {_few(surplus)}, which "
        "that net does not have: it is of another net, or one whose layers are called otherwise; "
        "rename the arrays, or take those out that do not belong to the net"
    )


def _few(names: tuple[str, ...], limit: int = 6) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" * (len(names) > limit))


def spec_of(meaning: Interpretation, arch: str | None = None) -> ModelSpec:
    """Return the description of the net in a file: the file's own one, or what its arrays tell.

    Raises
    ------
    WeightsError
        If the file, or its arrays, say otherwise than `arch`; if they may be of either of two nets;
        if they are of none.
    """
    stated = meaning.spec.arch if meaning.spec else meaning.arch
    if arch and stated and arch != stated:
        raise WeightsError(f"it says that it is of {stated}, not of {arch}; leave --arch out")
    return meaning.spec or identify(
        meaning.params,
        meaning.modality,
        arch=arch or stated,
        scaled_in_code=meaning.scaled_in_code,
    )


def scales_in_code(meaning: Interpretation, spec: ModelSpec) -> dict[str, np.ndarray]:
    """Return the scales of an FCN-8s at once by their addresses, if they are not in its file.

    VGG16's are the reference's and those of its ports: 0.01 of pool4 and 0.0001 of pool3.
    """
    stored = any(address.startswith("scale_") for address in meaning.params)
    if spec.arch != "fcn8s-at-once" or stored or not meaning.scaled_in_code:
        return {}
    return {a: array for a, array in build(spec).params.items() if a.startswith("scale_")}


def parameter_shapes(spec: ModelSpec) -> dict[str, Shape]:
    """Return the shape of each parameter of a net by its address."""
    return {address: param.shape for address, param in build(spec).params.items()}


def fit(
    params: dict[str, np.ndarray], shapes: dict[str, Shape]
) -> tuple[dict[str, np.ndarray], tuple[str, ...], tuple[str, ...]]:
    """Bring parameters into the shapes and the order of a net, as float32.

    A fully connected layer is a convolution over a whole map, with the same numbers in the same
    order (section 3.1 of the paper): (4096, 25088) is (4096, 512, 7, 7).

    Also returned are the addresses that there is nothing for, and those that the net does not have.

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
