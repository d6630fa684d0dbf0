"""What a run writes as it goes on, and goes on from: checkpoints and samples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np

from minifcn.backend import to_host
from minifcn.data.dataset import Dataset
from minifcn.data.transforms import Preprocess
from minifcn.inference.apply import segment_all
from minifcn.inference.model import Model, model_attributes
from minifcn.inference.pictures import colourise, overlay, save_png, side_by_side
from minifcn.net import Net
from minifcn.system.files import rename
from minifcn.training.optim import SGD
from minifcn.weights.checkpoint import (
    checkpoint_path,
    checkpoints,
    newest_whole,
    prune_checkpoints,
    save_checkpoint,
)
from minifcn.weights.store import WeightsError
from minifcn.weights.surgery import transplant

SAMPLE_IMAGES = 4
KEPT_CHECKPOINTS = 2


def save_state(model: Model, optimiser: SGD, step: int, folder: Path) -> None:
    """Write a checkpoint, and delete the oldest ones."""
    save_checkpoint(
        checkpoint_path(folder, step),
        model.net.params,
        optimiser.state(),
        {"step": step, **model_attributes(model)},
    )
    prune_checkpoints(folder, KEPT_CHECKPOINTS)


def restore(
    net: Net,
    optimiser: SGD,
    folder: Path,
    preprocess: Preprocess,
    note: Callable[[str], None],
) -> tuple[int, Preprocess, list[str]]:
    """Load the newest checkpoint that is whole, if there is one.

    Returns
    -------
    start : int
        The step to go on from.
    preprocess : Preprocess
        The run's, or without a checkpoint the one that was given.
    damage : list of str
        What was found to be damaged. These files get other names, out of the way.

    Raises
    ------
    WeightsError
        If there are checkpoints and none is whole, or final weights and no checkpoint: to start
        from the beginning would be to throw away what there is.
    """
    path, checkpoint, damaged = newest_whole(folder / "checkpoints")
    if path is None or checkpoint is None:
        what = f"none of its checkpoints is whole ({', '.join(bad.name for bad in damaged)})"
        if damaged or (folder / "weights.h5").exists():
            raise WeightsError(
                f"{folder}: {what if damaged else 'its checkpoints are gone'}, so the run cannot "
                "be resumed; bring one back, or train anew with another --out"
            )
        return 0, preprocess, []
    transplant(net.params, checkpoint.params)
    optimiser.load_state(checkpoint.momentum)
    note(f"going on from {path.name}")
    found = []
    for bad, reason in damaged.items():
        rename(bad, bad.with_name(f"damaged-{bad.name}"))
        found.append(f"{bad.name} is damaged, so it goes on from {path.name} ({reason})")
        note(found[-1])
    return checkpoint.state["step"], Preprocess.from_dict(checkpoint.state["preprocess"]), found


def state_of(folder: Path) -> str:
    """Return what of a run is saved, in words for someone who has stopped it."""
    found = checkpoints(folder / "checkpoints")
    if not found:
        return "stopped before the first checkpoint, so nothing is saved"
    return f"stopped; saved are the updates up to {found[0]}"


def save_samples(model: Model, dataset: Dataset, folder: Path, step: int, xp: ModuleType) -> None:
    """Write image, truth and prediction of a few validation images side by side."""
    palettes = {"": np.asarray(dataset.palette), **getattr(dataset, "extra_palettes", {})}
    for index in range(min(SAMPLE_IMAGES, len(dataset))):
        sample = dataset[index]
        labels = {
            head: to_host(label).astype(np.uint8)
            for head, label in segment_all(model, sample.image, xp, sample.extras).items()
        }
        panels = [("image", sample.image)]
        for head, truth in {"": sample.label, **sample.extra_labels}.items():
            colours = palettes[head]
            panels.append((f"truth {head}".strip(), colourise(truth, colours)))
            panels.append((f"step {step} {head}".strip(), colourise(labels[head], colours)))
        panels.append(("overlay", overlay(sample.image, labels[""], palettes[""])))
        save_png(folder / f"{index:02d}_step_{step:08d}.png", side_by_side(panels))
