"""The `minifcn` command: `minifcn train ...` is `python -m minifcn.train ...`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "train": "train an FCN on a data set",
    "evaluate": "score a trained net on a data set",
    "predict": "segment images",
    "report": "report on runs: curves, samples, figures, settings in one page",
    "inspect": "look through a data set and show what is wrong with it",
    "download": "fetch published weights and data sets",
    "hha": "encode depth maps as HHA",
    "convert": "turn weight files of other frameworks into ours",
    "export": "hand a net to ONNX Runtime, PyTorch and other programs",
    "classify": "name what is in images by a classifier",
    "paper": "compute what the paper shows, beside its figures",
    "pretrain": "train the small classifier that FCNs start from",
    "gradcheck": "check the hand-written gradients of layers by differences",
    "doctor": "say what is installed and test that it works",
    "demo": "train FCN-32s, 16s and 8s on the embedded data set and compare them",
}


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command's name; what follows it is the command's own affair."""
    result = argparse.ArgumentParser(prog="minifcn", epilog="minifcn COMMAND --help tells more")
    commands = result.add_subparsers(dest="command", metavar="COMMAND")
    for name, purpose in COMMANDS.items():
        commands.add_parser(name, help=purpose, add_help=False)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand, which alone is imported; return its exit status."""
    args, rest = parser().parse_known_args(argv)
    if args.command is None:
        parser().print_help()
        return 0
    return int(import_module(f"minifcn.{args.command}").main(rest))


if __name__ == "__main__":
    sys.exit(main())
