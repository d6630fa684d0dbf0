"""A run: a folder that holds everything about one training.

    config.json     the settings, the command and the versions
    log.jsonl       a line per step: loss, rate, time; a line per evaluation
    checkpoints/    the newest states to resume from: weights, momentum, step
    samples/        image, truth and prediction side by side, as training goes on
    weights.h5      the final weights with all that is needed to use them
    results.json    the final evaluation

Killing a run at any moment loses nothing but the steps since the last checkpoint.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from minifcn.backend import set_threads, to_host
from minifcn.data.dataset import Dataset
from minifcn.data.loader import Loader
from minifcn.data.transforms import Preprocess
from minifcn.distributed import ALONE, Communicator, evaluate_together
from minifcn.files import write_json
from minifcn.inference import predicts_one_class, segment_all
from minifcn.metrics import ConfusionMatrix, Scores
from minifcn.model import Model, model_attributes, save_model
from minifcn.net import Net
from minifcn.optim import SGD
from minifcn.pictures import colourise, overlay, save_png, side_by_side
from minifcn.policies import policy_from_name
from minifcn.prepare import describe, make_model, open_splits
from minifcn.settings import Settings, SettingsError
from minifcn.solver import Step, train
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
FIGURES = ("pixel_accuracy", "mean_accuracy", "mean_iu", "fw_iu")


class Reporter:
    """What a run tells while it goes on; a command overrides what it wants to show.

    Attributes
    ----------
    clock : callable or None
        Given to the net while it trains, see `Net.clock`.
    """

    clock: Callable[[str, str, float], None] | None = None

    def note(self, text: str) -> None:
        """Say something worth knowing."""

    def step(self, step: Step, total: int) -> None:
        """Report an update."""

    def evaluation(self, step: int, scores: Scores, head: str = "") -> None:
        """Report an evaluation; of several heads, the main one is called ""."""


def execute(
    settings: Settings,
    folder: Path,
    *,
    resume: bool = False,
    reporter: Reporter | None = None,
    communicator: Communicator = ALONE,
) -> Scores:
    """Train as the settings say, in a folder; return the scores of the final evaluation.

    Parameters
    ----------
    settings : Settings
    folder : Path
        Made if it is not there; it must not hold another run unless it is resumed.
    resume : bool
        Continue from the newest checkpoint, if there is one.
    reporter : Reporter, optional
    communicator : Communicator
        Of the ranks that train together; the one that leads writes the folder.

    Raises
    ------
    SettingsError
        If the folder holds a run already, or the settings contradict the data or the weights.
    TrainingError
        If the loss becomes infinite or not a number.
    """
    reporter = reporter or Reporter()
    if communicator.leads and (folder / "config.json").exists() and not resume:
        raise SettingsError(
            f"{folder}: holds a run already; give --resume to continue it or another --out"
        )
    set_threads(settings.threads or communicator.threads)
    xp = communicator.device_module(settings.device)
    datasets = open_splits(settings)
    model = make_model(settings, datasets[0], reporter.note)
    model.net.to(xp)
    if communicator.leads:
        write_json(folder / "config.json", describe(settings))
    trained = fit(model, settings, datasets, folder, xp, reporter, communicator)
    indices = communicator.share(first(datasets[1], settings.final_images))
    confusions = evaluate_together(trained, datasets[1], indices, xp=xp, communicator=communicator)
    for head, confusion in confusions.items():
        reporter.evaluation(settings.steps, confusion.scores(), head)
    if communicator.leads:
        save_model(folder / "weights.h5", trained, dataset=settings.dataset, steps=settings.steps)
        write_json(folder / "results.json", results(confusions, trained))
    communicator.barrier()  # the next stage reads the weights
    return confusions[""].scores()


def fit(
    model: Model,
    settings: Settings,
    datasets: tuple[Dataset, Dataset],
    folder: Path,
    xp: ModuleType,
    reporter: Reporter,
    communicator: Communicator = ALONE,
) -> Model:
    """Train from the newest checkpoint in the folder, or from the start, to the last step."""
    net = model.net
    optimiser = SGD(
        net.params,
        net.multipliers,
        momentum=settings.momentum,
        weight_decay=settings.weight_decay,
    )
    start, preprocess = 0, model.preprocess
    if communicator.leads:
        start, preprocess = restore(net, optimiser, folder, preprocess, reporter)
    start, preprocess = communicator.from_leader((start, preprocess))
    for array in (*net.params.values(), *optimiser.state().values()):
        communicator.broadcast(array)
    model = model._replace(preprocess=preprocess)
    policy = policy_from_name(
        settings.policy, settings.rate, steps=settings.steps, warm_up=settings.warm_up
    )
    loader = Loader(
        datasets[0],
        preprocess,
        batch_size=settings.batch_size,
        seed=settings.seed,
        mirror=settings.mirror,
        jitter=settings.jitter,
        modality=settings.modality,
    )
    net.clock = reporter.clock
    log_file = folder / "log.jsonl" if communicator.leads else Path(os.devnull)
    with open_log(log_file, start) as log:
        for step in train(
            net,
            loader,
            optimiser,
            policy,
            steps=settings.steps,
            start=start,
            accumulate=settings.accumulate,
            seed=settings.seed,
            xp=xp,
            recompute=settings.recompute,
            communicator=communicator,
        ):
            log.write(json.dumps(step._asdict()) + "\n")
            reporter.step(step, settings.steps)
            if step.number % settings.evaluate_every and step.number != settings.steps:
                continue
            net.clock = None  # only training is timed
            if communicator.leads:
                save_state(model, optimiser, step.number, folder / "checkpoints")
                save_samples(model, datasets[1], folder / "samples", step.number, xp)
            if step.number != settings.steps:  # the last evaluation is the caller's, over all
                indices = communicator.share(first(datasets[1], settings.evaluate_images))
                confusions = evaluate_together(
                    model, datasets[1], indices, xp=xp, communicator=communicator
                )
                record = {"number": step.number, **results(confusions, model)}
                log.write(json.dumps(record) + "\n")
                report_evaluation(confusions, step.number, reporter)
            log.flush()
            net.clock = reporter.clock
    net.clock = None
    return model


def report_evaluation(
    confusions: dict[str, ConfusionMatrix], step: int, reporter: Reporter
) -> None:
    """Report the figures, and warn if the net has learned nothing so far."""
    for head, confusion in confusions.items():
        reporter.evaluation(step, confusion.scores(), head)
    if predicts_one_class(confusions[""]):
        reporter.note(
            f"after {step} steps the net gives every pixel the same class; if this goes on, the "
            "learning rate is too low, or the base weights were not loaded, or the labels are wrong"
        )


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
    net: Net, optimiser: SGD, folder: Path, preprocess: Preprocess, reporter: Reporter
) -> tuple[int, Preprocess]:
    """Load the newest checkpoint, if there is one; return the step to go on from."""
    file = latest_checkpoint(folder / "checkpoints")
    if file is None:
        return 0, preprocess
    checkpoint = load_checkpoint(file)
    transplant(net.params, checkpoint.params)
    optimiser.load_state(checkpoint.momentum)
    reporter.note(f"going on from {file.name}")
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


def first(dataset: Dataset, count: int) -> range:
    """Return the indices of the first `count` samples, of all if it is 0."""
    return range(min(count or len(dataset), len(dataset)))


def results(confusions: dict[str, ConfusionMatrix], model: Model) -> dict[str, Any]:
    """Return the paper's figures and the IU of each class, ready for JSON; heads in "heads"."""
    names = {"": model.class_names, **model.extra_classes}
    records = {}
    for head, confusion in confusions.items():
        scores = confusion.scores()
        records[head] = {
            **{name: finite(getattr(scores, name)) for name in FIGURES},
            "occurring_mean_iu": finite(scores.occurring_mean_iu),
            "class_iu": dict(zip(names[head], map(finite, scores.class_iu), strict=True)),
        }
    main = records.pop("")
    return {**main, "heads": records} if records else main


def finite(value: float) -> float | None:
    """Return a figure as JSON has it: None in place of NaN, which means nothing to divide."""
    return None if np.isnan(value) else float(value)
