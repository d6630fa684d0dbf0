"""A run: a folder that holds everything about one training.

    config.json     the settings, the command and the versions
    log.jsonl       a line per step, or per so many: loss, rate, time; a line per evaluation
    checkpoints/    states to resume from: weights, momentum, step; the newest and the best
    samples/        image, truth and prediction side by side, as training goes on
    weights.h5      the best weights with all that is needed to use them
    last.h5         the last ones; often the same
    results.json    the final evaluation of weights.h5, and the figures of last.h5

Killing a run at any moment loses nothing but the steps since the last checkpoint. A checkpoint is
written when the log of all steps before it is on the disk; the evaluation that follows it is made
again when a run is resumed, if it was killed before that was done.
"""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

from minifcn.data.dataset import Dataset
from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.inference.apply import evaluate_together, predicts_one_class, results
from minifcn.inference.metrics import Scores
from minifcn.inference.model import Model
from minifcn.system.files import remove_partial
from minifcn.training.best import best_of, comparable, flat_for
from minifcn.training.finish import Trained, finish
from minifcn.training.plan import Plan
from minifcn.training.prepare import (
    check_memory,
    make_model,
    make_optimiser,
    make_updates,
    open_splits,
    take_device,
)
from minifcn.training.reporter import Reporter
from minifcn.training.resuming import record, steps_made
from minifcn.training.run_files import (
    KEPT_CHECKPOINTS,
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
from minifcn.training.run_log import evaluations, opened_log
from minifcn.training.settings import Settings
from minifcn.training.stopping import graceful_stop
from minifcn.weights.checkpoint import checkpoints, prune_checkpoints

NOTHING_LEARNED = (
    "the net gives every pixel the same class so far; if this goes on, the learning rate is too "
    "low, or the base weights were not loaded, or the labels are wrong"
)


def execute(
    settings: Settings,
    folder: Path,
    *,
    own: tuple[Dataset, Dataset] | None = None,
    resume: bool = False,
    reporter: Reporter | None = None,
    communicator: Communicator = ALONE,
) -> Scores:
    """Train as the settings say, in a folder; return the scores of the final evaluation.

    All evaluations look once at images as they are, and so do the weights that are written: how a
    file that the net starts from looks at images (`inference/looks.py`) was measured for that net.

    Parameters
    ----------
    settings : Settings
    folder : Path
        Made if it is not there; it must not hold another run unless it is resumed.
    own : (Dataset, Dataset), optional
        To train on and to validate on, in place of what the settings name.
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
    datasets = open_splits(settings, own)
    model = make_model(settings, datasets[0], reporter.note)
    memory = check_memory(model, datasets[0], settings, xp, reporter.note)
    model.net.to(xp)
    try:
        with run_locked(folder, reporter.note) if communicator.leads else nullcontext():
            if communicator.leads:
                begin(folder, settings, resume, reporter, datasets, xp)
            start = communicator.from_leader(steps_made(folder))
            reporter.plan(Plan(settings, start, len(datasets[0]), len(datasets[1]), memory))
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


def fit(
    model: Model,
    settings: Settings,
    datasets: tuple[Dataset, Dataset],
    folder: Path,
    xp: ModuleType,
    reporter: Reporter,
    communicator: Communicator = ALONE,
) -> Trained:
    """Train from the newest checkpoint in the folder, or from the start, to the end.

    That is the last step, or when the evaluations have been flat for as long as the settings say.
    """
    net, optimiser = model.net, make_optimiser(model.net, settings)
    start, preprocess = 0, model.preprocess
    damage: list[str] = []
    if communicator.leads:
        start, preprocess, damage = restore(net, optimiser, folder, preprocess, reporter.note)
    start, preprocess = communicator.from_leader((start, preprocess))
    for array in (*net.params.values(), *optimiser.state().values()):
        communicator.broadcast(array)
    model = model._replace(preprocess=preprocess)
    images = min(settings.evaluate_images or len(datasets[1]), len(datasets[1]))
    lines: list[dict[str, Any]] = []  # of all evaluations; the leader's
    evaluated: list[dict[str, Any]] = []  # those that can be compared
    warned = False

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
            model,
            datasets[1],
            limit=images,
            xp=xp,
            communicator=communicator,
            watched=reporter.watched,
        )
        if log:
            line = {"number": number, "images": images, **usage(xp)}
            line |= results(confusions, model, LOGGED_CLASSES)
            log.write(line)
            evaluated.extend(comparable([line], images))
        nonlocal warned
        for head, confusion in confusions.items():
            reporter.evaluation(number, confusion.scores(), head)
        if predicts_one_class(confusions[""]) and not warned:
            reporter.note(NOTHING_LEARNED)
            warned = True
        if log:
            reporter.evaluated(folder, number)

    def is_flat() -> bool:
        return communicator.from_leader(flat_for(evaluated) >= settings.stop_when_flat > 0)

    path = folder / "log.jsonl"
    writing = opened_log(path, start, reporter.note) if communicator.leads else nullcontext()
    with graceful_stop(communicator) as stop, writing as log:
        if log:
            for text in damage:
                log.write({"number": start, "note": text})
            lines = evaluations(path)
            evaluated += comparable(lines, images)
            # The process that wrote the newest may have been killed before it did this.
            prune_checkpoints(folder / "checkpoints", KEPT_CHECKPOINTS, best_of(evaluated))
        reporter.begun(folder, start)
        unfinished = start and is_due(start) and start not in [line["number"] for line in lines]
        if communicator.from_leader(unfinished):  # it was killed after the checkpoint
            with stop.at_once():
                evaluate(start)
        net.clock = reporter.clock
        made, flat = start, is_flat()
        updates = make_updates(
            model,
            datasets[0],
            settings,
            optimiser,
            xp=xp,
            start=start,
            stop=stop.wanted,
            communicator=communicator,
            progress=reporter.images,
        )
        for step in updates if not flat else ():
            made = step.number
            reporter.step(step, settings.steps)
            if log:
                log.write(step._asdict())
            if not stop.agreed and not is_due(step.number):
                continue
            net.clock = None  # only training is timed
            if log:
                log.sync()  # a checkpoint counts on the lines before it
                best = best_of(evaluated)
                save_state(model, optimiser, step.number, folder / "checkpoints", best)
            if stop.wanted():
                break
            with stop.at_once():
                evaluate(step.number)
            flat = is_flat()
            if flat:
                break
            net.clock = reporter.clock
    net.clock = None
    return Trained(model, made, communicator.from_leader(best_of(evaluated)), flat)
