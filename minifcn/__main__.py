"""The `minifcn` command: `minifcn train ...` is `python -m minifcn.train ...`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "train": "train an FCN on a data set",
    "evaluate": "score a trained net on a data set",
    "predict": "segment images",
    "inspect": "look through a data set and show what is wrong with it",
    "download": "fetch published weights and data sets",
    "hha": "encode depth maps as HHA",
    "convert": "turn weight files of other frameworks into ours",
    "classify": "name what is in images by a classifier",
    "paper": "compute what the paper shows, beside its figures",
    "pretrain": "train the small classifier that FCNs start from",
    "gradcheck": "check the hand-written gradients of layers by differences",
    "doctor": "say what is installed and test that it works",
    "demo": "train FCN-32s, 16s and 8s on the embedded data set and compare them",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a subcommand; return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] not in COMMANDS:
        print("usage: minifcn COMMAND ... (COMMAND --help tells more)\n")
        for name, purpose in COMMANDS.items():
            print(f"  {name:10} {purpose}")
        return 0 if arguments in ([], ["-h"], ["--help"]) else 2
    return int(import_module(f"minifcn.{arguments[0]}").main(arguments[1:]))


if __name__ == "__main__":
    sys.exit(main())
