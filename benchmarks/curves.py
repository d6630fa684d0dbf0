r"""Draw the loss of runs, and the mean IU of their evaluations, by the minutes that they took.

    python benchmarks/curves.py runs/fcn32s runs/fcn16s runs/fcn8s -o curves.png
    python benchmarks/curves.py --beside runs/a runs/b -o curves.png

Runs that start from one another lie behind one another, or with --beside begin together. The loss
is the mean of the last 25 updates.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib
import numpy as np

SMOOTHED = 25  # updates


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--beside", action="store_true", help="let all begin together")
    parser.add_argument("-o", "--out", type=Path, default=Path("curves.png"))
    args = parser.parse_args()
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    began = 0.0
    for run in args.runs:
        minutes, loss, evaluations = read(run, 0.0 if args.beside else began)
        left.plot(minutes, loss, label=run.name)
        right.plot(*zip(*evaluations, strict=True), "o-", label=run.name)
        began = minutes[-1]
    left.set(xlabel="minutes of updates", ylabel="loss, nats a pixel", ylim=(0, None))
    right.set(xlabel="minutes of updates", ylabel="mean IU, percent", ylim=(0, None))
    left.legend()
    figure.savefig(args.out, dpi=110)


def read(run: Path, began: float) -> tuple[np.ndarray, np.ndarray, list[tuple[float, float]]]:
    """Return the minutes and the smoothed loss of each update, and the evaluations."""
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    steps = [line for line in lines if "pixel_loss" in line]
    minutes = began + np.cumsum([step["seconds"] for step in steps]) / 60
    losses = np.array([step["pixel_loss"] for step in steps])
    loss = [losses[max(0, n - SMOOTHED) : n].mean() for n in range(1, len(losses) + 1)]
    at = dict(zip((step["number"] for step in steps), minutes, strict=True))
    evaluations = [
        (at[line["number"]], 100 * line["mean_iu"]) for line in lines if "mean_iu" in line
    ]
    final = json.loads((run / "results.json").read_text())  # of all images, as --evaluate-images
    evaluations = [*evaluations, (minutes[-1], 100 * final["mean_iu"])]  # is of some
    return minutes, np.array(loss), evaluations


if __name__ == "__main__":
    main()
