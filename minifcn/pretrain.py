"""Train the small classifier that FCNs start from: `python -m minifcn.pretrain shapes`.

The paper's nets start from classifiers trained on ImageNet. This is the same in small: VGG16 at an
eighth of its width learns to name the shape in an image of 64 x 64 pixels, and the
weights in the folder `weights/` are what it learned.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from minifcn.backend import to_device
from minifcn.data.shapes import ShapesClassification
from minifcn.data.transforms import Preprocess
from minifcn.distributed.guard import guarded
from minifcn.inference.model import Model, save_model
from minifcn.models.backbone import SMALL_IMAGE_SIZE
from minifcn.models.build import build, initialise
from minifcn.net import Net
from minifcn.system.command import command_parser
from minifcn.system.outputs import add_overwrite_option, refuse_losses
from minifcn.system.records import add_options
from minifcn.training.console import Console
from minifcn.training.prepare import (
    FRESH_PREPROCESS,
    make_loader,
    make_optimiser,
    make_updates,
    take_device,
)
from minifcn.training.settings import Settings, resolve

DESCRIPTION = """\
Train the small VGG16 as a classifier of shapes, and write its weights.

  python -m minifcn.pretrain shapes -o my-weights.h5
  python -m minifcn.train shapes --weights my-weights.h5
"""

# The options of the command, and what they are where they are not given.
PRESET = {
    "width": 0.125,
    "steps": 1000,
    "batch_size": 32,
    "rate": 1e-2,
    "seed": 0,
    "device": "auto",
    "threads": 0,
}


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("pretrain", DESCRIPTION)
    result.add_argument(
        "dataset", metavar="DATASET", choices=["shapes"], help="shapes, the only one so far"
    )
    result.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path("vgg16-shapes.h5"),
        metavar="FILE",
        help="the weight file to write (default: vgg16-shapes.h5)",
    )
    add_options(result, Settings, PRESET, PRESET)
    result.add_argument(
        "--smoke", action="store_true", help="only try it: go the whole way in seconds"
    )
    add_overwrite_option(result)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    given = vars(parser().parse_args(argv))
    return guarded(lambda _: command(**given))


def command(dataset: str, out: Path, smoke: bool, overwrite: bool, **given: Any) -> int:
    """Train, balance, test and save the classifier; return the exit status."""
    refuse_losses([out], [], overwrite)
    held_out = 200
    if smoke:
        given |= {"steps": 2, "batch_size": 2}
        held_out = 2
    settings = resolve(dataset, **given, accumulate=1, warm_up=min(20, given["steps"]))
    xp = take_device(settings, print)
    size, count = (SMALL_IMAGE_SIZE, SMALL_IMAGE_SIZE), settings.steps * settings.batch_size
    images = ShapesClassification("train", size=size, length=count)
    spec = replace(settings.spec(len(images.class_names)), arch="classifier")
    net = build(spec)
    initialise(net, settings.seed)
    net.to(xp)
    model = Model(net, spec, FRESH_PREPROCESS, images.class_names, [])
    console = Console()
    for step in make_updates(model, images, settings, make_optimiser(net, settings), xp=xp):
        console.step(step, settings.steps)
    balance(net, make_loader(model, images, settings).batch(0).data, xp)
    validation = ShapesClassification("val", size=size, length=held_out)
    share = accuracy(net, validation, model.preprocess, xp)
    print(f"right class for {share:.1%} of {held_out} held-out images")
    save_model(out, model, dtype="float16", source=f"pretrained on {images.name}", accuracy=share)
    print(f"weights are in {out}")
    return 0


def balance(net: Net, images: np.ndarray, xp: ModuleType = np) -> None:
    """Give every layer's output unit variance over some images, without changing the scores.

    A rectified net computes the same if one layer is scaled down and the next one up. Training
    leaves layers of very different sizes, and the score layers of an FCN, which start at zero,
    would learn from each skip at the square of that size.

    Parameters
    ----------
    net : Net
        A chain of layers that ends in fc8; its parameters are changed in place.
    images : array (N, 3, H, W)
    """
    names = list(net.owners())
    outputs, _ = net.forward({"data": to_device(images, xp)}, outputs=names)
    before = 1.0
    for name in names:
        after = 1.0 if name == names[-1] else 1.0 / float(outputs[name].std())
        params = net.layer(name).params
        params["weight"] *= after / before
        params["bias"] *= after
        before = after


def accuracy(
    net: Net, images: ShapesClassification, preprocess: Preprocess, xp: ModuleType = np
) -> float:
    """Return the share of images whose highest score is that of their class."""
    right = 0
    for sample in (images[index] for index in range(len(images))):
        data = to_device(preprocess(sample.image)[None], xp)
        outputs, _ = net.forward({"data": data}, outputs=["fc8"])
        right += int(outputs["fc8"][0].argmax()) == sample.label
    return right / len(images)


if __name__ == "__main__":
    sys.exit(main())
