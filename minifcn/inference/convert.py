"""A weight file of any framework made into one of ours, or ours into one of another."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import minifcn
from minifcn.data.imagenet import imagenet_classes
from minifcn.data.palette import voc_palette
from minifcn.data.voc import VOC_CLASSES
from minifcn.system.outputs import refuse_losses
from minifcn.system.records import SettingsError
from minifcn.weights.export import export
from minifcn.weights.importing.conventions import Colours
from minifcn.weights.importing.conversion import Converted, read_weights
from minifcn.weights.store import save_weights


def convert(
    source: Path,
    target: Path,
    *,
    to: str | None = None,
    half: bool = False,
    arch: str | None = None,
    colours: Colours | None = None,
    flipped: bool | None = None,
    licence: str = "",
) -> Converted:
    """Read a weight file of any framework and write it as ours; return what was read.

    Parameters
    ----------
    source, target : Path
        The target appears only when it is complete, in place of a file that may be there.
    to : "safetensors", "npz" or "torch-layout", optional
        Another kind of file, see `weights.export`; without it our HDF5.
    half : bool
        Round to half precision, for files that are passed on: less than half the size. Our HDF5
        only. A net that is loaded from it computes in float32 again.
    arch : str, optional
        The architecture of the net, where the file does not tell.
    colours, flipped
        See `weights.conventions.interpret`.
    licence : str
        Stored with the weights.

    Raises
    ------
    WeightsError
        If the file is damaged or unknown, belongs to none of our nets or perhaps to either of
        two, or is not of `arch`.
    SettingsError
        If another kind of file is to be of half precision.
    OutputError
        If the target is the source.
    OSError
        If it is missing, or the target cannot be written.
    """
    if half and to is not None:
        raise SettingsError(f"half precision is for minifcn's own files: give it without --to {to}")
    refuse_losses([target], [source], overwrite=True)
    converted = read_weights(source, arch=arch, colours=colours, flipped=flipped)
    spec, found = converted.spec, converted.attributes
    names = found["class_names"] or published_names(spec.num_classes)
    colours_of_classes = voc_palette()[: spec.num_classes].tolist()
    attributes = {
        "palette": colours_of_classes if spec.arch != "classifier" else [],
        **found,
        "class_names": names,
        "licence": licence or found.get("licence", "that of the source file"),
        "converter": f"minifcn {minifcn.__version__}",
    }
    if to is None:
        dtype: Literal["float16"] | None = "float16" if half else None
        save_weights(target, converted.params, attributes, dtype=dtype)
    else:
        export(target, converted.params, attributes, to)
    return converted


def published_names(num_classes: int) -> list[str]:
    """Return the names of ImageNet's or VOC's classes, by their number; otherwise only numbers."""
    if num_classes == len(imagenet_classes()):
        return list(imagenet_classes())
    if num_classes == len(VOC_CLASSES):
        return list(VOC_CLASSES)
    return [f"class {number}" for number in range(num_classes)]
