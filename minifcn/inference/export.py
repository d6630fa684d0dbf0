"""A net as a file that other programs take, and the proof that it computes the same there."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from minifcn.data.inputs import net_inputs
from minifcn.inference.convert import described
from minifcn.inference.looks import Looks, stored_looks
from minifcn.inference.model import Model, find_weights, model_of, segmenting, whole
from minifcn.inference.onnx_graph import INPUTS, Size, onnx_model
from minifcn.net.heads import net_heads
from minifcn.system.extras import optional
from minifcn.system.files import atomic_write
from minifcn.system.records import SettingsError
from minifcn.weights.export import WEIGHT_FILES, export_weights
from minifcn.weights.importing.conversion import read_weights
from minifcn.weights.store import WeightsError

EXPORTS = (".onnx", *WEIGHT_FILES)
TOLERANCE = 1e-4  # of scores, as a share of the largest
TINY = float(np.finfo(np.float32).tiny)
TRIED = ((64, 48), (75, 101))  # sizes of images, of which the second is divided by no stride


class Exported(NamedTuple):
    """What was written.

    Attributes
    ----------
    errors : dict of (int, int) to float
        Of a model: the largest difference of scores as a share of the largest, by the size of the
        image that was tried. Of weights: nothing.
    looks : Looks
        How the net looks at images here. Elsewhere it looks once: the file has one net.
    """

    errors: dict[Size, float]
    looks: Looks


def export(source: Path, target: Path, *, size: Size | None = None) -> Exported:
    """Write the net of a run or of a weight file as a file of another program.

    Parameters
    ----------
    source : Path
    target : Path
        Its ending, one of `EXPORTS`, says what becomes of it: a model for inference engines, or
        weights alone. The file appears only when it is complete, and a model only when ONNX Runtime
        has computed with it what the net does; it takes the place of one that may be there.
    size : (int, int), optional
        Height and width of the images, if a model is to take no others.

    Returns
    -------
    Exported

    Raises
    ------
    ExtraError
        If a model is wanted and `onnx` or `onnxruntime` are not installed.
    SettingsError
        If the ending is unknown, or weights are to have a size.
    WeightsError
        If the source is unusable, or the scores differ by more than 1e-4.
    WriteError
        If the disk is full or refuses.
    """
    if target.suffix not in EXPORTS:
        raise SettingsError(f"{target} must end in one of {', '.join(EXPORTS)}")
    if target.suffix != ".onnx" and size is not None:
        raise SettingsError(f"a size is for .onnx: {target} has only weights, for any size")
    file = find_weights(source)
    converted = read_weights(file)
    looks = stored_looks(converted.attributes)
    if target.suffix != ".onnx":
        export_weights(target, converted.params, described(converted))
        return Exported({}, looks)
    weights = whole(converted, file)
    model = segmenting(model_of(weights, file), file)
    made = onnx_model(model, weights.attributes, size).SerializeToString()
    errors = {tried: error_of(made, model, tried) for tried in ([size] if size else TRIED)}
    for tried, error in errors.items():
        if not error <= TOLERANCE:
            raise WeightsError(
                f"{target} was not written: with an image of {tried[0]} x {tried[1]} ONNX Runtime "
                f"computes scores that differ by {error:.1e} of the largest"
            )
    with atomic_write(target) as opened:
        opened.write(made)
    return Exported(errors, looks)


def error_of(made: bytes, model: Model, size: Size) -> float:
    """Return by how much ONNX Runtime's scores differ for a random image, of the largest score.

    Parameters
    ----------
    made : bytes
        The model of `onnx_model`.
    model : Model
    size : (int, int)
        Height and width of the image.
    """
    engine = optional("onnxruntime", "onnx").InferenceSession(made)
    modality, rng = model.spec.modality, np.random.default_rng(0)
    image, hha = rng.integers(0, 256, (2, *size, 3), np.uint8)
    extras = {"hha": hha, "depth": rng.uniform(0, 5, size).astype(np.float32)}
    given = {"image": hha if modality == "hha" else image, "hha_image": hha, **extras}
    scores = [head.score for head in net_heads(model.net)]
    found = engine.run(scores, {name: given[name][None] for name, *_ in INPUTS[modality]})
    inputs = net_inputs(image, extras, model.preprocess, modality)
    expected, _ = model.net.forward({k: a[None] for k, a in inputs.items()}, outputs=scores)
    return max(
        float(np.abs(theirs - expected[score]).max() / max(np.abs(expected[score]).max(), TINY))
        for score, theirs in zip(scores, found, strict=True)
    )
