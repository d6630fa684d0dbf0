"""A net at the moments of its training: what the checkpoints of a run, and of its stages, hold."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from minifcn.inference.model import Model
from minifcn.models.build import ModelSpec, build
from minifcn.net import Net
from minifcn.training.settings import STAGES
from minifcn.weights.checkpoint import checkpoints, load_checkpoint
from minifcn.weights.store import WeightsError
from minifcn.weights.surgery import transplant

MOST = 6  # moments, spread over the training


class Moment(NamedTuple):
    """A net after so many updates of a stage of the training."""

    arch: str
    updates: int
    net: Net

    @property
    def label(self) -> str:
        """Return what it is called."""
        return f"{self.arch.replace('fcn', 'FCN-')}, {self.updates:,} updates"


def stage_folders(source: Path) -> dict[str, Path]:
    """Return the runs of a training by their nets, in order; none if the source is no run.

    Of a folder of stages, those in it; of a run in such a folder, the stages up to it.
    """
    if (source / "checkpoints").is_dir():
        number = STAGES.index(source.name) if source.name in STAGES else 0
        earlier = {arch: source.parent / arch for arch in STAGES[:number]}
        found = {**earlier, source.name: source}
    else:
        found = {arch: source / arch for arch in STAGES}
    return {arch: path for arch, path in found.items() if (path / "checkpoints").is_dir()}


def find_moments(source: Path, model: Model) -> list[Moment]:
    """Return the nets of a training in order of time; a checkpoint that is damaged is left out.

    If there are more than `MOST`, those that are spread evenly, the last among them. A source that
    is neither a run nor the folder of its stages has none; and nets with other classes or inputs
    than the model's, which came of it, are not its past.
    """
    paths = [
        path
        for folder in stage_folders(source).values()
        for path in reversed(checkpoints(folder / "checkpoints"))
    ]
    if len(paths) > MOST:
        paths = [paths[round(i * (len(paths) - 1) / (MOST - 1))] for i in range(MOST)]
    return [moment for moment in map(_moment, paths) if moment and _is_past(moment, model)]


def _moment(path: Path) -> Moment | None:
    try:
        checkpoint = load_checkpoint(path)
        spec = ModelSpec.from_dict(checkpoint.state)
        net = build(spec)
        transplant(net.params, checkpoint.params)
        return Moment(spec.arch, int(checkpoint.state["step"]), net)
    except (WeightsError, KeyError, TypeError, ValueError):
        return None


def _is_past(moment: Moment, model: Model) -> bool:
    """Return whether a net's score layer and first layer are shaped as a model's."""
    mine, its = model.net.params, moment.net.params
    ends = ("score_fr/weight", next(iter(mine)))
    return all(one in its and its[one].shape == mine[one].shape for one in ends)
