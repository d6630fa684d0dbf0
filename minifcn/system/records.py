"""Settings that say of themselves what they mean and what they can be.

A record of settings is a dataclass whose fields are made by `setting`. What is said there serves
for the options of commands and their help, for the check of values wherever they come from (the
command line, JSON, the attributes of a file, Python), and for whoever reads the class.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, field, fields
from difflib import get_close_matches
from types import MappingProxyType, NoneType, UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from minifcn.system.mishaps import Mishap

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_WORDS = {bool: "true or false", int: "a whole number", float: "a finite number", str: "text"}
_WORDS |= {dict: "a mapping", list: "a list", NoneType: "nothing"}


class SettingsError(Mishap, ValueError):
    """A setting is unknown or does not fit the others; the message says which and what to do."""


class Range(NamedTuple):
    """What a value must be, in words that follow "must be", and the test for it."""

    words: str
    holds: Callable[[Any], bool]


AT_LEAST_0 = Range("at least 0", lambda value: value >= 0)
AT_LEAST_1 = Range("at least 1", lambda value: value >= 1)
ABOVE_0 = Range("above 0", lambda value: value > 0)
THREADS = Range("0 to 1024", lambda count: 0 <= count <= 1024)


def setting(
    meaning: str,
    group: str = "",
    default: Any = MISSING,
    *,
    otherwise: str = "",
    choices: Iterable[str] = (),
    valid: Range | None = None,
    option: str = "",
    changes: bool = False,
    added: bool = False,
    **how: Any,
) -> Any:
    """Return a field of a record, which has to be `kw_only`.

    Parameters
    ----------
    meaning : str
        The help of its option, without its default.
    group : str
        The title that its option is listed under; without one it is no option.
    default
        What it is where none is given, unless others decide on that.
    otherwise : str
        How the help says that, if the default itself does not tell.
    choices : iterable of str
    valid : Range, optional
        Not asked about None.
    option : str
        Its name as an option, if it is not that of the field: `--batch-size` for batch_size.
    changes : bool
        Whether it may become another while what it is a setting of goes on.
    added : bool
        Whether records were written before there was this field; in them its default is meant.
    **how
        For `argparse`, such as `metavar`.
    """
    if choices:
        how["choices"] = tuple(choices)
    said = {"meaning": meaning, "group": group, "otherwise": otherwise, "option": option}
    about = {**said, "valid": valid, "changes": changes, "added": added, "how": how}
    return field(default=default, metadata=about)


def defaults(record: type) -> dict[str, Any]:
    """Return the fields of a record that have a default, and what it is."""
    return {one.name: one.default for one in fields(record) if one.default is not MISSING}


def check(record: type, values: Mapping[str, Any]) -> None:
    """Refuse values that fields of a record cannot have.

    Parameters
    ----------
    record : type
    values : mapping of str to value
        Of all its fields or of some.

    Raises
    ------
    SettingsError
        If there is no such field, or a value is of another type, not finite, none of the choices
        or out of range. The message names the option and says what it must be.
    """
    known, types = {one.name: one for one in fields(record)}, get_type_hints(record)
    for name, value in values.items():
        if name not in known:
            raise SettingsError(f"there is no setting {name!r}{nearest(name, known)}")
        valid, choices = known[name].metadata["valid"], known[name].metadata["how"].get("choices")
        wanted = ""
        if not fits(value, types[name]):
            wanted = " or ".join(_WORDS[kind] for kind in _kinds(types[name]))
        elif value is not None and choices and value not in choices:
            wanted = f"one of {', '.join(choices)}"
        elif value is not None and valid and not valid.holds(value):
            wanted = valid.words
        if wanted:
            raise SettingsError(f"{called(known[name])} must be {wanted}, not {value!r}")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the end of a message on an unknown name: what may be meant, or else what there is."""
    known = list(known)
    close = get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; there are {', '.join(known)}"


def fits(value: Any, kind: Any) -> bool:
    """Return whether a value is of a type, as an annotation has it.

    Numbers must be finite, whole ones be of 64 bits.
    """
    kinds = _kinds(kind)
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, int | float) and float in kinds:
        return abs(value) <= sys.float_info.max
    if isinstance(value, int) and int in kinds:
        return abs(value) < 1 << 63
    return isinstance(value, kinds)


def add_options(
    parser: argparse._ActionsContainer,
    record: type,
    names: Iterable[str],
    preset: Mapping[str, Any] = _NOTHING,
) -> None:
    """Add the options of some fields of a record to a parser, or to a group of one.

    What is not given is parsed as the preset of that name, or None.
    """
    known, types = {one.name: one for one in fields(record)}, get_type_hints(record)
    for name in names:
        about, default = known[name].metadata, known[name].default
        otherwise = preset.get(name) or about["otherwise"] or default
        said = about["meaning"]
        if otherwise not in (None, MISSING) and otherwise is not False:
            said += f" (default: {'on' if otherwise is True else otherwise})"
        how = {"dest": name, "default": preset.get(name), "help": said, **about["how"]}
        add_option(parser, called(known[name]), types[name], negated=default is True, **how)


def add_groups(
    parser: argparse.ArgumentParser, record: type, titles: Iterable[str]
) -> dict[str, Any]:
    """Add the options of all fields under the titles of their groups; return these by title."""
    groups = {title: parser.add_argument_group(title) for title in titles}
    for title, group in groups.items():
        names = [one.name for one in fields(record) if one.metadata["group"] == title]
        add_options(group, record, names)
    return groups


def add_option(
    parser: argparse._ActionsContainer, option: str, kind: Any, negated: bool = False, **how: Any
) -> None:
    """Add the option of a value of a type: a number, text, or a flag for true.

    Of `int | None` the first counts. A flag that is `negated` can be given as `--no-...` too.
    """
    first = _kinds(kind)[0]
    if first is bool:
        how["action"] = argparse.BooleanOptionalAction if negated else "store_true"
    else:
        said = "N" if first is int else option.rpartition("-")[2].upper()
        how = {"type": first, **({} if "choices" in how else {"metavar": said}), **how}
    parser.add_argument(option, **how)


def of_range(kind: type, valid: Range) -> Callable[[str], Any]:
    """Return the `type` of an argparse option whose values have to be in a range, and finite."""

    def parse(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if not fits(value, kind):
            raise argparse.ArgumentTypeError(f"must be {_WORDS[kind]}, not {text!r}")
        if not valid.holds(value):
            raise argparse.ArgumentTypeError(f"must be {valid.words}, not {text!r}")
        return value

    return parse


def flag(name: str) -> str:
    """Return the option of a name: `--batch-size` for batch_size."""
    return f"--{name.replace('_', '-')}"


def called(one: Field[Any]) -> str:
    """Return what users call a setting: its option, if it has one."""
    return (one.metadata["option"] or flag(one.name)) if one.metadata["group"] else one.name


def _kinds(kind: Any) -> tuple[type, ...]:
    """Return the types in an annotation: `str` and `list` of `str | list[float]`."""
    alternatives = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    return tuple(get_origin(one) or one for one in alternatives)
