"""Turn weight files into others: `python -m minifcn.convert FILE_OR_RUN -o OUT`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from minifcn.distributed.guard import guarded
from minifcn.inference.convert import convert
from minifcn.inference.look_options import add_look_options
from minifcn.inference.looks import ONE_LOOK, stored_looks
from minifcn.inference.model import find_weights
from minifcn.models.build import ARCHITECTURES, BACKBONES, ModelSpec
from minifcn.system.command import command_parser
from minifcn.system.outputs import add_overwrite_option, refuse_losses
from minifcn.training.option_groups import RARE
from minifcn.weights.importing.conversion import Converted
from minifcn.weights.importing.overview import overview
from minifcn.weights.store import WeightsError, read_attributes

DESCRIPTION = """\
Turn a weight file into one that every command of minifcn takes. Its content, not its name, says
what it is: Caffe (.caffemodel, .caffemodel.h5), Keras (.h5, .weights.h5, .keras), PyTorch (.pth),
safetensors, NumPy (.npz, .npy), MatConvNet (.mat), ONNX or minifcn's own HDF5. None of these
programs has to be installed, and no code from a file is run. `minifcn.export` is the way out.

  python -m minifcn.convert bvlc_googlenet.caffemodel -o weights/googlenet.h5
  python -m minifcn.convert --inspect vgg16.pth                      what is in it?
  python -m minifcn.convert --inspect vgg16.pth --net fcn8s/vgg16    what would it fill?
  python -m minifcn.convert runs/voc --half -o fcn8s.h5              a small file to pass on
  python -m minifcn.convert runs/voc --scales 0.75,1 --mirror -o fcn8s.h5   how it looks at images
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("convert", DESCRIPTION)
    result.add_argument(
        "source", metavar="FILE", type=Path, help="a weight file, or a run's folder"
    )
    result.add_argument(
        "-o",
        "--out",
        metavar="OUT",
        type=Path,
        help="what to write (default: FILE's name with the ending .h5, in this folder)",
    )
    result.add_argument(
        "--half",
        action="store_true",
        help="keep half the precision: a file of less than half the size",
    )
    add_look_options(result, "as FILE says, else")
    result.add_argument("--inspect", action="store_true", help="only print what FILE holds")
    result.add_argument(
        "--net",
        metavar="ARCH/BACKBONE",
        help="with --inspect: compare it with this net, such as fcn8s/vgg16 (default: with none)",
    )
    add_overwrite_option(result)
    rare = result.add_argument_group(RARE)
    rare.add_argument(
        "--arch",
        choices=ARCHITECTURES,
        help="which net FILE is of, if only you know: an FCN-8s was staged or trained at once "
        "(default: as the file tells)",
    )
    rare.add_argument(
        "--colours",
        choices=["torchvision", "caffe"],
        help="whose preprocessing torchvision's VGG16 was trained with (default: told by the size "
        "of its weights)",
    )
    rare.add_argument(
        "--flipped",
        action=argparse.BooleanOptionalAction,
        help="Keras: whether kernels are turned over, as Theano's (default: told by the layout)",
    )
    rare.add_argument(
        "--licence",
        metavar="TEXT",
        default="",
        help="a note that is stored with the weights (default: none)",
    )
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser().parse_args(argv)
    return guarded(lambda _: command(args))


def command(args: argparse.Namespace) -> int:
    """Do what the options ask for; return the exit status."""
    source = find_weights(args.source) if args.source.is_dir() else args.source
    if args.inspect:
        print(overview(source, named_net(args.net) if args.net else None, args.arch))
        return 0
    target = args.out or Path(args.source.name).with_suffix(".h5")
    refuse_losses([target], [source], args.overwrite)
    converted = convert(
        source,
        target,
        half=args.half,
        arch=args.arch,
        colours=args.colours,
        flipped=args.flipped,
        licence=args.licence,
        scales=args.scales,
        mirror=args.mirror,
    )
    print(summary(converted))
    looks = stored_looks(read_attributes(target))
    if looks != ONE_LOOK:
        print(f"images will be looked at {looks}")
    print(f"weights are in {target} ({target.stat().st_size / 1e6:.1f} MB)")
    return 0


def named_net(name: str) -> ModelSpec:
    """Return the net that "fcn8s/googlenet" names, or "classifier/vgg16"; 1000 or 21 classes."""
    arch, _, backbone = name.partition("/")
    if arch not in ARCHITECTURES or (backbone or "vgg16") not in BACKBONES:
        raise WeightsError(
            f"there is no net {name!r}: give one of {', '.join(ARCHITECTURES)}, a slash, and one "
            f"of {', '.join(BACKBONES)}"
        )
    return ModelSpec(arch, backbone or "vgg16", 1000 if arch == "classifier" else 21)


def summary(converted: Converted) -> str:
    """Return what was converted, what is missing and what was left out, in a few lines."""
    spec = converted.spec
    lines = [
        f"{spec.arch} on {spec.backbone}, width {spec.width:g}, {spec.num_classes} classes: "
        f"{len(converted.params)} arrays"
    ]
    lines += [f"missing: {address}" for address in converted.missing]
    lines += [f"left out: {name} ({reason})" for name, reason in converted.left_out.items()]
    return "\n".join([*lines, *converted.notes])


if __name__ == "__main__":
    sys.exit(main())
