"""Name what is in images by a classifier: `python -m minifcn.classify WEIGHTS IMAGE...`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image

from minifcn.backend import to_device, to_host
from minifcn.data.dataset import DataError
from minifcn.data.images import read_image
from minifcn.distributed.guard import complain, guarded
from minifcn.inference.model import Model, load_model
from minifcn.models.build import image_size
from minifcn.system.command import command_parser
from minifcn.system.records import AT_LEAST_1, of_range
from minifcn.training.console import add_device_options, choose_device
from minifcn.weights.store import WeightsError

DESCRIPTION = """\
Print the classes that a classifier finds the most likely for each image: whoever has converted
weights sees at once whether that went right.

  python -m minifcn.classify weights/googlenet.h5 cat.jpg
"""
MARGIN = 256 / 224  # of the shorter side over the part that is looked at, as in ImageNet's tests


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("classify", DESCRIPTION)
    result.add_argument("weights", metavar="WEIGHTS", type=Path, help="of a classifier, converted")
    result.add_argument("images", metavar="IMAGE", nargs="+", type=Path)
    result.add_argument(
        "--top",
        type=of_range(int, AT_LEAST_1),
        default=5,
        metavar="N",
        help="how many classes (5)",
    )
    add_device_options(result)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 1 if any image could not be read."""
    args = parser().parse_args(argv)
    return guarded(lambda _: command(args))


def command(args: argparse.Namespace) -> int:
    """Do what the options ask for; return the exit status."""
    xp = choose_device(args)
    model = load_model(args.weights, xp)
    if model.spec.arch != "classifier":
        raise WeightsError(
            f"{args.weights} holds an {model.spec.arch}, which segments: use minifcn.predict"
        )
    failed = 0
    for path in args.images:
        try:
            share = probabilities(model, read_image(path), xp)
        except (DataError, MemoryError) as error:
            complain(error)
            failed = 1
            continue
        print(path)
        for number in np.argsort(-share, kind="stable")[: args.top]:
            print(f"  {share[number]:6.1%}  {model.class_names[number]} ({number})")
    return failed


def probabilities(model: Model, image: np.ndarray, xp: ModuleType = np) -> np.ndarray:
    """Return the probability of each class for the middle of an image.

    Parameters
    ----------
    model : Model
        A classifier.
    image : uint8 array (H, W, 3), RGB
    xp : module
        That of the net's weights.

    Returns
    -------
    array (C,), float32
    """
    data = model.preprocess(middle(image, image_size(model.spec)))[None]
    scores_name = model.net.nodes[-1].bottoms[0]
    outputs, _ = model.net.forward({"data": to_device(data, xp)}, outputs=[scores_name])
    scores = to_host(outputs[scores_name])[0]
    share = np.exp(scores - scores.max())
    return share / share.sum()


def middle(image: np.ndarray, size: int) -> np.ndarray:
    """Return the square in the middle of an image, size x size pixels of it after scaling.

    The shorter side is scaled to 8/7 of `size`, so that 256 pixels become 224.
    """
    height, width = image.shape[:2]
    scale = size * MARGIN / min(height, width)
    scaled = (max(size, round(width * scale)), max(size, round(height * scale)))
    resized = np.asarray(Image.fromarray(image).resize(scaled, Image.Resampling.BILINEAR))
    top, left = (resized.shape[0] - size) // 2, (resized.shape[1] - size) // 2
    return resized[top : top + size, left : left + size]


if __name__ == "__main__":
    sys.exit(main())
