"""What a run writes as it goes on, and goes on from: checkpoints, the log, samples."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from minifcn.backend import to_host
from minifcn.data.dataset import Dataset
from minifcn.data.transforms import Preprocess
from minifcn.inference.apply import segment_all
from minifcn.inference.model import Model, model_attributes
from minifcn.inference.pictures import colourise, overlay, save_png, side_by_side
from minifcn.net import Net
from minifcn.training.optim import SGD
from minifcn.weights.checkpoint import (
    checkpoint_path,
    latest_checkpoint,
    load_checkpoint,
    prune_checkpoints,
    save_checkpoint,
)
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
) -> tuple[int, Preprocess]:
    """Load the newest checkpoint, if there is one; return the step to go on from."""
    file = latest_checkpoint(folder / "checkpoints")
    if file is None:
        return 0, preprocess
    checkpoint = load_checkpoint(file)
    transplant(net.params, checkpoint.params)
    optimiser.load_state(checkpoint.momentum)
    note(f"going on from {file.name}")
    return checkpoint.state["step"], Preprocess.from_dict(checkpoint.state["preprocess"])


def open_log(path: Path, start: int) -> Any:
    """Open the log for appending, without the lines of steps that will be made again."""
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["number"] <= start]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(kept))
    return path.open("a")


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
