"""Settings that say of themselves what they mean: their options, and what they refuse."""

import argparse
import re
from dataclasses import dataclass
from typing import Any

import pytest

from minifcn.system.records import AT_LEAST_1, SettingsError, add_options, check, defaults, setting


@dataclass(frozen=True, kw_only=True)
class Oven:
    """Settings of no other use."""

    trays: int = setting("one above the other", "inside", 2, valid=AT_LEAST_1)
    heat: float = setting("in degrees", "inside", option="--at", metavar="C")
    mode: str | None = setting("which way", "inside", None, otherwise="by itself", choices="ab")
    fan: bool = setting("blow", "inside", True)
    light: bool = setting("shine", "inside", False)
    parts: dict[str, Any] = setting("not an option")


def parser(**preset):
    result = argparse.ArgumentParser()
    add_options(result, Oven, ["trays", "heat", "mode", "fan", "light"], preset)
    return result


def test_options_have_the_types_of_their_fields():
    given = ["--trays", "3", "--at", "1e2", "--mode", "a", "--no-fan", "--light"]
    parsed = vars(parser().parse_args(given))
    assert parsed == {"trays": 3, "heat": 100.0, "mode": "a", "fan": False, "light": True}


def test_what_is_not_given_is_none_or_what_the_command_sets():
    assert set(vars(parser().parse_args([])).values()) == {None}
    assert parser(trays=5).parse_args([]).trays == 5


def test_the_help_has_meanings_and_defaults():
    said = " ".join(parser(heat=180.0).format_help().split())
    for line in (
        "--trays N one above the other (default: 2)",
        "--at C in degrees (default: 180.0)",
        "--mode {a,b} which way (default: by itself)",
        "--fan, --no-fan blow (default: on) --light shine",
    ):
        assert line in said


def test_fields_that_others_decide_on_have_no_default():
    assert defaults(Oven) == {"trays": 2, "mode": None, "fan": True, "light": False}


@pytest.mark.parametrize(
    "values",
    [
        {"trays": 1, "heat": 7, "mode": None, "parts": {}},
        {"heat": -0.5, "mode": "b", "fan": False},
        {},
    ],
)
def test_what_fits_is_accepted(values):
    check(Oven, values)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"trays": 0}, "--trays must be at least 1, not 0"),
        ({"trays": True}, "--trays must be a whole number, not True"),
        ({"trays": None}, "--trays must be a whole number, not None"),
        ({"heat": float("nan")}, "--at must be a finite number, not nan"),
        ({"heat": 10**400}, "--at must be a finite number, not 1000"),
        ({"mode": "c"}, "--mode must be one of a, b, not 'c'"),
        ({"mode": 1}, "--mode must be text or nothing, not 1"),
        ({"fan": 0}, "--fan must be true or false, not 0"),
        ({"parts": []}, "parts must be a mapping, not []"),
        ({"door": 1}, "there is no setting 'door'; there are trays, heat, mode, fan, light, parts"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(values, words):
    with pytest.raises(SettingsError, match=re.escape(words)):
        check(Oven, values)
