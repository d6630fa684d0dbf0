"""FCN-32s, 16s and 8s on drawn shapes, side by side: `python -m minifcn.demo`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data.shapes import ShapesDataset
from minifcn.distributed.guard import go_on_with, guarded
from minifcn.inference.metrics import FIGURES, TITLES, Scores
from minifcn.inference.model import load_model
from minifcn.inference.pictures import save_png
from minifcn.inference.side_by_side import side_by_side
from minifcn.reporting.recorder import Recorder
from minifcn.system.command import command_parser
from minifcn.system.files import write_json
from minifcn.system.outputs import refuse_losses
from minifcn.training.recipes import SMOKE
from minifcn.training.settings import STAGES
from minifcn.training.stages import train_stages

DESCRIPTION = """\
Train FCN-32s, 16s and 8s, each from the one before and the first from the small classifier that
comes along, on drawn shapes. Print the paper's four figures on images that were held out, and draw
what each net makes of a few of them: demo.png.

  python -m minifcn.demo                  some minutes
  python -m minifcn.demo --smoke          seconds, and nothing learned
  python -m minifcn.demo --resume         after it was stopped
"""
STAGE_SETTINGS = {"fcn32s": {"steps": 300}, "fcn16s": {"steps": 250}, "fcn8s": {"steps": 1000}}
PICTURED = 4  # held-out images in the picture
FOLDER = Path("runs/demo")


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("demo", DESCRIPTION)
    result.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help=f"where to put it all (default: {FOLDER}, then {FOLDER}-2 and so on)",
    )
    result.add_argument("--resume", action="store_true", help="go on where the last one stopped")
    result.add_argument(
        "--smoke", action="store_true", help="only try it: go the whole way in seconds"
    )
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser().parse_args(argv)
    return guarded(
        lambda _: command(args),
        after_stop=go_on_with("minifcn.demo", argv),
    )


def command(args: argparse.Namespace) -> int:
    """Train, compare and draw; return the exit status."""
    given: dict[str, Any] = {"batch_size": 4, "evaluate_images": 20}
    stages = STAGE_SETTINGS
    if args.smoke:
        given, stages = {**given, **SMOKE}, {}
    out = args.out or numbered(args.resume)
    if not args.resume:
        refuse_losses([out / "results.json", out / "demo.png"], [])
    scores = train_stages(
        "shapes", given, out, resume=args.resume, reporter=Recorder(), stages=stages
    )
    print(format_scores(scores))
    write_json(out / "results.json", {arch: figures(s) for arch, s in scores.items()})
    save_png(out / "demo.png", draw(out))
    print(f"figures: {out / 'results.json'}   picture: {out / 'demo.png'}")
    return 0


def numbered(resume: bool) -> Path:
    """Return a new folder for this demonstration, or the last one that is there, to resume it."""
    number = 1
    while _folder(number).exists():
        number += 1
    folder = _folder(max(1, number - 1) if resume else number)
    if number > 1 and not resume:
        print(f"{FOLDER} is there already, so this demonstration goes to {folder}")
    return folder


def _folder(number: int) -> Path:
    return FOLDER if number == 1 else FOLDER.with_name(f"{FOLDER.name}-{number}")


def figures(scores: Scores) -> dict[str, float]:
    """Return the paper's four figures by name."""
    return {name: getattr(scores, name) for name in FIGURES}


def format_scores(scores: dict[str, Scores]) -> str:
    """Return a table like the paper's Table 2, in percent."""
    lines = ["", f"{'held-out images':16}" + "".join(f"{name:>16}" for name in TITLES.values())]
    for arch, result in scores.items():
        cells = (f"{100 * value:16.1f}" for value in figures(result).values())
        lines.append(f"{arch.replace('fcn', 'FCN-'):16}" + "".join(cells))
    return "\n".join(lines)


def draw(folder: Path) -> np.ndarray:
    """Return a picture: image, truth and the prediction of each net, an image a row."""
    nets = {arch.replace("fcn", "FCN-"): load_model(folder / arch) for arch in STAGES}
    return side_by_side(ShapesDataset("val"), {"truth": None, **nets}, PICTURED)


if __name__ == "__main__":
    sys.exit(main())
