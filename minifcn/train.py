"""Train an FCN: `python -m minifcn.train DATASET`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from minifcn.backend import PRECISIONS
from minifcn.distributed.communicator import Communicator
from minifcn.models.build import BACKBONES, MODALITIES
from minifcn.training import rate_search
from minifcn.training.console import guarded
from minifcn.training.prepare import follow_weights
from minifcn.training.settings import DATASETS, RECIPE_NAMES, REFERENCE, SettingsError, resolve
from minifcn.training.stages import of_run, settle, train_one, train_stages

DESCRIPTION = """\
Train a fully convolutional network to segment images.

  python -m minifcn.train shapes                       the embedded data set, in a few minutes
  python -m minifcn.train voc --data-dir VOCdevkit     PASCAL VOC
  python -m minifcn.train folder --data-dir DIR        your images: DIR/images, DIR/labels,
                                                       DIR/classes.txt (see docs/own-data.md)

A run is a folder with config.json, log.jsonl, checkpoints, samples and, at the end, weights.h5 and
results.json. Kill it at any time; --resume goes on from the last checkpoint as if nothing had
happened.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = argparse.ArgumentParser(
        prog="python -m minifcn.train",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("dataset", choices=sorted(DATASETS))
    data = result.add_argument_group("data")
    data.add_argument("--data-dir", metavar="DIR", help="where the data lies")
    data.add_argument("--train-split", metavar="NAME", help="e.g. trainval (train)")
    data.add_argument("--val-split", metavar="NAME", help="e.g. seg11valid (val)")
    data.add_argument("--year", help="voc: the year of the tree, e.g. 2012 (default: the newest)")
    data.add_argument(
        "--sbd", action="store_true", default=None, help="voc: SBD's training images too"
    )
    data.add_argument(
        "--depth", action="store_true", default=None, help="shapes: with depth, for --modality"
    )
    data.add_argument(
        "--two-heads", action="store_true", default=None, help="shapes: with a second label map"
    )
    data.add_argument("--ignore", type=int, help="folder: a label value that shall not count")
    data.add_argument(
        "--fraction", type=float, help="folder: share for validation if there are no splits"
    )
    data.add_argument("--mirror", action=argparse.BooleanOptionalAction, default=None)
    data.add_argument("--jitter", type=int, metavar="PIXELS", help="random translation")
    net = result.add_argument_group("net")
    net.add_argument("--arch", choices=["fcn32s", "fcn16s", "fcn8s", "fcn8s-at-once"])
    net.add_argument(
        "--staged", action="store_true", help="train 32s, then 16s from it, then 8s (section 4.2)"
    )
    net.add_argument("--backbone", choices=sorted(BACKBONES), help="as the weights', or vgg16")
    net.add_argument(
        "--width",
        type=float,
        help="factor on all channel counts; 1 is the paper's net (as the weights', or 0.125)",
    )
    net.add_argument("--fc-channels", type=int, metavar="N", help="of fc6 and fc7 (4096 x width)")
    net.add_argument("--padding", choices=["faithful", "same"], help="faithful: pad 100 (paper)")
    net.add_argument(
        "--modality",
        choices=MODALITIES,
        help="what the net sees: colour, with depth as fourth channel, HHA, or both in two streams",
    )
    net.add_argument("--weights-hha", metavar="FILE", help="for the HHA stream of rgb-hha")
    net.add_argument(
        "--weights",
        metavar="FILE",
        help="weights or run to start from; 'shipped' (default) or 'none' for random ones",
    )
    net.add_argument(
        "--mean",
        type=mean_option,
        metavar="MEAN",
        help="what is subtracted from images: that of the 'weights', the authors' for this data "
        "set ('reference': default of nyud and siftflow), or B,G,R",
    )
    net.add_argument("--learn-upsampling", action="store_true", default=None)
    how = result.add_argument_group("training")
    how.add_argument(
        "--recipe",
        choices=RECIPE_NAMES,
        help="one of the paper's two recipes, or exactly the authors' solver of this net",
    )
    how.add_argument("--steps", type=int, metavar="N", help="updates")
    how.add_argument("--batch-size", type=int, metavar="N", help="images at once")
    how.add_argument("--accumulate", type=int, metavar="N", help="batches an update, on each rank")
    how.add_argument("--lr", type=float, dest="rate", help="learning rate at the start")
    how.add_argument(
        "--lr-search",
        type=float,
        nargs="*",
        metavar="LR",
        help="only find a rate: short runs (--steps, 60) at each; default: a grid around --lr",
    )
    how.add_argument("--policy", choices=["fixed", "step", "poly"], help="how the rate falls")
    how.add_argument("--warm-up", type=int, metavar="N", help="steps over which the rate rises")
    how.add_argument("--normalization", choices=["valid", "batch", "none"], help="of the loss")
    how.add_argument("--momentum", type=float)
    how.add_argument("--weight-decay", type=float)
    how.add_argument("--seed", type=int)
    how.add_argument("--evaluate-every", type=int, metavar="N", help="and save a checkpoint")
    how.add_argument("--evaluate-images", type=int, metavar="N", help="in between (0: all)")
    how.add_argument("--smoke", action="store_true", help="go the whole way in seconds")
    run = result.add_argument_group("run")
    run.add_argument("--device", choices=["cpu", "gpu", "auto"])
    run.add_argument("--threads", type=int, metavar="N", help="0: as many as allowed")
    run.add_argument(
        "--precision", choices=PRECISIONS, help="of matrix products on a GPU; a CPU takes no notice"
    )
    run.add_argument(
        "--log-every", type=int, metavar="N", help="updates between reports (CPU: 1, GPU: 20)"
    )
    run.add_argument(
        "--recompute",
        action="store_true",
        default=None,
        help="a fifth less memory for a third more time: compute large maps twice",
    )
    run.add_argument("--out", metavar="DIR", type=Path, help="default: runs/DATASET-ARCH")
    run.add_argument(
        "--profile", action="store_true", help="at the end, print the time of each layer and pass"
    )
    run.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    run.add_argument(
        "--distributed",
        action="store_true",
        help="as one of the processes of mpirun, see docs/distributed.md",
    )
    return result


def mean_option(text: str) -> str | list[float]:
    """Return the value of --mean: "weights", "reference" or three numbers."""
    if text in ("weights", REFERENCE):
        return text
    try:
        first, second, third = (float(number) for number in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither 'weights' nor 'reference' nor three numbers such as "
            "116.19,97.203,92.318"
        ) from None
    return [first, second, third]


DATA_OPTIONS = ("year", "sbd", "depth", "two_heads", "ignore", "fraction")
SMOKE = {
    "steps": 2,
    "batch_size": 1,
    "accumulate": 1,
    "evaluate_every": 1,
    "evaluate_images": 1,
    "final_images": 2,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = vars(parser().parse_args(argv))
    distributed = given.pop("distributed")
    return guarded(
        lambda communicator: command(given, communicator),
        distributed=distributed,
        after_stop="stopped; --resume goes on from the last checkpoint",
    )


def command(given: dict[str, Any], communicator: Communicator) -> int:
    """Do what the options ask for; return the exit status."""
    dataset, out, resume, staged, smoke, profile, rates = (
        given.pop(name)
        for name in ("dataset", "out", "resume", "staged", "smoke", "profile", "lr_search")
    )
    options = {name: given.pop(name) for name in DATA_OPTIONS}
    given["data_options"] = {k: v for k, v in options.items() if v is not None} or None
    if smoke:
        given.update(SMOKE)
    given = follow_weights(given)
    if rates is not None:
        if communicator.size > 1:
            raise SettingsError("--lr-search runs in one process; leave --distributed out")
        find_rate(dataset, given, rates, out or Path("runs") / f"{dataset}-lr-search")
    elif staged:
        folder = out or Path("runs") / f"{dataset}-staged"
        train_stages(dataset, given, folder, resume, profile=profile, communicator=communicator)
    else:
        settings = settle(dataset, given, communicator)
        folder = out or Path("runs") / f"{dataset}-{settings.arch}"
        settings = of_run(folder, settings, resume, communicator)
        train_one(settings, folder, resume, profile, communicator)
    return 0


def find_rate(dataset: str, given: dict[str, Any], rates: list[float], folder: Path) -> None:
    """Search for a learning rate and say what was found."""
    steps = given.get("steps") or rate_search.STEPS
    settings = resolve(dataset, **{**given, "steps": steps})
    grid = rates or [settings.rate * factor for factor in rate_search.GRID]
    trials = rate_search.search(settings, grid, folder, tqdm.write)
    print(rate_search.explain(trials))
    print(f"the curves are in {folder / 'lr-search.png'}")


if __name__ == "__main__":
    sys.exit(main())
