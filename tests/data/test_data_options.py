"""The options of commands that data sets declare."""

import argparse
from typing import ClassVar

import pytest

from minifcn.data import options
from minifcn.data.dataset import Defaults
from minifcn.data.options import add_data_options, take_data_options


def parsed(*given):
    parser = argparse.ArgumentParser()
    add_data_options(parser)
    return vars(parser.parse_args(given))


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ((), {}),
        (("--year", "2011", "--sbd"), {"year": 2011, "sbd": True}),
        (("--two-heads", "--depth"), {"two_heads": True, "depth": True}),
        (("--ignore", "0", "--fraction", "0.3"), {"ignore": 0, "fraction": 0.3}),
    ],
)
def test_what_is_given_comes_in_the_types_of_the_constructors(given, taken):
    assert take_data_options(parsed(*given)) == taken


def test_only_the_options_of_data_sets_are_taken():
    values = {**parsed(), "steps": 3}
    take_data_options(values)
    assert values == {"steps": 3}


class Other:
    """A data set with an option that another has too."""

    defaults = Defaults(pixels=4, images=1)
    options: ClassVar[dict[str, str]] = {"ignore": "a colour", "shade": "how dark"}

    def __init__(self, split: str, ignore: int = 0, shade: str = "") -> None:
        """Nothing is opened here."""


def test_a_new_data_set_brings_its_options(monkeypatch):
    known = {name: options.dataset_class(name) for name in options.DATASETS} | {"other": Other}
    monkeypatch.setattr(options, "DATASETS", known)
    monkeypatch.setattr(options, "dataset_class", known.get)
    parser = argparse.ArgumentParser()
    add_data_options(parser)
    lines = " ".join(parser.format_help().split())
    assert "--ignore N folder: a label value that shall not count (default: as" in lines
    assert "; other: a colour" in lines
    assert "--shade SHADE other: how dark" in lines
