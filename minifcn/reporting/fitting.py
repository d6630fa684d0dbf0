"""Training in one call: what `python -m minifcn.train` does, for Python too.

It lies above the training itself, for the run that it leaves is that of the command: with its
report and its card.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from minifcn.data import dataset_class
from minifcn.data.dataset import Dataset, Defaults
from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.inference.metrics import Scores
from minifcn.reporting.recorder import Recorder
from minifcn.system.records import defaults
from minifcn.training.console import Console
from minifcn.training.reporter import Reporter
from minifcn.training.resuming import settings_of
from minifcn.training.run import execute
from minifcn.training.settings import Settings
from minifcn.training.transfer import follow_weights


class Fitted(NamedTuple):
    """A training that is finished; `Segmenter` takes it, as whatever takes a run's folder.

    Attributes
    ----------
    folder : Path
        The run: settings, log, checkpoints, samples, weights.h5, results.json, report.html.
    scores : Scores
        Of the evaluation at the end: `mean_iu`, `pixel_accuracy`, `class_iu` and so on.
    settings : Settings
        What the training went by.
    """

    folder: Path
    scores: Scores
    settings: Settings

    def __fspath__(self) -> str:
        return str(self.folder)


def fit(
    data: str | tuple[Dataset, Dataset],
    out: str | os.PathLike[str] | None = None,
    *,
    resume: bool = False,
    reporter: Reporter | None = None,
    communicator: Communicator = ALONE,
    **settings: Any,
) -> Fitted:
    """Train an FCN on a data set, in a folder; what the command `train` calls.

    Parameters
    ----------
    data : str or (Dataset, Dataset)
        The name of a data set, a key of `data.DATASETS`, or data of one's own: what is trained on
        and what is validated on. These have to be given again when the run is resumed.
    out : path, optional
        The folder of the run; runs/DATASET-ARCH if not given.
    resume : bool
        Go on from the newest checkpoint in the folder.
    reporter : Reporter, optional
        What is told as it goes on. If not given, a progress bar, and `report.html` and `README.md`
        in the folder are kept up to date; with `Reporter()` nothing is.
    communicator : Communicator
        Of the processes that train together.
    **settings
        Fields of `Settings`, called as the command's options: `arch="fcn16s"`, `steps=400`,
        `batch_size=4`, `rate=1e-3` (the command's --lr), `data_dir=...`; None means not given.
        For options of the data set: `data_options={"year": "2012"}`.

    Raises
    ------
    SettingsError, DataError, WeightsError
        If the settings contradict each other, the data or the weights, before anything is written.
    Exception
        What `run.execute` raises, if something goes wrong while the net is trained.
    """
    given = follow_weights(settings)
    own = None if isinstance(data, str) else data
    name = data if isinstance(data, str) else data[0].name
    arch = given.get("arch") or defaults(Settings)["arch"]
    folder = Path(out) if out is not None else Path("runs") / f"{name}-{arch}"
    how: dict[str, Any] = {"resume": resume, "communicator": communicator}
    if own is not None:
        # Called so, it is none that the command opens by its name to go on with.
        chosen = settings_of(folder, f"{name} (own)", given, own=defaults_of(own[0]), **how)
    else:
        chosen = settings_of(folder, name, given, **how)
    if reporter is None:
        reporter = Recorder() if communicator.leads else Console(show=False)
    scores = execute(chosen, folder, own=own, reporter=reporter, **how)
    return Fitted(folder, scores, chosen)


def defaults_of(dataset: Dataset) -> Defaults:
    """Return what a training on a data set of one's own goes by: its own, or those of folders."""
    found: Defaults = getattr(dataset, "defaults", dataset_class("folder").defaults)
    return found
