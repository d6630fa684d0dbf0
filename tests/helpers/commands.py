"""The commands of the package as parsers: whether a line of a page is understood, without a run."""

import argparse
from functools import cache
from importlib import import_module
from unittest import mock

import pytest


@cache
def parser_of(command: str) -> argparse.ArgumentParser:
    """Return the parser of a command: the one that its `main` would parse its arguments with."""
    found: list[argparse.ArgumentParser] = []

    def parse_args(parser: argparse.ArgumentParser, *_: object) -> None:
        found.append(parser)
        raise StopIteration

    with (
        mock.patch.object(argparse.ArgumentParser, "parse_args", parse_args),
        mock.patch.object(argparse.ArgumentParser, "parse_known_args", parse_args),
        pytest.raises(StopIteration),
    ):
        import_module(f"minifcn.{command}").main([])
    return found[0]


def is_understood(parser: argparse.ArgumentParser, arguments: list[str]) -> bool:
    """Say whether arguments can be parsed; what is wrong is on stderr, which pytest shows."""
    try:
        parser.parse_args(arguments)
    except SystemExit as end:
        return not end.code  # it is 0 after --help
    return True
