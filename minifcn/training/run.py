"""A run: a folder that holds everything about one training.

    config.json     the settings, the command and the versions
    log.jsonl       a line per step, or per so many: loss, rate, time; a line per evaluation
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

from minifcn.data.dataset import Dataset
from minifcn.data.loader import Loader
from minifcn.distributed.communicator import ALONE, Communicator, take_device
from minifcn.inference.apply import evaluate_together, predicts_one_class
from minifcn.inference.metrics import ConfusionMatrix, Scores
from minifcn.inference.model import Model, save_model
from minifcn.system.devices import describe_device
from minifcn.system.files import write_json
from minifcn.training.optim import SGD
from minifcn.training.policies import policy_from_name
from minifcn.training.prepare import describe, make_model, open_splits
from minifcn.training.run_files import open_log, restore, save_samples, save_state
from minifcn.training.settings import Settings, SettingsError
from minifcn.training.solver import Step, report_interval, train

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
        """Report an update, or several since the last report."""

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
    if communicator.leads and not resume:
        refuse_taken(folder)
    xp = take_device(
        settings.device,
        threads=settings.threads,
        precision=settings.precision,
        communicator=communicator,
    )
    reporter.note(f"computing on {describe_device(xp)}")
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


def refuse_taken(folder: Path) -> None:
    """Refuse a folder that holds a run."""
    if (folder / "config.json").exists():
        raise SettingsError(
            f"{folder}: holds a run already; give --resume to continue it or another --out"
        )


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
        start, preprocess = restore(net, optimiser, folder, preprocess, reporter.note)
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

    interval = communicator.from_leader(report_interval(settings.log_every, xp))

    def reports(number: int) -> bool:
        return not number % interval or not number % settings.evaluate_every

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
            reports=reports,
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
