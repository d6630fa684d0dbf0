"""The options of commands that train, and of those that only compute, made from the settings."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any

from minifcn.system.records import add_options, defaults
from minifcn.training.settings import Settings

ON_THE_DEVICE = ("device", "threads", "precision")


def add_setting_options(parser: argparse.ArgumentParser) -> dict[str, Any]:
    """Add the options of all settings; return the groups that they are listed in, by title.

    What is not given is parsed as None, which `resolve` takes for that.
    """
    groups: dict[str, Any] = {}
    for field in fields(Settings):
        title = field.metadata["group"]
        if title:
            if title not in groups:
                groups[title] = parser.add_argument_group(title)
            add_options(groups[title], Settings, [field.name])
    return groups


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `console.choose_device` reads."""
    values = defaults(Settings)
    add_options(parser, Settings, ON_THE_DEVICE, {name: values[name] for name in ON_THE_DEVICE})


def add_distributed_option(parser: Any) -> None:
    """Add the option that makes a process one of several."""
    parser.add_argument(
        "--distributed",
        action="store_true",
        help="as one of the processes of mpirun, see docs/distributed.md",
    )
