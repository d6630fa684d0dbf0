"""Hand a net to other programs: `python -m minifcn.export RUN_OR_WEIGHTS -o FILE`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from minifcn.distributed.guard import guarded
from minifcn.inference.export import export
from minifcn.inference.looks import ONE_LOOK
from minifcn.inference.model import find_weights
from minifcn.system.command import command_parser
from minifcn.system.outputs import add_overwrite_option, refuse_losses

DESCRIPTION = """\
Write a net as a file that other programs take. The ending of the file says which:

  .onnx             a model for ONNX Runtime, OpenVINO and other engines, from a photograph (uint8,
                    RGB) to scores and a label map, with its preprocessing inside. Needs onnx and
                    onnxruntime: pip install 'minifcn[onnx]'. It is run once and compared before it
                    is written.
  .pth, .pt         weights alone, as a state dict of PyTorch
  .safetensors, .npz  weights alone, under minifcn's names

  python -m minifcn.export runs/voc -o fcn8s.onnx
  python -m minifcn.export runs/voc -o fcn8s.onnx --size 480x640
  python -m minifcn.export weights/vgg16.h5 -o vgg16.pth

`predict` and `evaluate` take these files as they take the run; `convert` makes them ours again.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("export", DESCRIPTION)
    result.add_argument(
        "source", metavar="RUN_OR_WEIGHTS", type=Path, help="the folder of a run, or a weight file"
    )
    result.add_argument(
        "-o", "--out", metavar="FILE", type=Path, required=True, help="the file to write"
    )
    result.add_argument(
        "--size",
        metavar="HEIGHTxWIDTH",
        type=image_size,
        help="for .onnx: the one size of images, for engines that want to know it (default: any)",
    )
    add_overwrite_option(result)
    return result


def image_size(text: str) -> tuple[int, int]:
    """Return the height and the width that "480x640" means."""
    height, _, width = text.partition("x")
    if not (height.isdecimal() and width.isdecimal() and int(height) and int(width)):
        raise argparse.ArgumentTypeError(f"must be a height, an x and a width, not {text!r}")
    return int(height), int(width)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser().parse_args(argv)
    return guarded(lambda _: command(args))


def command(args: argparse.Namespace) -> int:
    """Do what the options ask for; return the exit status."""
    refuse_losses([args.out], [find_weights(args.source)], args.overwrite)
    errors, looks = export(args.source, args.out, size=args.size)
    for (height, width), error in errors.items():
        print(f"an image of {height} x {width}: scores in ONNX Runtime differ by {error:.0e}")
    if looks != ONE_LOOK:
        print(
            f"minifcn looks at images {looks}; other programs get a net that looks once, at what "
            "they give it: resizing, mirroring and the mean of the probabilities are theirs to do"
        )
    print(f"{args.out} ({args.out.stat().st_size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
