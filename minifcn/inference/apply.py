"""Using a net: from an image to its label map, and over a data set to the paper's figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import prod
from types import ModuleType
from typing import Any

import numpy as np

from minifcn.backend import Array, array_module, to_device, to_host
from minifcn.data.dataset import NOTHING, DataError, Dataset
from minifcn.data.inputs import net_inputs
from minifcn.data.transforms import Preprocess
from minifcn.distributed.communicator import Communicator
from minifcn.functional.softmax import softmax
from minifcn.inference.metrics import FIGURES, ConfusionMatrix
from minifcn.inference.model import Model
from minifcn.inference.tiles import SHARE, Area, Tile, fitting_tiles
from minifcn.net import Net
from minifcn.net.heads import Head, net_heads
from minifcn.system.devices import device_memory
from minifcn.system.machine import gigabytes, memory

FIRST_PIXEL = (slice(0, 1), slice(0, 1))
VALUES = 1 << 23  # scores that are looked at together


def segment(
    net: Net,
    image: np.ndarray,
    preprocess: Preprocess,
    xp: ModuleType = np,
    *,
    extras: Mapping[str, np.ndarray] = NOTHING,
    modality: str = "rgb",
) -> Array:
    """Return the class of each pixel of an image, on the device of `xp`.

    Parameters
    ----------
    net : Net
        Of several heads, the first is asked; see `segment_all`.
    image : uint8 array (H, W, 3), RGB
        Of any size; the net sees it unscaled, and whole, or if there is not enough memory in
        overlapping tiles (`tiles.py`), which comes to the same.
    preprocess : Preprocess
        That of the net's weights.
    xp : module
    extras : mapping of str to array
        "depth" or "hha", for a net that sees them; see `data.inputs.net_inputs`.
    modality : str
        What the net sees.

    Returns
    -------
    uint8 array (H, W), or uint16 for more than 256 classes; the lowest class wins a tie

    Raises
    ------
    DataError
        If there is not enough memory even for tiles, or the image is smaller than a window needs.
    """
    head = net_heads(net)[:1]
    labels, _ = _predict(net, head, image, preprocess, xp, extras, modality)
    return labels[head[0].name]


def segment_all(
    model: Model, image: np.ndarray, xp: ModuleType = np, extras: Mapping[str, np.ndarray] = NOTHING
) -> dict[str, Array]:
    """Return the label map of each head of a model: {"": (H, W)}, or {"": ..., "geo": ...}.

    Parameters are those of `segment`.
    """
    heads, modality = net_heads(model.net), model.spec.modality
    return _predict(model.net, heads, image, model.preprocess, xp, extras, modality)[0]


def segment_with_probabilities(
    model: Model, image: np.ndarray, xp: ModuleType = np, extras: Mapping[str, np.ndarray] = NOTHING
) -> tuple[dict[str, Array], dict[str, np.ndarray]]:
    """Return what `segment_all` does, and the probability of each class at each pixel.

    That is the softmax of the scores, float32 (C, H, W) of each head, on the host. It takes
    4 bytes for each class and pixel, and is put together from tiles as the label maps are.

    Parameters are those of `segment`.
    """
    heads, modality = net_heads(model.net), model.spec.modality
    classes = (model.class_names, *model.extra_classes.values())
    shapes = {
        head.name: (len(names), *image.shape[:2])
        for head, names in zip(heads, classes, strict=True)
    }
    needed = sum(4 * prod(shape) for shape in shapes.values())
    free = memory().available
    if free is not None and needed > SHARE * free:
        raise DataError(
            f"the probabilities of {image.shape[0]} x {image.shape[1]} pixels take "
            f"{gigabytes(needed)} of memory, and there is {gigabytes(int(SHARE * free))} (half of "
            "what is free): do without them, or scale the image down"
        )
    found = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return _predict(model.net, heads, image, model.preprocess, xp, extras, modality, found)


def _predict(
    net: Net,
    heads: Sequence[Head],
    image: np.ndarray,
    preprocess: Preprocess,
    xp: ModuleType,
    extras: Mapping[str, np.ndarray],
    modality: str,
    probabilities: dict[str, np.ndarray] | None = None,
) -> tuple[dict[str, Array], dict[str, np.ndarray]]:
    """Return the label map of each head, and the `probabilities` to fill in, if there are any."""
    wanted = probabilities or {}

    def inputs_of(area: Area) -> dict[str, np.ndarray]:
        parts = {name: array[area] for name, array in extras.items()}
        return net_inputs(image[area], parts, preprocess, modality)

    channels = {name: len(pixel) for name, pixel in inputs_of(FIRST_PIXEL).items()}
    scores = [head.score for head in heads]
    size = (image.shape[0], image.shape[1])
    refuse_too_small(net, channels, size)
    free = device_memory(xp).available
    if free is not None and xp is np:
        free -= sum(array.nbytes for array in wanted.values())  # taken at the first touch
    labels: dict[str, Array] = {}

    def label_of(tile: Tile) -> dict[str, Array]:  # a function: its scores go before the next tile
        inputs = {name: to_device(a[None], xp) for name, a in inputs_of(tile.seen).items()}
        outputs, _ = net.forward(inputs, outputs=scores)
        kept = {head.name: outputs[head.score][(0, ..., *tile.inner)] for head in heads}
        for name, whole in wanted.items():
            _softmax(kept[name], whole[(slice(None), *tile.kept)])
        return {name: _classes(part) for name, part in kept.items()}

    for tile in fitting_tiles(net, scores, channels, size, free, xp):
        for name, part in label_of(tile).items():
            label = labels.setdefault(name, xp.empty(size, part.dtype))
            label[tile.kept] = part
    return labels, wanted


def refuse_too_small(net: Net, channels: Mapping[str, int], size: tuple[int, int]) -> None:
    """Raise DataError if a window of the net finds no place in an image of this size."""
    try:
        net.shapes(**{name: (1, count, *size) for name, count in channels.items()})
    except ValueError as error:
        raise DataError(
            f"an image of {size[0]} x {size[1]} pixels is too small for the net ({error})"
        ) from error


def _classes(scores: Array) -> Array:
    """Return the class of the highest score, some rows at a time: argmax needs a copy of them."""
    xp = array_module(scores)
    label = xp.empty(scores.shape[1:], np.min_scalar_type(len(scores) - 1))
    for part in _strips(scores):
        label[part] = scores[:, part].argmax(axis=0)
    return label


def _softmax(scores: Array, out: np.ndarray) -> None:
    """Write the probability of each class to an array on the host, some rows at a time."""
    for part in _strips(scores):
        out[:, part] = to_host(softmax(scores[None, :, part])[0])


def _strips(scores: Array) -> Iterator[slice]:
    """Cut scores (C, H, W) into rows of about `VALUES` values."""
    rows = max(1, VALUES // scores[:, 0].size)
    for start in range(0, scores.shape[1], rows):
        yield slice(start, start + rows)


def evaluate(
    model: Model,
    dataset: Dataset,
    *,
    xp: ModuleType = np,
    indices: Iterable[int] | None = None,
    each: Callable[[int, ConfusionMatrix], None] | None = None,
) -> dict[str, ConfusionMatrix]:
    """Segment a data set, image by image, and count, all on the device.

    A GPU is not waited for: the next image is read and sent while it is at work. It is when the
    counts are read.

    Parameters
    ----------
    model : Model
    dataset : Dataset
        Whose samples have what the model sees.
    xp : module
        The device of the net's weights.
    indices : iterable of int, optional
        The samples to use; all of them if not given. (A progress bar may be wrapped around it.)
    each : callable, optional
        Told the index of each sample, and the counts of it alone, of the main head.

    Returns
    -------
    dict of str to ConfusionMatrix
        Of each head: "" is the main one.
    """
    classes = {"": model.class_names, **model.extra_classes}
    confusions = {head: ConfusionMatrix(len(names)) for head, names in classes.items()}
    for index in range(len(dataset)) if indices is None else indices:
        sample = dataset[index]
        truth = {"": sample.label, **sample.extra_labels}
        for head, label in segment_all(model, sample.image, xp, sample.extras).items():
            true_label = to_device(truth[head], xp)
            confusions[head].update(true_label, label)
            if each is not None and not head:
                alone = ConfusionMatrix(len(model.class_names))
                alone.update(true_label, label)
                each(index, alone)
    return confusions


def evaluate_together(
    model: Model,
    dataset: Dataset,
    *,
    limit: int = 0,
    xp: ModuleType,
    communicator: Communicator,
    watched: Callable[[Sequence[int]], Iterable[int]] = iter,
    each: Callable[[int, ConfusionMatrix], None] | None = None,
) -> dict[str, ConfusionMatrix]:
    """Segment this rank's share of a data set and count; return the counts of all ranks.

    Parameters
    ----------
    model, dataset, xp, each
        As for `evaluate`, which does the work.
    limit : int
        How many samples count, the first ones; 0 for all.
    communicator : Communicator
    watched : callable
        Wraps this rank's indices, for a progress bar.

    Returns
    -------
    dict of str to ConfusionMatrix, the same on every rank
    """
    share = communicator.share(range(min(limit or len(dataset), len(dataset))))
    confusions = evaluate(model, dataset, xp=xp, indices=watched(share), each=each)
    for confusion in confusions.values():
        communicator.sum(confusion.counts)
    return confusions


def predicts_one_class(confusion: ConfusionMatrix) -> bool:
    """Return whether all pixels were given one class: the mark of a net that has not learned."""
    return int((confusion.counts.sum(axis=0) > 0).sum()) == 1


def results(
    confusions: dict[str, ConfusionMatrix], model: Model, matrix_up_to: int | None = None
) -> dict[str, Any]:
    """Return the paper's figures, the IU of each class and the counts, ready for JSON.

    "confusion" has the pixels of each class (row) by what they were taken for (column), unless
    there are more than `matrix_up_to` classes. Further heads are in "heads".
    """
    names = {"": model.class_names, **model.extra_classes}
    records = {}
    for head, confusion in confusions.items():
        scores = confusion.scores()
        records[head] = {
            **{name: _finite(getattr(scores, name)) for name in FIGURES},
            "occurring_mean_iu": _finite(scores.occurring_mean_iu),
            "class_iu": dict(zip(names[head], map(_finite, scores.class_iu), strict=True)),
        }
        if matrix_up_to is None or confusion.num_classes <= matrix_up_to:
            records[head]["confusion"] = confusion.counts.tolist()
    main = records.pop("")
    return {**main, "heads": records} if records else main


def _finite(value: float) -> float | None:
    """Return a figure as JSON has it: None in place of NaN, which means nothing to divide."""
    return None if np.isnan(value) else float(value)
