r"""How long the features of each skip are, and how large the steps that its score layer takes.

    python benchmarks/skips.py runs/fcn32s runs/fcn16s runs/fcn8s --images 8

For each run, over the first batches of its training data: the length of the features that each
score layer reads, as a vector at a pixel; the length of the gradient of that layer's weights; and
their product, by how much a step of rate 1 would move the scores of a pixel. A layer whose product
is many times that of `score_fr` learns at a rate that many times too high for the others.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from minifcn.inference.model import Model, load_model
from minifcn.layers import Conv2d
from minifcn.training.prepare import make_loader, open_splits
from minifcn.training.settings import Settings


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--images", type=int, default=8, metavar="N")
    args = parser.parse_args()
    print("| run | score layer | length of its features | of its gradient | product |")
    print("| --- | --- | --- | --- | --- |")
    for run in args.runs:
        for layer, (features, gradient) in measure(run, args.images).items():
            cells = (features, gradient, features * gradient)
            print(f"| {run.name} | {layer} | {' | '.join(f'{cell:.3g}' for cell in cells)} |")


def measure(run: Path, images: int) -> dict[str, tuple[float, float]]:
    """Return, for each score layer, the mean length of its features and of its gradient."""
    settings = Settings.from_dict(json.loads((run / "config.json").read_text())["settings"])
    loader = make_loader(
        model := load_model(run),
        open_splits(settings)[0],
        replace(settings, batch_size=1, scale="1,1"),
    )
    lengths: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for number in range(images):
        for layer, both in of_batch(model, loader.batch(number).inputs, number).items():
            lengths[layer].append(both)
    return {layer: tuple(np.mean(both, axis=0)) for layer, both in lengths.items()}


def of_batch(
    model: Model, inputs: dict[str, np.ndarray], seed: int
) -> dict[str, tuple[float, float]]:
    """Return the lengths of one batch."""
    layers = {
        node.name: node.bottoms[0]
        for node in model.net.nodes
        if isinstance(node.layer, Conv2d) and node.name.startswith("score")
    }
    wanted = ["loss", *dict.fromkeys(layers.values())]
    outputs, tape = model.net.forward(
        inputs, outputs=wanted, train=True, rng=np.random.default_rng(seed)
    )
    gradients = dict(model.net.backward(tape, {"loss": np.float32(1)}))
    return {
        layer: (
            float(np.linalg.norm(outputs[features], axis=1).mean()),
            float(np.linalg.norm(gradients[f"{layer}/weight"])),
        )
        for layer, features in layers.items()
    }


if __name__ == "__main__":
    main()
