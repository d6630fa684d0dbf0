"""Using a net: from an image to its label map, and over a data set to the paper's figures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import prod
from types import ModuleType
from typing import Any

import numpy as np

from minifcn.backend import Array, to_device
from minifcn.data.dataset import NOTHING, Dataset
from minifcn.data.transforms import Preprocess
from minifcn.distributed.communicator import Communicator
from minifcn.inference.looks import ONE_LOOK
from minifcn.inference.metrics import FIGURES, ConfusionMatrix
from minifcn.inference.model import Model
from minifcn.inference.scores import (
    Eye,
    Picture,
    add_probabilities,
    classes_of,
    free_memory,
    refuse_without_memory,
    scores_by_tile,
)
from minifcn.inference.several_looks import several_looks
from minifcn.inference.tiles import Area
from minifcn.net import Net
from minifcn.net.heads import net_heads


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
    eye = Eye(net, head, preprocess, modality, xp)
    return _one_look(eye, Picture(image, extras))[head[0].name]


def segment_all(
    model: Model, image: np.ndarray, xp: ModuleType = np, extras: Mapping[str, np.ndarray] = NOTHING
) -> dict[str, Array]:
    """Return the label map of each head of a model: {"": (H, W)}, or {"": ..., "geo": ...}.

    The image is looked at as the model's `looks` say. Parameters are those of `segment`.
    """
    return _segment(model, Picture(image, extras), xp)


def segment_with_probabilities(
    model: Model, image: np.ndarray, xp: ModuleType = np, extras: Mapping[str, np.ndarray] = NOTHING
) -> tuple[dict[str, Array], dict[str, np.ndarray]]:
    """Return what `segment_all` does, and the probability of each class at each pixel.

    That is the softmax of the scores, or the mean of it over the model's looks, float32 (C, H, W)
    of each head, on the host. It takes 4 bytes for each class and pixel, and is put together from
    tiles as the label maps are.

    Parameters are those of `segment`.
    """
    classes = (model.class_names, *model.extra_classes.values())
    shapes = {
        head.name: (len(names), *image.shape[:2])
        for head, names in zip(net_heads(model.net), classes, strict=True)
    }
    refuse_without_memory(
        sum(4 * prod(shape) for shape in shapes.values()),
        f"the probabilities of {image.shape[0]} x {image.shape[1]} pixels",
        "do without them, or scale the image down",
    )
    found = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    return _segment(model, Picture(image, extras), xp, found), found


def _segment(
    model: Model,
    picture: Picture,
    xp: ModuleType,
    probabilities: Mapping[str, np.ndarray] = NOTHING,
) -> dict[str, Array]:
    """Return the label map of each head, and fill in `probabilities`, zeros so far, if given."""
    if model.looks != ONE_LOOK:
        return several_looks(model, picture, xp, probabilities)
    eye = Eye(model.net, net_heads(model.net), model.preprocess, model.spec.modality, xp)
    return _one_look(eye, picture, probabilities)


def _one_look(
    eye: Eye, picture: Picture, probabilities: Mapping[str, np.ndarray] = NOTHING
) -> dict[str, Array]:
    """Return the label map of each head, and add to the `probabilities`, if there are any."""
    xp, labels = eye.xp, dict[str, Array]()

    def use(area: Area, scores: dict[str, Array]) -> None:
        for name, of_head in scores.items():
            if name in probabilities:
                add_probabilities(of_head, probabilities[name][(slice(None), *area)])
            part = classes_of(of_head)
            labels.setdefault(name, xp.empty(picture.size, part.dtype))[area] = part

    taken = sum(array.nbytes for array in probabilities.values())
    scores_by_tile(eye, picture, use, free_memory(xp, taken))
    return labels


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
    counts are read; and for each image if the model looks several times or at another size, since
    the mean is taken on the host.

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
