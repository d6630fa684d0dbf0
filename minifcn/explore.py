"""Walk through a net: `python -m minifcn.explore [RUN_OR_WEIGHTS] IMAGE... -o explore.html`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from minifcn.distributed.guard import guarded
from minifcn.exploring.contents import SOURCES, contents
from minifcn.exploring.opened import open_net
from minifcn.exploring.page import checked, is_page, page, write_page
from minifcn.exploring.subjects import find_subject, refuse_missing
from minifcn.inference.looks import ONE_LOOK
from minifcn.inference.model import looks_like_model
from minifcn.system.command import command_parser
from minifcn.system.outputs import add_overwrite_option, refuse_losses
from minifcn.system.records import SettingsError
from minifcn.system.resources import SEGMENTER, shipped_weights

DESCRIPTION = """\
Write a page in which a net can be walked through: its graph as the paper draws it, every map of
every layer for some pictures; for a click on a pixel what its scores are made of, what it sees in
each layer, and each product of each window; gradients, and the maps as they were in training. It is
one file that a browser opens from the disk.

  python -m minifcn.explore runs/demo val_00000 val_00001     drawn shapes, by their names
  python -m minifcn.explore runs/shapes-fcn8s photo.jpg -o explore.html
  python -m minifcn.explore photo.jpg                         the net that comes with minifcn

The first argument may be a run's folder, that of its stages, or a weight file. Of a net that looks
at images several times, or at another size, the page shows a single look at them as they are.
"""
SIDE = 160


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("explore", DESCRIPTION)
    result.add_argument(
        "images",
        metavar="IMAGE",
        nargs="+",
        type=Path,
        help="pictures, or drawn shapes by their names, val_00000 to val_00199; before them, a "
        "run's folder or a weight file",
    )
    result.add_argument(
        "-o",
        "--out",
        metavar="FILE",
        type=Path,
        default=Path("explore.html"),
        help="the page to write (default: explore.html)",
    )
    result.add_argument(
        "--side",
        type=int,
        metavar="PIXELS",
        default=SIDE,
        help=f"scale pictures down until their longer side has so many (default: {SIDE})",
    )
    add_overwrite_option(result)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser().parse_args(argv)
    return guarded(lambda _: command(args))


def command(args: argparse.Namespace) -> int:
    """Do what the options ask for; return the exit status."""
    source, names = None, list(args.images)
    if looks_like_model(names[0]):
        source = names.pop(0)
    if not names:
        raise SettingsError(f"{source} is a net; give pictures behind it, such as val_00000")
    for place, name in enumerate(names):  # before anything is loaded
        refuse_missing(name, perhaps_net=source is None and not place)
    if args.side < 1:
        raise SettingsError(f"--side must be at least 1, not {args.side}")
    if not is_page(args.out):  # an older page is replaced
        refuse_losses([args.out], [*filter(None, [source]), *names], args.overwrite)
    if source is None:
        print(f"no run or weight file is given: taking {SEGMENTER}, which comes with minifcn")
    opened = open_net(source or shipped_weights(SEGMENTER))
    subjects = [find_subject(name, opened.model.class_names, args.side) for name in names]
    if opened.model.looks != ONE_LOOK:
        print(f"the page shows one look; predict looks at images {opened.model.looks}")
    told, blobs = contents(opened, subjects, source.name if source else SEGMENTER, SOURCES)
    text = checked(page(told, blobs))
    write_page(args.out, text)
    print(f"{', '.join(one.name for one in subjects)}: {args.out}, {len(text) / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
