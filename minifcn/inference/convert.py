"""A weight file of any framework made into one of ours."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import minifcn
from minifcn.data.imagenet import imagenet_classes
from minifcn.data.palette import voc_palette
from minifcn.data.voc import VOC_CLASSES
from minifcn.inference.looks import looks_attribute, refuse_classifier, stored_looks
from minifcn.system.outputs import refuse_losses
from minifcn.weights.importing.conventions import Colours
from minifcn.weights.importing.conversion import Converted, read_weights
from minifcn.weights.store import save_weights


def convert(
    source: Path,
    target: Path,
    *,
    half: bool = False,
    arch: str | None = None,
    colours: Colours | None = None,
    flipped: bool | None = None,
    licence: str = "",
    scales: Sequence[float] | None = None,
    mirror: bool | None = None,
) -> Converted:
    """Read a weight file of any framework and write it as ours; return what was read.

    Parameters
    ----------
    source, target : Path
        The target appears only when it is complete, in place of a file that may be there.
    half : bool
        Round to half precision, for files that are passed on: less than half the size. A net that
        is loaded from it computes in float32 again.
    arch : str, optional
        The architecture of the net, where the file does not tell.
    colours, flipped
        See `weights.conventions.interpret`.
    licence : str
        Stored with the weights.
    scales, mirror
        How the net is to look at images, see `Looks`; where not given, as the source says.

    Raises
    ------
    WeightsError
        If the file is damaged or unknown, belongs to none of our nets or perhaps to either of
        two, or is not of `arch`; or if the looks are those of a classifier.
    ValueError
        If these are no looks.
    OutputError
        If the target is the source.
    OSError
        If it is missing, or the target cannot be written.
    """
    refuse_losses([target], [source], overwrite=True)
    converted = read_weights(source, arch=arch, colours=colours, flipped=flipped)
    looks = stored_looks(converted.attributes).changed(scales, mirror)
    refuse_classifier(converted.spec.arch, looks)
    attributes = described(converted, licence)
    attributes.pop("looks", None)
    attributes |= looks_attribute(looks)
    dtype: Literal["float16"] | None = "float16" if half else None
    save_weights(target, converted.params, attributes, dtype=dtype)
    return converted


def described(converted: Converted, licence: str = "") -> dict[str, Any]:
    """Return all that a file of ours says of the weights: with names and colours of the classes.

    Parameters
    ----------
    converted : Converted
    licence : str
        In place of what the source says of it.
    """
    spec, found = converted.spec, converted.attributes
    names = found["class_names"] or published_names(spec.num_classes)
    colours = voc_palette()[: spec.num_classes].tolist() if spec.arch != "classifier" else []
    return {
        "palette": colours,
        **found,
        "class_names": names,
        "licence": licence or found.get("licence", "that of the source file"),
        "converter": f"minifcn {minifcn.__version__}",
    }


def published_names(num_classes: int) -> list[str]:
    """Return the names of ImageNet's or VOC's classes, by their number; otherwise only numbers."""
    if num_classes == len(imagenet_classes()):
        return list(imagenet_classes())
    if num_classes == len(VOC_CLASSES):
        return list(VOC_CLASSES)
    return [f"class {number}" for number in range(num_classes)]
