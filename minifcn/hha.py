"""Encode depth maps as HHA: `python -m minifcn.hha DEPTH.png -o HHA.png`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from minifcn.data.depth import read_depth
from minifcn.data.hha import NYUD_CAMERA, encode_hha
from minifcn.data.normals import Camera
from minifcn.distributed.guard import guarded
from minifcn.system.command import command_parser
from minifcn.system.files import atomic_write
from minifcn.system.outputs import add_overwrite_option, refuse_losses
from minifcn.system.records import ABOVE_0, Range, of_range

DESCRIPTION = """\
Encode a depth map as HHA: a PNG whose channels are horizontal disparity, height above ground and
angle with gravity, as nets that see HHA take it. Holes in the depth map (0) are filled first.

  python -m minifcn.hha depth.png -o hha.png
  python -m minifcn.hha depth.png -o hha.png --camera 525 525 319.5 239.5
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("hha", DESCRIPTION)
    result.add_argument(
        "depth", metavar="DEPTH", type=Path, help="a depth map: a PNG or TIFF of 16 bits"
    )
    result.add_argument(
        "-o", "--out", metavar="HHA", type=Path, required=True, help="the PNG to write"
    )
    result.add_argument(
        "--per-metre",
        type=of_range(float, ABOVE_0),
        default=1000.0,
        metavar="N",
        help="what a metre is in DEPTH (default: 1000, millimetres)",
    )
    result.add_argument(
        "--camera",
        type=of_range(float, Range("finite", lambda _: True)),
        nargs=4,
        metavar=("FX", "FY", "CX", "CY"),
        default=NYUD_CAMERA,
        help="focal lengths and optical axis in pixels, counted from 0 (default: those of NYUDv2)",
    )
    add_overwrite_option(result)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser().parse_args(argv)
    camera = Camera(*args.camera)
    if not (camera.fx > 0 and camera.fy > 0):
        parser().error("the focal lengths of --camera must be above 0")
    return guarded(lambda _: command(args, camera))


def command(args: argparse.Namespace, camera: Camera) -> int:
    """Do what the options ask for; return the exit status."""
    refuse_losses([args.out], [args.depth], args.overwrite)
    hha = encode_hha(read_depth(args.depth, args.per_metre), camera)
    with atomic_write(args.out) as file:
        Image.fromarray(hha).save(file, "PNG")
    print(f"{args.depth} -> {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
