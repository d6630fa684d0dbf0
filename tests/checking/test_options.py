"""The options of `gradcheck NAME` are the arguments of what builds it."""

import argparse
from inspect import signature

import pytest

from minifcn.checking.nets import NETS
from minifcn.checking.operations import OPERATIONS
from minifcn.checking.options import (
    MEANINGS,
    add_build_options,
    command_of,
    pair,
    spelled,
    take_build_options,
)
from minifcn.gradcheck import parser

BUILDERS = {**{name: one.build for name, one in OPERATIONS.items()}, **NETS}


@pytest.mark.parametrize("name", BUILDERS)
def test_without_options_everything_is_as_by_default(name):
    build = BUILDERS[name]
    args = parser().parse_args([name])
    given = take_build_options(build, vars(args))
    assert given == {n: one.default for n, one in signature(build).parameters.items()}
    assert command_of(name, build, given) == name


def test_a_command_says_itself():
    build = BUILDERS["max-pool"]
    for text in ("max-pool", "max-pool --size 9x8 --kernel 2 --floor --ties"):
        args = parser().parse_args(text.split())
        assert command_of("max-pool", build, take_build_options(build, vars(args))) == text


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_examples_can_be_typed(name):
    build, examples = OPERATIONS[name].build, OPERATIONS[name].examples
    for example in examples:
        text = command_of(name, build, example)
        taken = take_build_options(build, vars(parser().parse_args(text.split())))
        assert {option: taken[option] for option in example} == dict(example)


def test_a_size_is_one_number_or_two():
    assert pair("3") == (3, 3) and pair("3x2") == (3, 2)
    assert spelled((3, 3)) == "3" and spelled((3, 2)) == "3x2" and spelled(1 / 16) == "0.0625"
    for text in ("", "3x", "-1", "3x2x1", "a"):
        with pytest.raises(argparse.ArgumentTypeError, match="such as 3 or 3x2"):
            pair(text)


def test_no_meaning_is_left_over():
    used = {name for build in BUILDERS.values() for name in signature(build).parameters}
    assert used == set(MEANINGS)


def test_an_option_of_another_layer_is_refused(capsys):
    reader = argparse.ArgumentParser()
    add_build_options(reader, BUILDERS["relu"])
    with pytest.raises(SystemExit):
        reader.parse_args(["--kernel", "3"])
    assert "unrecognized arguments: --kernel 3" in capsys.readouterr().err
