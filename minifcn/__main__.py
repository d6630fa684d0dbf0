# PYTHON_ARGCOMPLETE_OK
"""The `minifcn` command: `minifcn train ...` is `python -m minifcn.train ...`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from minifcn import __version__
from minifcn.system.command import DOCS, CommandParser

# In the order in which a newcomer needs them.
COMMANDS = {
    "doctor": "say what is installed, and test that it works",
    "demo": "a first look: train three nets in minutes, compare them",
    "predict": "segment images, by the net that comes along or your own",
    "inspect": "look through a data set, and say what is wrong with it",
    "train": "train a net on a data set of the paper or your images",
    "evaluate": "score a trained net on a data set",
    "report": "report on runs: curves, samples, figures in one page",
    "explore": "walk through a net: every map, product and gradient",
    "download": "fetch published weights and data sets",
    "convert": "make our weights of other frameworks'",
    "export": "hand a net to ONNX Runtime, PyTorch and others",
    "classify": "name what is in images by an ImageNet classifier",
    "hha": "encode depth maps as HHA, for nets that see depth",
    "pretrain": "train the small classifier that trainings start from",
    "gradcheck": "check hand-written gradients: ours, or those you write",
    "paper": "compute what the paper shows, beside its figures",
}
DESCRIPTION = "Fully convolutional networks for semantic segmentation, from scratch on NumPy."


def parser() -> CommandParser:
    """Return the parser of the command's name; what follows it is the command's own affair."""
    listing = (f"  minifcn {name:10} {purpose}" for name, purpose in COMMANDS.items())
    result = CommandParser(
        prog="minifcn",
        usage="minifcn COMMAND ...",
        description="\n".join([DESCRIPTION, "", *listing]),
        epilog=f"minifcn COMMAND --help explains each; more at {DOCS}",
    )
    said = "print which version of minifcn this is"
    result.add_argument("--version", action="version", version=f"minifcn {__version__}", help=said)
    plain = argparse.ArgumentParser  # which passes on what it does not know
    commands = result.add_subparsers(
        dest="command", metavar="COMMAND", help=argparse.SUPPRESS, parser_class=plain
    )
    for name, purpose in COMMANDS.items():
        commands.add_parser(name, help=purpose, add_help=False)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand, which alone is imported; return its exit status."""
    if "_ARGCOMPLETE" in os.environ:  # a shell asks how the line may go on
        complete(os.environ["COMP_LINE"][: int(os.environ["COMP_POINT"])])
    args, rest = parser().parse_known_args(argv)
    if args.command is None:
        if rest:
            parser().error(f"{rest[0]} is no command; options come after its name")
        parser().print_help()
        return 0
    return int(import_module(f"minifcn.{args.command}").main(rest))


def complete(line: str) -> None:
    """Tell the shell how a line can go on, and end.

    Parameters
    ----------
    line : str
        Up to the cursor. Without a command in it nothing else is imported, NumPy least of all.
    """
    import argcomplete

    _, *before = f"{line}|".split()[:-1]
    found = parser()
    if before and before[0] in COMMANDS:
        os.environ["_ARGCOMPLETE"] = "2"  # the command is what is completed, not `minifcn`
        found = import_module(f"minifcn.{before[0]}").parser()
    argcomplete.autocomplete(found)


if __name__ == "__main__":
    sys.exit(main())
