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

from minifcn.data.dataset import Dataset
from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.inference.apply import evaluate_together, predicts_one_class, results
from minifcn.inference.metrics import ConfusionMatrix, Scores
from minifcn.inference.model import Model, save_model
from minifcn.system.files import write_json
from minifcn.training.prepare import (
    make_model,
    make_optimiser,
    make_updates,
    open_splits,
    take_device,
)
from minifcn.training.resuming import record
from minifcn.training.run_files import (
    open_log,
    refuse_taken,
    refuse_vanished,
    restore,
    save_samples,
    save_state,
)
from minifcn.training.settings import Settings
from minifcn.training.solver import Step


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

    def finished(self, folder: Path) -> None:
        """Report that the run in a folder is complete."""


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
    xp = take_device(settings, reporter.note, communicator)
    datasets = open_splits(settings)
    model = make_model(settings, datasets[0], reporter.note)
    model.net.to(xp)
    if communicator.leads:
        record(folder, settings, resume, reporter.note)
    trained = fit(model, settings, datasets, folder, xp, reporter, communicator)
    confusions = evaluate_together(
        trained, datasets[1], limit=settings.final_images, xp=xp, communicator=communicator
    )
    for head, confusion in confusions.items():
        reporter.evaluation(settings.steps, confusion.scores(), head)
    if communicator.leads:
        save_model(folder / "weights.h5", trained, dataset=settings.dataset, steps=settings.steps)
        write_json(folder / "results.json", results(confusions, trained))
    reporter.finished(folder)
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
    net, optimiser = model.net, make_optimiser(model.net, settings)
    start, preprocess = 0, model.preprocess
    if communicator.leads:
        start, preprocess = restore(net, optimiser, folder, preprocess, reporter.note)
    start, preprocess = communicator.from_leader((start, preprocess))
    for array in (*net.params.values(), *optimiser.state().values()):
        communicator.broadcast(array)
    model = model._replace(preprocess=preprocess)
    updates = make_updates(
        model, datasets[0], settings, optimiser, xp=xp, start=start, communicator=communicator
    )
    net.clock = reporter.clock
    log_file = folder / "log.jsonl" if communicator.leads else Path(os.devnull)
    with open_log(log_file, start) as log:
        for step in updates:
            log.write(json.dumps(step._asdict()) + "\n")
            reporter.step(step, settings.steps)
            if step.number % settings.evaluate_every and step.number != settings.steps:
                continue
            net.clock = None  # only training is timed
            if communicator.leads:
                save_state(model, optimiser, step.number, folder / "checkpoints")
                refuse_vanished(folder)
                save_samples(model, datasets[1], folder / "samples", step.number, xp)
            if step.number != settings.steps:  # the last evaluation is the caller's, over all
                confusions = evaluate_together(
                    model,
                    datasets[1],
                    limit=settings.evaluate_images,
                    xp=xp,
                    communicator=communicator,
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
