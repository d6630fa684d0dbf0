"""The options that say how a net looks at images."""

from __future__ import annotations

import argparse

from minifcn.inference.looks import Looks


def add_look_options(parser: argparse.ArgumentParser, otherwise: str) -> None:
    """Add `--scales`, and `--mirror` with `--no-mirror`.

    Parameters
    ----------
    parser : ArgumentParser
    otherwise : str
        What they are if not given, as their help says it.
    """
    parser.add_argument(
        "--scales",
        metavar="S[,S...]",
        type=scales_of,
        help="look at each image at these parts of its size, such as 0.75,1, and take the mean of "
        f"the probabilities; each costs a look (default: {otherwise} 1)",
    )
    parser.add_argument(
        "--mirror",
        action=argparse.BooleanOptionalAction,
        help=f"look at its mirror image too, at each of them (default: {otherwise} not)",
    )


def changed_looks(looks: Looks, args: argparse.Namespace) -> Looks:
    """Return the looks of a weight file but for what the options say."""
    return looks.changed(args.scales, args.mirror)


def scales_of(text: str) -> tuple[float, ...]:
    """Return the scales that "0.75,1" means."""
    try:
        return Looks(tuple(map(float, text.split(",")))).scales
    except ValueError as error:
        problem = str(error) if "scales" in str(error) else f"must be numbers, not {text!r}"
        raise argparse.ArgumentTypeError(problem) from error
