"""The options of `gradcheck NAME`: the arguments of the function that builds what is checked."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any, get_type_hints

from minifcn.functional.arguments import Pair
from minifcn.functional.softmax import NORMALIZATIONS
from minifcn.models.build import BACKBONES
from minifcn.models.fcn import PADDINGS
from minifcn.system.records import AT_LEAST_0, AT_LEAST_1, Range, flag, of_range

MEANINGS = {
    "images": "how many images the batch has",
    "channels": "how many channels the input has",
    "size": "height and width of the input",
    "filters": "how many channels the output has",
    "kernel": "height and width of the window",
    "stride": "how many pixels from one window to the next",
    "pad": "how many pixels are added on each side",
    "dilation": "how many pixels from one weight to the next",
    "groups": "how many groups there are, which do not see each other's channels",
    "factor": "by how much it upsamples",
    "odd": "take a kernel of 2 f - 1 pixels, not 2 f",
    "floor": "drop the last window where it is incomplete",
    "ties": "make pixels that are equal",
    "zeros": "make numbers that are 0",
    "local_size": "how many channels count as near",
    "alpha": "the weight of the neighbours",
    "beta": "the power",
    "k": "what is added",
    "ratio": "which share of the values is dropped",
    "classes": "how many classes have scores",
    "normalization": "what the sum is divided by",
    "ignore_index": "the label of pixels that do not count",
    "class_weights": "weigh classes differently",
    "inputs": "how many inputs there are",
    "weighted": "multiply each by another number",
    "to": "height and width of the part",
    "offset": "where the part begins",
    "values": "how many values the weight has",
    "lr": "the rate",
    "momentum": "which share of the velocity is kept",
    "weight_decay": "which share of the weight is added to its gradient",
    "backbone": "what the net is made of",
    "width": "a factor on channel counts",
    "padding": "faithful: as in the paper; same: as little as needed",
}
CHOICES = {
    "normalization": NORMALIZATIONS,
    "padding": PADDINGS,
    "backbone": tuple(BACKBONES),
}
ANY = Range("a number", lambda value: True)
RANGES = {"pad": AT_LEAST_0, "ignore_index": ANY}  # other whole numbers are at least 1


def add_build_options(parser: argparse.ArgumentParser, build: Callable[..., Any]) -> None:
    """Add an option for each argument of a function."""
    kinds = get_type_hints(build)
    for name, argument in signature(build).parameters.items():
        kind, default, said = kinds[name], argument.default, MEANINGS[name]
        how: dict[str, Any] = {"default": default, "help": f"{said} (default: {spelled(default)})"}
        if kind is bool:
            how = {"action": "store_true", "help": said}
        elif kind == Pair:
            how |= {"type": pair, "metavar": "N or NxN"}
        elif name in CHOICES:
            how |= {"choices": CHOICES[name]}
        else:
            valid = RANGES.get(name, AT_LEAST_1 if kind is int else ANY)
            how |= {"type": of_range(kind, valid), "metavar": "N" if kind is int else "X"}
        parser.add_argument(flag(name), **how)


def take_build_options(build: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the parsed options that are arguments of a function."""
    return {name: given[name] for name in signature(build).parameters}


def command_of(name: str, build: Callable[..., Any], options: Mapping[str, Any]) -> str:
    """Return how something is asked for: its name, and the options that are not as by default."""
    said = [name]
    for option, value in options.items():
        if value is True:
            said.append(flag(option))
        elif value != signature(build).parameters[option].default:
            said += [flag(option), spelled(value)]
    return " ".join(said)


def pair(text: str) -> Pair:
    """Read "3" as (3, 3) and "3x2" as (3, 2): height before width."""
    numbers = text.lower().split("x")
    if len(numbers) > 2 or not all(number.isdecimal() for number in numbers):
        raise argparse.ArgumentTypeError(f"must be a number or two, such as 3 or 3x2, not {text!r}")
    return int(numbers[0]), int(numbers[-1])


def spelled(value: Any) -> str:
    """Return a value as it is typed."""
    if isinstance(value, tuple):
        return str(value[0]) if len(set(value)) == 1 else "x".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
