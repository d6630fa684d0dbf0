"""The demonstration: FCN-32s, 16s and 8s on the embedded data set, side by side.

`python -m minifcn.demo` trains each net from the one before, starting from the small classifier
that ships with the package, prints the paper's four figures on images that were held out (the
small counterpart of Table 2), and draws what each net makes of a few of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data.shapes import ShapesDataset
from minifcn.distributed.guard import go_on_with, guarded
from minifcn.inference.apply import segment
from minifcn.inference.metrics import FIGURES, Scores
from minifcn.inference.model import load_model
from minifcn.inference.pictures import colourise, grid, save_png
from minifcn.reporting.recorder import Recorder
from minifcn.system.files import write_json
from minifcn.system.outputs import refuse_losses
from minifcn.training.recipes import SMOKE
from minifcn.training.settings import STAGES
from minifcn.training.stages import train_stages

STAGE_SETTINGS = {"fcn32s": {"steps": 300}, "fcn16s": {"steps": 250}, "fcn8s": {"steps": 1000}}
PICTURED = 4  # held-out images in the picture


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = argparse.ArgumentParser(prog="python -m minifcn.demo", description=__doc__)
    result.add_argument("--out", type=Path, default=Path("runs/demo"), metavar="DIR")
    result.add_argument("--resume", action="store_true", help="go on where a stopped demo was")
    result.add_argument("--smoke", action="store_true", help="go the whole way in seconds")
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
    if not args.resume:
        refuse_losses([args.out / "results.json", args.out / "demo.png"], [])
    scores = train_stages(
        "shapes", given, args.out, resume=args.resume, reporter=Recorder(), stages=stages
    )
    print(format_scores(scores))
    write_json(args.out / "results.json", {arch: figures(s) for arch, s in scores.items()})
    save_png(args.out / "demo.png", draw(args.out))
    print(f"figures: {args.out / 'results.json'}   picture: {args.out / 'demo.png'}")
    return 0


def figures(scores: Scores) -> dict[str, float]:
    """Return the paper's four figures by name."""
    return {name: getattr(scores, name) for name in FIGURES}


def format_scores(scores: dict[str, Scores]) -> str:
    """Return a table like the paper's Table 2, in percent."""
    lines = ["", f"{'held-out images':16}" + "".join(f"{name:>16}" for name in FIGURES)]
    for arch, result in scores.items():
        cells = (f"{100 * value:16.1f}" for value in figures(result).values())
        lines.append(f"{arch.replace('fcn', 'FCN-'):16}" + "".join(cells))
    return "\n".join(lines)


def draw(folder: Path) -> np.ndarray:
    """Return a picture: image, truth and the prediction of each net, an image a row."""
    dataset = ShapesDataset("val")
    models = {arch: load_model(folder / arch) for arch in STAGES}
    rows = []
    for sample in (dataset[index] for index in range(PICTURED)):
        row = [("image", sample.image), ("truth", colourise(sample.label, dataset.palette))]
        for arch, model in models.items():
            label = segment(model.net, sample.image, model.preprocess).astype(np.uint8)
            row.append((arch.replace("fcn", "FCN-"), colourise(label, dataset.palette)))
        rows.append(row)
    return grid(rows)


if __name__ == "__main__":
    sys.exit(main())
