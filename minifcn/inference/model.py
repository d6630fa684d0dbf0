"""A net together with what it needs to be used: its preprocessing and its class names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any, Literal, NamedTuple

import numpy as np

from minifcn.data.transforms import Preprocess
from minifcn.inference.convert import described
from minifcn.inference.looks import ONE_LOOK, Looks, looks_attribute, stored_looks
from minifcn.models.build import ModelSpec, build
from minifcn.net import Net
from minifcn.system.records import fits
from minifcn.weights.importing.conversion import Converted, read_weights
from minifcn.weights.store import (
    FORMAT_VERSION,
    HDF5_SIGNATURE,
    Weights,
    WeightsError,
    load_weights,
    save_weights,
)
from minifcn.weights.surgery import transplant

# Those of other frameworks too, which are refused with advice where ours are expected.
WEIGHT_ENDINGS = frozenset(
    (
        *(".h5", ".hdf5", ".caffemodel", ".keras", ".mat", ".npy", ".npz", ".onnx"),
        *(".pt", ".pth", ".safetensors"),
    )
)
# Of a run, or of one in stages the finest that is finished.
RUN_WEIGHTS = ("weights.h5", "fcn8s/weights.h5", "fcn16s/weights.h5", "fcn32s/weights.h5")


class Model(NamedTuple):
    """A net that can be used.

    Attributes
    ----------
    net : Net
    spec : ModelSpec
    preprocess : Preprocess
        What the images have to go through for these weights.
    class_names : tuple of str
    palette : list of [r, g, b]
        The colour of each class.
    extra_classes : dict of str to tuple of str
        The class names of each further head.
    looks : Looks
        How the net looks at images; once, as they are, if nobody has measured what is better.
    """

    net: Net
    spec: ModelSpec
    preprocess: Preprocess
    class_names: tuple[str, ...]
    palette: list[list[int]]
    extra_classes: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    looks: Looks = ONE_LOOK


def model_attributes(model: Model) -> dict[str, Any]:
    """Return the attributes that are stored with a model's weights."""
    return {
        "format_version": FORMAT_VERSION,
        **model.spec.to_dict(),
        "preprocess": model.preprocess.to_dict(),
        "class_names": list(model.class_names),
        "palette": np.asarray(model.palette, int)[: len(model.class_names)].tolist(),
        "extra_classes": {head: list(names) for head, names in model.extra_classes.items()},
        **looks_attribute(model.looks),
    }


def save_model(
    path: Path, model: Model, *, dtype: Literal["float16"] | None = None, **attributes: Any
) -> None:
    """Write a model to an HDF5 file, with further attributes (dataset, source, licence ...).

    With `dtype="float16"` the weights are rounded to half precision, for files that are shipped.
    """
    save_weights(
        path,
        model.net.params,
        {**model_attributes(model), **attributes},
        dtype=dtype,
    )


def load_model(path: Path | str, xp: ModuleType = np) -> Model:
    """Build the net that a weight file or a run describes, and load its weights.

    Parameters
    ----------
    path : path
        A weight file of `save_model` or of `export`, or the folder of a run.
    xp : module
        The array module of the device.

    Raises
    ------
    WeightsError
        If the file is broken, or does not hold all the weights of the net it describes.
    """
    file = find_weights(Path(path))
    return model_of(_read(file), file, xp)


def model_of(weights: Weights, file: Path, xp: ModuleType = np) -> Model:
    """Build the net that weights describe, with them in it; raises as `load_model`.

    Parameters
    ----------
    weights : Weights
    file : Path
        Where they are from, for messages.
    xp : module
    """
    try:
        spec = ModelSpec.from_dict(weights.attributes)
        preprocess = Preprocess.from_dict(weights.attributes["preprocess"])
        names, extra = _classes(spec, weights.attributes)
        palette = _palette(weights.attributes["palette"])
        looks = stored_looks(weights.attributes)
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            f"{file}: holds weights, but not the description of a net to put them into ({error})"
        ) from error
    net = build(spec)
    transplant(net.params, weights.params)
    net.to(xp)
    return Model(net, spec, preprocess, names, palette, extra, looks)


def _read(file: Path) -> Weights:
    """Return the weights of a file of ours, or of another kind that `export` writes."""
    with open(file, "rb") as opened:
        ours = opened.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE
    if ours:
        return load_weights(file)
    return whole(read_weights(file), file)


def whole(converted: Converted, file: Path) -> Weights:
    """Return what was read of a file, with all that is said of it, if it is all that a net needs.

    Raises
    ------
    WeightsError
        If parameters are missing.
    """
    if converted.missing:
        raise WeightsError(f"{file} has nothing for {', '.join(converted.missing[:6])}")
    return Weights(converted.params, described(converted))


Names = tuple[str, ...]


def _classes(spec: ModelSpec, attributes: Mapping[str, Any]) -> tuple[Names, dict[str, Names]]:
    """Return the class names of the main head and of each other one."""
    extra = attributes.get("extra_classes", {})
    if not isinstance(extra, dict):
        raise ValueError(f"extra_classes must be a mapping, not {extra!r}")
    counts = dict(list((spec.heads or {}).items())[1:])
    if set(extra) != set(counts):
        raise ValueError(f"extra_classes names {sorted(extra)}, the net has {sorted(counts)}")
    named = {"class_names": attributes["class_names"], **extra}
    for head, count in {"class_names": spec.num_classes, **counts}.items():
        names = named[head]
        texts = isinstance(names, list) and all(isinstance(name, str) for name in names)
        if not texts or len(names) != count:
            raise ValueError(f"{head} must be a list of {count} texts")
    return tuple(named.pop("class_names")), {head: tuple(named[head]) for head in named}


def _palette(colours: Any) -> list[list[int]]:
    """Return the colours of the classes: at most 256, each three numbers of 0 to 255."""
    if not isinstance(colours, list) or len(colours) > 256 or not all(map(_is_colour, colours)):
        raise ValueError("palette must be a list of at most 256 [red, green, blue]")
    return colours


def _is_colour(row: Any) -> bool:
    listed = isinstance(row, list) and len(row) == 3
    return listed and all(fits(value, int) and 0 <= value <= 255 for value in row)


def load_segmenter(path: Path | str, xp: ModuleType = np) -> Model:
    """Load a model that segments; raises as `load_model`, and if it is a classifier."""
    return segmenting(load_model(path, xp), path)


def segmenting(model: Model, path: Path | str) -> Model:
    """Return a model that was read from a path; a classifier is a WeightsError."""
    if model.spec.arch == "classifier":
        raise WeightsError(
            f"{path} holds a classifier, which names what is in an image: use minifcn.classify, or "
            "train an FCN that starts from it (minifcn.train --weights)"
        )
    return model


def looks_like_model(path: Path) -> bool:
    """Return whether a path, among images, means a run or a weight file.

    That is a folder of a run, or a file that is HDF5 or is called as weight files are.
    """
    if path.is_dir():  # the last is that of one whose training has begun
        return any((path / name).exists() for name in (*RUN_WEIGHTS, "config.json"))
    if path.suffix.lower() in WEIGHT_ENDINGS:
        return True
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(len(HDF5_SIGNATURE)) == HDF5_SIGNATURE


def find_weights(path: Path) -> Path:
    """Return the weight file that a path means: itself, or the final weights of a run's folder.

    Raises
    ------
    WeightsError
        If there is no such file, or the run has not finished.
    """
    if path.is_dir():
        for name in RUN_WEIGHTS:
            if (path / name).is_file():
                return path / name
        raise WeightsError(
            f"{path}: holds no weights.h5; is it the folder of a run, and has the run finished? "
            "(--resume continues it)"
        )
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file")
    return path
