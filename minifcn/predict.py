"""Segment images: `python -m minifcn.predict [RUN_OR_WEIGHTS] IMAGE... -o DIR`."""

from __future__ import annotations

import argparse
import glob
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from minifcn.backend import to_host
from minifcn.data.dataset import DataError
from minifcn.data.depth import read_depth
from minifcn.data.hha import encode_hha
from minifcn.data.images import read_image
from minifcn.data.palette import voc_palette, write_palette_png
from minifcn.distributed.communicator import Communicator
from minifcn.distributed.guard import complain, guarded
from minifcn.inference.apply import segment_all
from minifcn.inference.model import find_weights, load_segmenter, looks_like_model
from minifcn.inference.pictures import overlay, save_png, with_legend
from minifcn.system.command import command_parser
from minifcn.system.outputs import add_overwrite_option, distinct_names, refuse_losses
from minifcn.system.records import SettingsError
from minifcn.system.resources import SEGMENTER, shipped_weights
from minifcn.training.console import add_device_options, choose_device

DESCRIPTION = """\
Segment images of any size and kind, and write for each

  NAME_label.png    the class of each pixel, as a palette PNG (open it and see colours; read it
                    as indices and get classes)
  NAME_overlay.png  the image under the colours, with a legend

and for a net with a second head, such as "geo", NAME_geo_label.png and NAME_geo_overlay.png.

  python -m minifcn.predict photo.jpg -o predictions
  python -m minifcn.predict runs/shapes-fcn8s photo.jpg scan.tif -o predictions

The first argument may be a run's folder or a weight file. Without one, the net that comes with
minifcn is taken: FCN-8s on GoogLeNet, which knows the twenty kinds of things of PASCAL VOC.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("predict", DESCRIPTION)
    result.add_argument(
        "images",
        metavar="IMAGE",
        nargs="+",
        type=Path,
        help="the pictures; before them may stand a run's folder or a weight file",
    )
    result.add_argument(
        "--model",
        metavar="RUN_OR_WEIGHTS",
        type=Path,
        help="the net, by an option of its own (default: the one that comes with minifcn)",
    )
    result.add_argument(
        "--depth",
        metavar="DIR",
        type=Path,
        help="for nets that see depth: the folder with maps of 16 bits in millimetres, called as "
        "the images (default: none)",
    )
    result.add_argument(
        "-o",
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("predictions"),
        help="the folder to write to (default: predictions)",
    )
    add_overwrite_option(result)
    add_device_options(result, distributed=True)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 1 if any image could not be segmented."""
    args = parser().parse_args(argv)
    return guarded(lambda ranks: command(args, ranks), distributed=args.distributed)


def command(args: argparse.Namespace, communicator: Communicator) -> int:
    """Do what the options ask for; return the exit status."""
    source, images = model_and_images(args.model, args.images)
    xp = choose_device(args, communicator)
    if source is None:
        source = shipped_weights(SEGMENTER)
        print(f"no run or weight file is given: taking {SEGMENTER}, which comes with minifcn")
    model = load_segmenter(source, xp)
    failed, lines = 0, []
    palette = voc_palette()
    palette[: len(model.palette)] = model.palette
    heads = ["", *(f"_{head}" for head in model.extra_classes)]
    endings = [f"{head}_{kind}.png" for head in heads for kind in ("label", "overlay")]
    names = distinct_names(images, endings)
    inputs = [find_weights(source), *images, *filter(None, [args.depth])]
    outputs = [args.out / f"{name}{ending}" for name in names for ending in endings]
    refuse_losses(outputs, inputs, args.overwrite)
    communicator.barrier()  # nobody writes before all have looked
    share = communicator.share(list(zip(images, names, strict=True)))
    for path, name in tqdm(share, unit="image", leave=False, disable=not communicator.leads):
        try:
            image = read_image(path)
            extras = depth_of(path, args.depth) if model.spec.modality != "rgb" else {}
            labels = segment_all(model, image, xp, extras)
        except (DataError, MemoryError) as error:
            complain(error)
            failed += 1
            continue
        for head, array in labels.items():
            label, output = to_host(array).astype(np.uint8), "_".join(filter(None, (name, head)))
            classes = model.extra_classes[head] if head else model.class_names
            colours = voc_palette() if head else palette
            file = args.out / f"{output}_label.png"
            write_palette_png(file, label, colours)
            picture = overlay(image, label, colours)
            picture = with_legend(picture, classes, colours, np.unique(label))
            save_png(args.out / f"{output}_overlay.png", picture)
            lines.append(f"{path} -> {file}: {describe(label, classes)}")
            tqdm.write(lines[-1])
    for line in itertools.chain(*communicator.gather(lines)[1:]):  # what others have done
        print(line)
    return 1 if any(communicator.gather(failed)) else 0


def model_and_images(model: Path | None, paths: Sequence[Path]) -> tuple[Path | None, list[Path]]:
    """Return what is meant by the arguments: the run or weight file, if one is given, and the rest.

    Parameters
    ----------
    model : Path or None
        Of the option `--model`.
    paths : sequence of Path
        The arguments without a name.

    Raises
    ------
    SettingsError
        If there are two models, or no image.
    """
    first, images = model, list(paths)
    misspelt = not (images[0].suffix or images[0].exists())  # a run's name more likely than not
    if first is None and (looks_like_model(images[0]) or misspelt):
        first = images.pop(0)
    if not images:
        raise SettingsError(f"there is nothing to segment: give images after {first}")
    for other in filter(looks_like_model, images):
        where = "give it first, or by --model" if first is None else f"{first} is the model already"
        raise SettingsError(f"{other} is a run or a weight file by its looks, no image: {where}")
    return first, images


def depth_of(image: Path, folder: Path | None) -> dict[str, np.ndarray]:
    """Return the depth that belongs to an image, and its HHA.

    Raises
    ------
    DataError
        If there is no folder, or no map of the image's name in it, or it is unusable.
    """
    if folder is None:
        raise DataError("the net sees depth: give --depth DIR with a depth map of each image")
    found = [path for path in sorted(folder.glob(f"{glob.escape(image.stem)}.*")) if path.is_file()]
    if not found:
        raise DataError(f"there is no depth map {folder / image.stem}.png")
    depth = read_depth(found[0])
    return {"depth": depth, "hha": encode_hha(depth)}


def describe(label: np.ndarray, class_names: Sequence[str]) -> str:
    """Return the share of each class in a label map, the largest first."""
    counts = np.zeros(len(class_names), int)
    for row in label:
        counts += np.bincount(row, minlength=len(class_names))
    shares = counts / label.size
    order = [c for c in np.argsort(-shares) if shares[c] > 0]
    return ", ".join(f"{class_names[c]} {shares[c]:.1%}" for c in order)


if __name__ == "__main__":
    sys.exit(main())
