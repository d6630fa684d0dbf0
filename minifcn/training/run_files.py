"""What a run writes as it goes on, and goes on from: settings, checkpoints, samples."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import minifcn
from minifcn.backend import to_host
from minifcn.data.dataset import Dataset
from minifcn.data.transforms import Preprocess
from minifcn.inference.apply import segment_all
from minifcn.inference.model import Model, model_attributes
from minifcn.inference.pictures import colourise, overlay, save_png, side_by_side, with_legend
from minifcn.net import Net
from minifcn.system.devices import describe_device
from minifcn.system.files import rename
from minifcn.system.machine import blas, memory, peak_memory, processor_name
from minifcn.system.records import SettingsError
from minifcn.training.optim import SGD
from minifcn.training.settings import Settings
from minifcn.training.solver import TrainingError
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
WEIGHTS = ("weights.h5", "last.h5")
CONTENTS = (
    *("config.json", "log.jsonl", "checkpoints", "samples", *WEIGHTS, "results.json"),
    *("report.html", "README.md"),
)
LOGGED_CLASSES = 64  # whose confusion matrix is in each evaluation of the log: 20 KB at most


def describe(settings: Settings, xp: ModuleType = np) -> dict[str, Any]:
    """Return what `config.json` holds: settings, command, versions, machine and date."""
    return {
        "settings": settings.to_dict(),
        "command": sys.argv,
        "versions": {
            "minifcn": minifcn.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "machine": {
            "system": platform.platform(),
            "processor": processor_name(),
            "memory": memory().total,
            "device": describe_device(xp),
            "blas": blas(),
        },
        "started": now(),
    }


def describe_data(training: Dataset, validation: Dataset) -> dict[str, Any]:
    """Return what it holds too: how many images, and names and colours of each head's classes."""
    names = {"": training.class_names, **getattr(training, "extra_classes", {})}
    colours = {"": training.palette, **getattr(training, "extra_palettes", {})}
    classes = {
        head: {"names": list(own), "colours": np.asarray(colours[head])[: len(own)].tolist()}
        for head, own in names.items()
    }
    return {"images": [len(training), len(validation)], "classes": classes}


def usage(xp: ModuleType) -> dict[str, Any]:
    """Return when it is, and the most bytes that the run has taken, of the machine or its GPU."""
    taken = peak_memory() if xp is np else int(xp.get_default_memory_pool().total_bytes())
    return {"time": now(), "memory": taken}


def now() -> str:
    """Return the time of day with the date, as ISO 8601 has it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def refuse_taken(folder: Path) -> None:
    """Refuse a folder that holds a run, or other files that a run would write over.

    A run that has made no step yet is none: there is nothing to lose, and its settings may have
    been the reason.
    """
    there = [name for name in CONTENTS if _has_content(folder / name)]
    if "config.json" in there and len(there) > 1:
        raise SettingsError(
            f"{folder}: holds a run already; give --resume to continue it or another --out"
        )
    if there and there != ["config.json"]:
        raise SettingsError(
            f"{folder} is no run, but holds {', '.join(there)}, which a run would write over; give "
            "another --out"
        )


def _has_content(path: Path) -> bool:
    """Return whether there is a file, or a folder, that is not empty."""
    return any(path.iterdir()) if path.is_dir() else path.exists() and path.stat().st_size > 0


def save_state(
    model: Model, optimiser: SGD, step: int, folder: Path, best: int | None = None
) -> None:
    """Write a checkpoint, and delete the oldest ones but that of the best evaluation.

    Raises
    ------
    TrainingError
        If the folder of the run, in which that of the checkpoints is made, is not there any more.
    """
    refuse_vanished(folder.parent)
    save_checkpoint(
        checkpoint_path(folder, step),
        model.net.params,
        optimiser.state(),
        {"step": step, **model_attributes(model)},
    )
    prune_checkpoints(folder, KEPT_CHECKPOINTS, best)


def refuse_vanished(folder: Path) -> None:
    """End a training whose folder has been removed: half of a run would be written in its place."""
    if not folder.is_dir():
        raise TrainingError(f"{folder} has gone while the net was trained; train it again")


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
    """Write image, truth and prediction of a few validation images, with a legend of each head."""
    names = {"": dataset.class_names, **getattr(dataset, "extra_classes", {})}
    palettes = {"": np.asarray(dataset.palette), **getattr(dataset, "extra_palettes", {})}
    for index in range(min(SAMPLE_IMAGES, len(dataset))):
        sample = dataset[index]
        labels = {
            head: to_host(label).astype(np.uint8)
            for head, label in segment_all(model, sample.image, xp, sample.extras).items()
        }
        panels = [("image", sample.image)]
        truths = {"": sample.label, **sample.extra_labels}
        for head, truth in truths.items():
            colours = palettes[head]
            panels.append((f"truth {head}".strip(), colourise(truth, colours)))
            panels.append((f"step {step} {head}".strip(), colourise(labels[head], colours)))
        panels.append(("overlay", overlay(sample.image, labels[""], palettes[""])))
        picture = side_by_side(panels)
        for head, truth in truths.items():
            present = np.union1d(truth, labels[head])
            picture = with_legend(picture, names[head], palettes[head], present)
        save_png(folder / f"{index:02d}_step_{step:08d}.png", picture)
