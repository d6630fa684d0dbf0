"""A run: a folder that holds everything about one training.

    config.json     the settings, the command and the versions
    log.jsonl       a line per step, or per so many: loss, rate, time; a line per evaluation
    checkpoints/    the newest states to resume from: weights, momentum, step
    samples/        image, truth and prediction side by side, as training goes on
    weights.h5      the final weights with all that is needed to use them
    results.json    the final evaluation

Killing a run at any moment loses nothing but the steps since the last checkpoint. A checkpoint is
written when the log of all steps before it is on the disk; the evaluation that follows it is made
again when a run is resumed, if it was killed before that was done.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import ModuleType

from minifcn.data.dataset import Dataset
from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.inference.apply import evaluate_together, predicts_one_class, results
from minifcn.inference.metrics import ConfusionMatrix, Scores
from minifcn.inference.model import Model, save_model
from minifcn.system.files import remove_partial, write_json
from minifcn.training.prepare import (
    make_model,
    make_optimiser,
    make_updates,
    open_splits,
    take_device,
    warn_of_memory,
)
from minifcn.training.resuming import record
from minifcn.training.run_files import (
    LOGGED_CLASSES,
    refuse_taken,
    refuse_vanished,
    restore,
    save_samples,
    save_state,
    state_of,
    usage,
)
from minifcn.training.run_lock import run_locked
from minifcn.training.run_log import has_evaluation, opened_log
from minifcn.training.settings import Settings
from minifcn.training.solver import Step
from minifcn.training.stopping import graceful_stop
from minifcn.weights.checkpoint import checkpoints


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

    def begun(self, folder: Path, start: int) -> None:
        """Report that the run in a folder goes on after so many updates, which its log tells of."""

    def evaluated(self, folder: Path, number: int) -> None:
        """Report that an evaluation in between is in the log, and its samples are drawn."""

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
        If the folder holds a run already, another process trains in it, or the settings contradict
        the data or the weights.
    TrainingError
        If the loss becomes infinite or not a number.
    WeightsError
        If a run is to be resumed and none of its checkpoints is whole.
    WriteError
        If the disk is full or refuses.
    KeyboardInterrupt
        At Ctrl-C or SIGTERM; while the net is trained, not before the running update is saved. It
        says what is saved.
    """
    reporter = reporter or Reporter()
    if communicator.leads and not resume:
        refuse_taken(folder)
    xp = take_device(settings, reporter.note, communicator)
    datasets = open_splits(settings)
    model = make_model(settings, datasets[0], reporter.note)
    warn_of_memory(model, datasets[0], settings, xp, reporter.note)
    model.net.to(xp)
    try:
        with run_locked(folder, reporter.note) if communicator.leads else nullcontext():
            if communicator.leads:
                begin(folder, settings, resume, reporter, datasets, xp)
            trained = fit(model, settings, datasets, folder, xp, reporter, communicator)
            return finish(trained, settings, datasets[1], folder, xp, reporter, communicator)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(state_of(folder)) from None


def begin(
    folder: Path,
    settings: Settings,
    resume: bool,
    reporter: Reporter,
    datasets: tuple[Dataset, Dataset],
    xp: ModuleType,
) -> None:
    """Prepare the folder of a run, which nobody else writes now."""
    if not resume:
        refuse_taken(folder)
    elif not checkpoints(folder / "checkpoints"):
        reporter.note(f"{folder}: there is no checkpoint yet, so it starts from the first step")
    remove_partial(folder)
    record(folder, settings, resume, reporter.note, datasets, xp)


def finish(
    trained: Model,
    settings: Settings,
    validation: Dataset,
    folder: Path,
    xp: ModuleType,
    reporter: Reporter,
    communicator: Communicator,
) -> Scores:
    """Evaluate a trained net and write its weights and results."""
    confusions = evaluate_together(
        trained, validation, limit=settings.final_images, xp=xp, communicator=communicator
    )
    for head, confusion in confusions.items():
        reporter.evaluation(settings.steps, confusion.scores(), head)
    if communicator.leads:
        save_model(folder / "weights.h5", trained, dataset=settings.dataset, steps=settings.steps)
        figures = {"steps": settings.steps, **usage(xp), **results(confusions, trained)}
        write_json(folder / "results.json", figures)
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
    damage: list[str] = []
    if communicator.leads:
        start, preprocess, damage = restore(net, optimiser, folder, preprocess, reporter.note)
    start, preprocess = communicator.from_leader((start, preprocess))
    for array in (*net.params.values(), *optimiser.state().values()):
        communicator.broadcast(array)
    model = model._replace(preprocess=preprocess)

    def is_due(number: int) -> bool:
        return not number % settings.evaluate_every or number == settings.steps

    def evaluate(number: int) -> None:
        """Draw samples, and score the net unless it is finished: then the caller does it."""
        if communicator.leads:
            refuse_vanished(folder)
            save_samples(model, datasets[1], folder / "samples", number, xp)
        if number == settings.steps:
            return
        confusions = evaluate_together(
            model, datasets[1], limit=settings.evaluate_images, xp=xp, communicator=communicator
        )
        report_evaluation(confusions, number, reporter)
        if log:
            log.write({"number": number, **usage(xp), **results(confusions, model, LOGGED_CLASSES)})
            reporter.evaluated(folder, number)

    path = folder / "log.jsonl"
    writing = opened_log(path, start, reporter.note) if communicator.leads else nullcontext()
    with graceful_stop(communicator) as stop, writing as log:
        if log:
            for text in damage:
                log.write({"number": start, "note": text})
        reporter.begun(folder, start)
        unfinished = start and is_due(start) and not has_evaluation(path, start)
        if communicator.from_leader(unfinished):  # it was killed after the checkpoint
            with stop.at_once():
                evaluate(start)
        net.clock = reporter.clock
        for step in make_updates(
            model,
            datasets[0],
            settings,
            optimiser,
            xp=xp,
            start=start,
            stop=stop.wanted,
            communicator=communicator,
        ):
            reporter.step(step, settings.steps)
            if log:
                log.write(step._asdict())
            if not stop.agreed and not is_due(step.number):
                continue
            net.clock = None  # only training is timed
            if log:
                log.sync()  # a checkpoint counts on the lines before it
                save_state(model, optimiser, step.number, folder / "checkpoints")
            if stop.wanted():
                break
            with stop.at_once():
                evaluate(step.number)
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
