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
from types import MappingProxyType, NoneType, UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a finite number",
    str: "text",
    dict: "a mapping",
    list: "a list",
    NoneType: "nothing",
}


class SettingsError(ValueError):
    """A setting is unknown or does not fit the others; the message says which and what to do."""


class Range(NamedTuple):
    """What a value must be, in words that follow "must be", and the test for it."""

    words: str
    holds: Callable[[Any], bool]


AT_LEAST_0 = Range("at least 0", lambda value: value >= 0)
AT_LEAST_1 = Range("at least 1", lambda value: value >= 1)
ABOVE_0 = Range("above 0", lambda value: value > 0)


def setting(
    meaning: str,
    group: str = "",
    default: Any = MISSING,
    *,
    otherwise: str = "",
    choices: Iterable[str] = (),
    valid: Range | None = None,
    option: str = "",
    **how: Any,
) -> Any:
    """Return a field of a record, which has to be `kw_only`.

    Parameters
    ----------
    meaning : str
        In a few words; the help of its option.
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
    **how
        For `argparse`, such as `metavar`.
    """
    about = {"meaning": meaning, "group": group, "otherwise": otherwise, "option": option}
    return field(
        default=default,
        metadata={**about, "choices": tuple(choices), "valid": valid, "how": how},
    )


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
            raise SettingsError(f"there is no setting {name!r}; there are {', '.join(known)}")
        wanted = _wanted(value, types[name], **known[name].metadata)
        if wanted:
            raise SettingsError(f"{_called(known[name])} must be {wanted}, not {value!r}")


def fits(value: Any, kind: Any) -> bool:
    """Return whether a value is of a type, as an annotation has it; numbers must be finite."""
    kinds = [get_origin(one) or one for one in _alternatives(kind)]
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, int | float) and float in kinds:
        return abs(value) <= sys.float_info.max
    return isinstance(value, tuple(kinds))


def in_words(kind: Any) -> str:
    """Return what values of a type are, in words that follow "must be"."""
    return " or ".join(_WORDS[get_origin(one) or one] for one in _alternatives(kind))


def _wanted(
    value: Any, kind: Any, *, choices: tuple[str, ...], valid: Range | None, **_: Any
) -> str:
    """Return what a value must be that cannot be accepted; nothing if it can."""
    if not fits(value, kind):
        return in_words(kind)
    if value is not None and choices and value not in choices:
        return f"one of {', '.join(choices)}"
    return valid.words if value is not None and valid and not valid.holds(value) else ""


def _called(one: Field[Any]) -> str:
    """Return what users call a setting: its option, if it has one."""
    return (one.metadata["option"] or flag(one.name)) if one.metadata["group"] else one.name


def _alternatives(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if isinstance(kind, UnionType) else (kind,)


# ---------------------------------------------------------------------------------------------
# Options
# ---------------------------------------------------------------------------------------------


def add_options(
    parser: argparse._ActionsContainer,
    record: type,
    names: Iterable[str],
    preset: Mapping[str, Any] = _NOTHING,
) -> None:
    """Add the options of some fields of a record.

    Parameters
    ----------
    parser : ArgumentParser or a group of one
    record : type
    names : iterable of str
    preset : mapping of str to value
        What is parsed where nothing is given; None of the others.
    """
    known, types = {one.name: one for one in fields(record)}, get_type_hints(record)
    for name in names:
        about, default = known[name].metadata, known[name].default
        otherwise = preset.get(name) or about["otherwise"] or default
        said = about["meaning"]
        if not isinstance(otherwise, bool) and otherwise not in (None, MISSING):
            said += f" ({otherwise})"
        how = {**about["how"], **({"choices": about["choices"]} if about["choices"] else {})}
        called = _called(known[name])
        add_option(
            parser,
            called,
            types[name],
            negated=default is True,
            dest=name,
            default=preset.get(name),
            help=said,
            **how,
        )


def add_option(
    parser: argparse._ActionsContainer,
    option: str,
    kind: Any,
    *,
    negated: bool = False,
    **how: Any,
) -> None:
    """Add an option for values of a type: numbers, text, or a flag for true.

    Parameters
    ----------
    parser : ArgumentParser or a group of one
    option : str
    kind : type
        As an annotation has it; the first counts of `int | None`.
    negated : bool
        The flag can be given as `--no-...` too.
    **how
        For `argparse`.
    """
    first = _alternatives(kind)[0]
    if first is bool:
        how["action"] = argparse.BooleanOptionalAction if negated else "store_true"
    else:
        how = {"type": first, **({"metavar": "N"} if first is int else {}), **how}
    parser.add_argument(option, **how)


def flag(name: str) -> str:
    """Return the option of a name: `--batch-size` for batch_size."""
    return f"--{name.replace('_', '-')}"
