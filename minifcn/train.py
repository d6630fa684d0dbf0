"""Train an FCN: `python -m minifcn.train DATASET`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from minifcn.data.options import add_data_options, add_dataset_argument, take_data_options
from minifcn.distributed.communicator import Communicator
from minifcn.distributed.guard import go_on_with, guarded
from minifcn.reporting.fitting import fit
from minifcn.reporting.recorder import Recorder
from minifcn.system.command import DOCS, command_parser
from minifcn.system.outputs import refuse_losses
from minifcn.system.records import SettingsError, add_groups
from minifcn.training import rate_search
from minifcn.training.config_file import with_config
from minifcn.training.console import Console, add_distributed_option
from minifcn.training.option_groups import GROUPS, NET, ONE_DATA_SET, RARE, RUN, TRAINING
from minifcn.training.options import Settings
from minifcn.training.recipes import SMOKE
from minifcn.training.settings import resolve
from minifcn.training.stages import train_stages
from minifcn.training.transfer import follow_weights

DESCRIPTION = f"""\
Train a fully convolutional network to segment images.

  python -m minifcn.train shapes                      drawn shapes: a first look, in minutes
  python -m minifcn.train folder --data-dir mine      your own: mine/images, mine/labels
  python -m minifcn.train voc --data-dir VOCdevkit --weights vgg16.h5 --staged

How your own images have to lie: {DOCS}/own-data.md

A run is a folder with config.json, log.jsonl, checkpoints, samples, report.html, README.md and, at
the end, weights.h5, last.h5 and results.json. Kill it at any time: --resume goes on from the last
checkpoint as if nothing had happened. The rate, the steps, the evaluations and the device that are
given with it are new from then on; other settings stay as they were. Ctrl-C saves a checkpoint
first, a second one stops.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("train", DESCRIPTION)
    add_dataset_argument(result, required=False)  # --config may say it
    groups = add_groups(result, Settings, GROUPS)
    add_data_options(groups[ONE_DATA_SET])
    groups[NET].add_argument(
        "--staged",
        action="store_true",
        help="train FCN-32s, then 16s from it, then 8s from that, as the paper does",
    )
    how, run = groups[TRAINING], groups[RUN]
    how.add_argument(
        "--lr-search",
        type=float,
        nargs="*",
        metavar="LR",
        help="only find a learning rate, by short runs at each of these (default: nine around "
        "--lr, --steps 60)",
    )
    how.add_argument(
        "--smoke", action="store_true", help="only try it: go the whole way in seconds"
    )
    run.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        help="take the settings of a run (its folder), or of a JSON or TOML file; options that are "
        "given beside it win, and what belongs to another data set than the one that is given, as "
        "its folder and splits, is left out (default: none)",
    )
    run.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        help="the folder of the run (default: runs/DATASET-ARCH)",
    )
    run.add_argument(
        "--tensorboard",
        action="store_true",
        help="also write events for TensorBoard (pip install 'minifcn[tensorboard]')",
    )
    run.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    groups[RARE].add_argument(
        "--profile", action="store_true", help="at the end, print the time of each layer and pass"
    )
    add_distributed_option(groups[RARE])
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = vars(parser().parse_args(argv))
    distributed = given.pop("distributed")
    return guarded(
        lambda communicator: command(given, communicator),
        distributed=distributed,
        after_stop=go_on_with("minifcn.train", argv),
    )


def command(given: dict[str, Any], communicator: Communicator) -> int:
    """Do what the options ask for; return the exit status."""
    config, out, resume, staged, smoke, profile, tensorboard, rates = (
        given.pop(name)
        for name in (
            *("config", "out", "resume", "staged", "smoke", "profile", "tensorboard"),
            "lr_search",
        )
    )
    given["data_options"] = take_data_options(given) or None
    given = with_config(config, given, communicator.size)
    dataset = given.pop("dataset")
    if smoke:
        given.update(SMOKE)
    if rates is not None:
        if communicator.size > 1:
            raise SettingsError("--lr-search runs in one process; leave --distributed out")
        find_rate(
            dataset, follow_weights(given), rates, out or Path("runs") / f"{dataset}-lr-search"
        )
        return 0
    reporter = Recorder(profile, tensorboard) if communicator.leads else Console(show=False)
    how: dict[str, Any] = {"resume": resume, "reporter": reporter, "communicator": communicator}
    if staged:
        train_stages(
            dataset, follow_weights(given), out or Path("runs") / f"{dataset}-staged", **how
        )
        return 0
    fit(dataset, out, **how, **given)
    return 0


def find_rate(dataset: str, given: dict[str, Any], rates: list[float], folder: Path) -> None:
    """Search for a learning rate and say what was found."""
    steps = given.get("steps") or rate_search.STEPS
    settings = resolve(dataset, **{**given, "steps": steps})
    grid = rates or [settings.rate * factor for factor in rate_search.GRID]
    refuse_losses([folder / "lr-search.json", folder / "lr-search.png"], [])
    trials = rate_search.search(settings, grid, folder, tqdm.write)
    print(rate_search.explain(trials))
    print(f"the curves are in {folder / 'lr-search.png'}")


if __name__ == "__main__":
    sys.exit(main())
