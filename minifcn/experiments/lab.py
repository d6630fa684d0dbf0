"""Where an experiment gets its trainings: ordinary runs, made once and shared.

A run's folder is named by its net and by a hash of the settings that decide what it computes. So
two experiments that need the same training share it, and one that was stopped goes on with what is
there: runs that are finished are read, one that is not is resumed. One that diverged is not tried
again: a small file in its folder says when it did.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minifcn.experiments.data_sets import prepare
from minifcn.inference.model import Model, load_model
from minifcn.reporting.fitting import fit
from minifcn.system.files import make_folder, write_json
from minifcn.system.lock import locked
from minifcn.system.records import defaults
from minifcn.training.recipes import SMOKE
from minifcn.training.reporter import Reporter
from minifcn.training.run_log import read_log
from minifcn.training.settings import CHANGES, Settings, resolve
from minifcn.training.solver import Diverged
from minifcn.training.transfer import follow_weights

IU = "mean IU, %"
DIVERGED = "diverged.json"  # in the folder of a run whose loss became infinite
# What does not make a run another one, beside where its data lies.
_SAME = (CHANGES - {"steps", "rate", "policy", "warm_up"}) | {"data_dir", "final_images"}


class Run(NamedTuple):
    """A training that is finished."""

    folder: Path
    seed: int

    def __fspath__(self) -> str:
        return str(self.folder)

    @property
    def results(self) -> dict[str, Any]:
        """What `results.json` says: the paper's figures in 0..1, "mean_iu"; "class_iu"."""
        return json.loads((self.folder / "results.json").read_text(encoding="utf-8"))

    @property
    def mean_iu(self) -> float:
        """The mean IU on the validation images, in percent, over the classes that occur there.

        In a part of VOC not all do, and each of the others would count as 0 once a pixel is taken
        for it.
        """
        return 100 * self.results["occurring_mean_iu"]

    @property
    def updates(self) -> dict[str, np.ndarray]:
        """What the log says of the updates, (U,) each: "number", "pixel_loss", "seconds", ..."""
        lines = [line for line in read_log(self.folder / "log.jsonl") if "seconds" in line]
        return {name: np.array([line[name] for line in lines]) for name in lines[0]}

    @property
    def update_seconds(self) -> float:
        """What an update took: the median, for the first ones and interruptions are longer."""
        return float(np.median(self.updates["seconds"]))

    @property
    def seconds(self) -> float:
        """What its updates took: `update_seconds` times their number."""
        return self.update_seconds * len(self.updates["seconds"])

    @property
    def model(self) -> Model:
        """The net that came out."""
        return load_model(self.folder)


class Lab:
    """What an experiment works with.

    Parameters
    ----------
    data : str
        A key of `data_sets.DATA_SETS`.
    out : Path
        Where runs and prepared data lie; the experiments of one gallery share it.
    seeds : int
        How many trainings of each kind, at least 1.
    smoke : bool
        Go the whole way in seconds: two updates a run, one seed.
    data_dir : path, optional
        Where the data lies, if it is not drawn.
    weights : path, optional
        What nets start from; by default what comes along.
    threads : int
        Of the CPU; 0: as many as allowed.
    note : callable
        Is told of each run.
    """

    def __init__(
        self,
        data: str,
        out: Path,
        *,
        seeds: int = 3,
        smoke: bool = False,
        data_dir: str | Path | None = None,
        weights: str | Path | None = None,
        threads: int = 0,
        note: Callable[[str], None],
    ) -> None:
        self.data = data
        self.out = out
        self.seeds = range(1 if smoke else seeds)
        self.smoke = smoke
        self.threads = threads
        self.note = note
        self.seconds: dict[Path, float] = {}  # of the updates of all runs that were asked for
        self.training = 0.0  # seconds of this process
        self.prepared = prepare(data, out / "data", data_dir, weights, smoke)

    def steps(self, arch: str) -> int:
        """Return how many updates a net gets that nothing else is said of."""
        return SMOKE["steps"] if self.smoke else self.prepared.steps[arch]

    def rate(self, arch: str) -> float:
        """Return the learning rate of a net that nothing else is said of."""
        settings = follow_weights({**self.prepared.settings, "arch": arch})
        return resolve(self.prepared.dataset, **settings).rate

    @property
    def held_out(self) -> int:
        """How many of the validation images figures are of, the first ones; 0: all."""
        return (
            SMOKE["final_images"] if self.smoke else self.prepared.settings.get("final_images", 0)
        )

    def dataset(self, split: str = "val") -> Any:
        """Return a split of the data, as the trainings open it."""
        return self.prepared.open(split)

    def train(self, seed: int, arch: str, *, after: Run | None = None, **settings: Any) -> Run:
        """Return a run with these settings, made now unless it is there.

        The settings are fields of `Settings` that differ from those of the data set's trainings.
        `after` is the run whose weights it starts from.

        Raises
        ------
        Diverged
            If the loss becomes infinite or not a number, or did so before.
        """
        given = {**self.prepared.settings, "steps": self.steps(arch), **settings}
        if after is not None:
            given["weights"] = str(after.folder)
        given |= {"arch": arch, "seed": seed}
        if self.smoke:
            given |= SMOKE
        given.setdefault("evaluate_every", given["steps"])
        folder = self.out / "runs" / f"{arch}-{_hash(self.prepared.dataset, given)}"
        make_folder(folder)
        run = Run(folder, seed)

        def waits() -> None:
            self.note(f"{folder} is being trained by another process; waiting for it")

        with locked(folder.with_suffix(".lock"), waits):
            if not (folder / "results.json").exists():
                self._fit(folder, {**given, "threads": self.threads})
                said = _said(settings, after)
                self.note(f"{arch}{said}, seed {seed}: {run.mean_iu:.1f} % ({run.seconds:.0f} s)")
        self.seconds[folder] = run.seconds
        return run

    def _fit(self, folder: Path, given: dict[str, Any]) -> None:
        """Train what is not finished; keep the fact if it diverges."""
        kept = folder / DIVERGED
        if kept.exists():
            said = json.loads(kept.read_text(encoding="utf-8"))
            self.seconds[folder] = said["seconds"]
            raise Diverged(
                f"{said['message']} (so {kept} says; delete it to try again)", said["step"]
            )
        started = (folder / "config.json").exists()
        began = time.monotonic()
        try:
            fit(self.prepared.dataset, folder, resume=started, reporter=Reporter(), **given)
        except Diverged as error:
            spent = self.seconds[folder] = time.monotonic() - began
            write_json(kept, {"step": error.step, "seconds": spent, "message": str(error)})
            raise
        finally:
            self.training += time.monotonic() - began

    def staged(self, arch: str) -> list[Run]:
        """Return a run for each seed of a net that starts from the coarser one, as the paper's."""
        if arch == "fcn32s":
            return self.each_seed(arch)
        before = {"fcn16s": "fcn32s", "fcn8s": "fcn16s"}[arch]
        return self.after_each(self.staged(before), arch)

    def each_seed(self, arch: str, **settings: Any) -> list[Run]:
        """Return a run for each seed; see `train`."""
        return [self.train(seed, arch, **settings) for seed in self.seeds]

    def after_each(self, runs: list[Run], arch: str, **settings: Any) -> list[Run]:
        """Return a run that goes on from each of others, with its seed; see `train`."""
        return [self.train(run.seed, arch, after=run, **settings) for run in runs]


def mean_ius(runs: Sequence[Run | None]) -> list[float]:
    """Return the mean IU of each run in percent, not a number for a run that there is none of."""
    return [run.mean_iu if run else float("nan") for run in runs]


def figures(runs: Sequence[Run], others: Mapping[str, str]) -> dict[str, list[float]]:
    """Return the mean IU of runs in percent, and other figures, by the columns of a table.

    `others` names the columns of keys of `results.json`, which are within 0..1.
    """
    found = {said: [100 * run.results[key] for run in runs] for key, said in others.items()}
    return {IU: mean_ius(runs), **found}


def _hash(dataset: str, given: dict[str, Any]) -> str:
    """Return what tells a run from all that compute something else."""
    usual = defaults(Settings)  # left out, so that a new option does not make all runs others
    settings = resolve(dataset, **given).to_dict()
    deciding = {
        name: value
        for name, value in settings.items()
        if name not in _SAME and (name not in usual or value != usual[name])
    }
    deciding["weights"] = Path(settings["weights"]).name  # a run's says how it was made
    return hashlib.sha256(json.dumps(deciding, sort_keys=True).encode()).hexdigest()[:8]


def _said(settings: dict[str, Any], after: Run | None) -> str:
    told = [f"after {after.folder.name}"] if after else []
    told += [f"{name} {value}" for name, value in settings.items()]
    return f" ({', '.join(told)})" if told else ""
