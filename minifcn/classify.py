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
from minifcn.inference.heat_map import draw, heat_map, shares
from minifcn.inference.model import Model, find_weights, load_model
from minifcn.inference.pictures import save_png
from minifcn.models.build import image_size
from minifcn.system.command import command_parser, did_you_mean
from minifcn.system.outputs import add_overwrite_option, distinct_names, refuse_losses
from minifcn.system.records import AT_LEAST_1, SettingsError, of_range
from minifcn.training.console import add_device_options, choose_device
from minifcn.weights.store import WeightsError

DESCRIPTION = """\
Print the classes that a classifier finds the most likely for each image: whoever has converted
weights sees at once whether that went right.

  python -m minifcn.classify vgg16.h5 cat.jpg

With --heat-map it also slides over each image, unscaled, and draws where in it the first of these
classes is seen, or the one that is asked for: NAME_heat_map.png.

  python -m minifcn.classify vgg16.h5 cat.jpg --heat-map --class "tabby cat"
"""
ENDING = "_heat_map.png"
MARGIN = 256 / 224  # of the shorter side over the part that is looked at, as in ImageNet's tests


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("classify", DESCRIPTION)
    result.add_argument(
        "weights", metavar="WEIGHTS", type=Path, help="a classifier, as convert writes it"
    )
    result.add_argument(
        "images", metavar="IMAGE", nargs="+", type=Path, help="pictures of any kind"
    )
    result.add_argument(
        "--top",
        type=of_range(int, AT_LEAST_1),
        default=5,
        metavar="N",
        help="how many classes to print (default: 5)",
    )
    result.add_argument("--heat-map", action="store_true", help="draw where a class is seen")
    result.add_argument(
        "--class",
        dest="wanted",
        metavar="CLASS",
        help="with --heat-map: the class, by number or name (default: the most likely one)",
    )
    result.add_argument(
        "-o",
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("heat-maps"),
        help="the folder that --heat-map draws to (default: heat-maps)",
    )
    add_overwrite_option(result)
    add_device_options(result)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 1 if any image could not be read."""
    args = parser().parse_args(argv)
    if args.wanted is not None and not args.heat_map:
        parser().error("--class says what is drawn by --heat-map: give that too")
    return guarded(lambda _: command(args))


def command(args: argparse.Namespace) -> int:
    """Do what the options ask for; return the exit status."""
    xp = choose_device(args)
    model = load_model(args.weights, xp)
    if model.spec.arch != "classifier":
        raise WeightsError(
            f"{args.weights} holds an {model.spec.arch}, which segments: use minifcn.predict"
        )
    chosen = None if args.wanted is None else class_number(args.wanted, model.class_names)
    names = distinct_names(args.images, [ENDING])
    if args.heat_map:
        outputs = [args.out / f"{name}{ENDING}" for name in names]
        refuse_losses(outputs, [find_weights(args.weights), *args.images], args.overwrite)
    failed = 0
    for path, name in zip(args.images, names, strict=True):
        try:
            image = read_image(path)
            share = probabilities(model, image, xp)
            heat = heat_map(model, image, xp) if args.heat_map else None
        except (DataError, MemoryError) as error:
            complain(error)
            failed = 1
            continue
        print(path)
        best = np.argsort(-share, kind="stable")[: args.top]
        for number in best:
            print(f"  {share[number]:6.1%}  {called(model, number)}")
        if heat is not None:
            number = best[0] if chosen is None else chosen
            file = args.out / f"{name}{ENDING}"
            save_png(file, draw(image, heat, number, called(model, number)))
            highest, (rows, columns) = heat.share[number].max(), heat.share.shape[1:]
            print(f"  {file}: {called(model, number)}, at most {highest:.1%} of {rows} x {columns}")
    return failed


def called(model: Model, number: int) -> str:
    """Return what a class is called, with its number, for two may have one name."""
    return f"{model.class_names[number]} ({number})"


def class_number(text: str, names: Sequence[str]) -> int:
    """Return the class that a text means: its number, its name, or one of its names.

    Parameters
    ----------
    names : sequence of str
        Of the classes; one may be several, "tabby, tabby cat".

    Raises
    ------
    SettingsError
        If there is no such class, or more than one.
    """
    if text.isdecimal() and int(text) < len(names):
        return int(text)
    found: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        for word in dict.fromkeys([name, *name.split(", ")]):
            found.setdefault(word.casefold(), []).append(number)
    numbers = found.get(text.strip().casefold(), [])
    if len(numbers) == 1:
        return numbers[0]
    if numbers:
        several = ", ".join(map(str, numbers))
        raise SettingsError(
            f"{len(numbers)} classes are called {text!r}: give --class a number, one of {several}"
        )
    hint = did_you_mean(text.casefold(), found, most=3)
    raise SettingsError(f"no class of 0 to {len(names) - 1} is called {text!r}{hint}")


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
    return shares(to_host(outputs[scores_name])[0])


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
