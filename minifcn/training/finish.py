"""The end of a run: the last net and the best one are scored on the same images.

The evaluations on the way may have looked at fewer images than the last one does, so the net that
was the best by them (`best.py`) is evaluated again, beside the last one. `weights.h5` is the one
with the higher mean IU, the later one if both have the same; `last.h5` is the last.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from minifcn.data.dataset import Dataset
from minifcn.distributed.communicator import Communicator
from minifcn.inference.apply import evaluate_together, results
from minifcn.inference.metrics import ConfusionMatrix, Scores
from minifcn.inference.model import Model, save_model
from minifcn.net import Net
from minifcn.system.files import atomic_write, write_json
from minifcn.training.reporter import Reporter
from minifcn.training.run_files import usage
from minifcn.training.settings import Settings
from minifcn.weights.checkpoint import checkpoint_path, load_checkpoint
from minifcn.weights.store import WeightsError
from minifcn.weights.surgery import transplant


class Trained(NamedTuple):
    """A net after its last update."""

    model: Model
    steps: int  # updates made
    best: int | None  # updates made when an evaluation on the way was the best of them
    flat: bool  # whether it was stopped because the evaluations had not become better


def finish(
    trained: Trained,
    settings: Settings,
    validation: Dataset,
    folder: Path,
    xp: ModuleType,
    reporter: Reporter,
    communicator: Communicator,
) -> Scores:
    """Write the weights and the results of a run; return the scores of `weights.h5`."""
    model = trained.model

    def score() -> dict[str, ConfusionMatrix]:
        return evaluate_together(
            model,
            validation,
            limit=settings.final_images,
            xp=xp,
            communicator=communicator,
            watched=reporter.watched,
        )

    def save(name: str, steps: int) -> None:
        if communicator.leads:
            save_model(folder / name, model, dataset=settings.dataset, steps=steps)

    if trained.flat:
        reporter.note(
            f"stopped after {trained.steps} of {settings.steps} updates: {settings.stop_when_flat} "
            "evaluations without a better mean IU"
        )
    last = score()
    for head, confusion in last.items():
        reporter.evaluation(trained.steps, confusion.scores(), head)
    save("last.h5", trained.steps)
    steps, best = trained.steps, last
    if trained.best not in (None, trained.steps) and take_best(
        model.net, trained.best, folder, communicator, reporter.note
    ):
        reporter.note(
            f"step {trained.best} was the best on the way: it is scored on these images, too"
        )
        earlier = score()
        if earlier[""].scores().mean_iu > last[""].scores().mean_iu:
            steps, best = trained.best, earlier
    if steps != trained.steps:
        save("weights.h5", steps)
        reporter.note(
            f"weights.h5 is step {steps}, mean IU {100 * best[''].scores().mean_iu:.1f} % on these "
            f"images; last.h5 is step {trained.steps}"
        )
    elif communicator.leads:
        with open(folder / "last.h5", "rb") as file, atomic_write(folder / "weights.h5") as copy:
            shutil.copyfileobj(file, copy)
    if communicator.leads:
        images = min(settings.final_images or len(validation), len(validation))
        record: dict[str, Any] = {"steps": steps, "images": images}
        record |= {**usage(xp), **results(best, model)}
        record["last"] = {"steps": trained.steps, **results(last, model)}
        if trained.flat:
            record["stopped_when_flat"] = settings.stop_when_flat
        write_json(folder / "results.json", record)
    reporter.finished(folder)
    communicator.barrier()  # the next stage reads the weights
    return best[""].scores()


def take_best(
    net: Net, steps: int, folder: Path, communicator: Communicator, note: Callable[[str], None]
) -> bool:
    """Give a net the weights that it had after so many updates; return whether they are there."""
    taken = False
    if communicator.leads:
        path = checkpoint_path(folder / "checkpoints", steps)
        try:
            transplant(net.params, load_checkpoint(path).params)
            taken = True
        except (WeightsError, FileNotFoundError) as error:
            note(f"warning: the best evaluation was that of {path.name}, which is lost: {error}")
    taken = communicator.from_leader(taken)
    if taken:
        for array in net.params.values():
            communicator.broadcast(array)
    return taken
