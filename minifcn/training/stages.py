"""Training as a command asks for it: one run, or FCN-32s, 16s and 8s, each from the one before."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.inference.metrics import Scores
from minifcn.training.console import Console
from minifcn.training.run import execute, refuse_taken
from minifcn.training.settings import STAGES, Settings, resolve

# What a resumed run takes from the command that resumes it: where and how it runs, not what.
OF_THE_COMMAND = ("device", "threads", "precision", "log_every")


def settle(dataset: str, given: dict[str, Any], communicator: Communicator) -> Settings:
    """Return the settings; their `accumulate` counts the batches of all ranks."""
    of_one = resolve(dataset, **given)
    return resolve(dataset, **{**given, "accumulate": of_one.accumulate * communicator.size})


def of_run(folder: Path, settings: Settings, resume: bool, communicator: Communicator) -> Settings:
    """Return what the run in a folder goes by: the settings, or if it is resumed, its own.

    Raises
    ------
    SettingsError
        If the folder holds a run that is not to be resumed, or whose settings cannot be read.
    """
    config = folder / "config.json"
    if communicator.leads and not resume:
        refuse_taken(folder)
    if communicator.leads and config.exists():
        kept = Settings.from_dict(json.loads(config.read_text())["settings"])
        settings = replace(kept, **{name: getattr(settings, name) for name in OF_THE_COMMAND})
    return communicator.from_leader(settings)


def train_one(
    settings: Settings,
    folder: Path,
    resume: bool,
    profile: bool = False,
    communicator: Communicator = ALONE,
) -> Scores:
    """Train a run and say where its results are."""
    console = Console(profile, show=communicator.leads)
    scores = execute(settings, folder, resume=resume, reporter=console, communicator=communicator)
    if profile:
        console.note(console.where_time_went())
    console.note(f"weights, log, samples and results are in {folder}")
    return scores


def train_stages(
    dataset: str,
    given: dict[str, Any],
    folder: Path,
    resume: bool,
    stages: dict[str, dict[str, Any]] | None = None,
    profile: bool = False,
    communicator: Communicator = ALONE,
) -> dict[str, Scores]:
    """Train FCN-32s, 16s and 8s, each from the one before; return the scores of each.

    The settings of all stages are looked at before the first is trained.

    Parameters
    ----------
    dataset : str
    given : dict
        Settings of all stages, as for `resolve`.
    folder : Path
        Each stage is a run in a folder of its own therein.
    resume : bool
    stages : dict from architecture to dict, optional
        Settings of single stages.
    profile : bool
        Print where the time went after each.
    communicator : Communicator
    """
    runs = {}
    for arch in STAGES:
        stage = {**given, "arch": arch, **(stages or {}).get(arch, {})}
        settings = settle(dataset, stage, communicator)
        runs[arch] = of_run(folder / arch, settings, resume, communicator)
        given = {**given, "weights": str(folder / arch)}
    scores = {}
    for arch, settings in runs.items():
        Console().note(f"--- {arch}")
        scores[arch] = train_one(settings, folder / arch, resume, profile, communicator)
    return scores
