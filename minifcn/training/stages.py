"""FCN-32s, 16s and 8s, each trained from the one before (section 4.2 of the paper)."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from minifcn.data import open_dataset
from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.inference.metrics import Scores
from minifcn.models.build import build
from minifcn.system.records import SettingsError
from minifcn.training.layer_rates import freeze, set_layer_rates
from minifcn.training.prepare import silent, spec_of
from minifcn.training.reporter import Reporter
from minifcn.training.resuming import settings_of
from minifcn.training.run import execute
from minifcn.training.run_lock import run_locked
from minifcn.training.settings import CHANGES, STAGES, Settings

THIN = 1 / 64  # width of a net of which only the names of layers matter


def train_stages(
    dataset: str,
    given: dict[str, Any],
    folder: Path,
    *,
    resume: bool,
    reporter: Reporter,
    stages: dict[str, dict[str, Any]] | None = None,
    communicator: Communicator = ALONE,
) -> dict[str, Scores]:
    """Train FCN-32s, 16s and 8s, each from the one before; return the scores of each.

    The settings of all stages are looked at before the first is trained. When they are resumed,
    what may change is changed for the stages that are not finished.

    Parameters
    ----------
    dataset : str
    given : dict
        Settings of all stages, as for `resolve`.
    folder : Path
        Each stage is a run in a folder of its own therein.
    resume : bool
    reporter : Reporter
    stages : dict from architecture to dict, optional
        Settings of single stages.
    communicator : Communicator
    """
    runs = {}
    for arch in STAGES:
        stage = {**given, "arch": arch, **(stages or {}).get(arch, {})}
        if resume and (folder / arch / "weights.h5").exists():
            reporter.note(f"{arch} is finished; it goes on only if it is resumed by itself")
            stage = {name: value for name, value in stage.items() if name not in CHANGES}
        runs[arch] = settings_of(
            folder / arch, dataset, stage, resume=resume, communicator=communicator
        )
        given = {**given, "weights": str(folder / arch)}
    for settings in runs.values():
        _check_patterns(settings)
    scores = {}
    with run_locked(folder, reporter.note) if communicator.leads else nullcontext():
        for arch, settings in runs.items():
            reporter.note(f"--- {arch}")
            scores[arch] = execute(
                settings,
                folder / arch,
                resume=resume,
                reporter=reporter,
                communicator=communicator,
            )
    return scores


def _check_patterns(settings: Settings) -> None:
    """Hold the patterns of `--freeze` and `--layer-rates` to the net of a stage."""
    if not settings.freeze and not settings.layer_rates:
        return
    dataset = open_dataset(
        settings.dataset,
        settings.train_split,
        data_dir=settings.data_dir,
        **settings.data_options,
    )
    spec = replace(spec_of(settings, dataset), width=THIN, fc_channels=None)
    net = build(spec, learn_upsampling=settings.learn_upsampling)
    try:
        if settings.freeze:
            freeze(net, settings.freeze, silent)
        if settings.layer_rates:
            set_layer_rates(net, settings.layer_rates)
    except SettingsError as error:
        raise SettingsError(f"{settings.arch}: {error}") from error
