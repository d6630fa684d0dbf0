"""Settings from a file: those of another run, or some written by hand, as JSON or TOML."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from minifcn.data.balance import CLASS_WEIGHTS
from minifcn.system.records import SettingsError, called, check, nearest
from minifcn.training.settings import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENDINGS = (".json", ".toml")
OF_DATA = ("data_dir", "data_options", "train_split", "val_split")


def with_config(path: Path | None, given: Mapping[str, Any], ranks: int = 1) -> dict[str, Any]:
    """Return what is given, and for what is not what a file says, if there is one.

    What belongs to a data set, as where it lies and its splits, counts in the file for the data set
    of the file alone. Among the names that are given "dataset" must be; None means not given. The
    file's `accumulate` is of all processes that train together, the one that is given of each.

    Raises
    ------
    SettingsError
        As `read_settings`; or if no data set is named, or `accumulate` cannot be divided.
    """
    found = read_settings(path) if path else {}
    if given["dataset"] not in (None, found.get("dataset", given["dataset"])):
        found = {name: value for name, value in found.items() if not _is_of_data(name, value)}
    if given.get("accumulate") is None and found.get("accumulate", 0) % ranks:
        raise SettingsError(
            f"{path}: the {found['accumulate']} batches of an update cannot be divided among "
            f"{ranks} processes: give --accumulate, for each of them"
        )
    if "accumulate" in found:
        found["accumulate"] //= ranks
    chosen = {name: value for name, value in given.items() if value is not None}
    options = {**found.get("data_options", {}), **chosen.get("data_options", {})}
    settings = {**given, **found, **chosen, "data_options": options or None}
    if settings["dataset"] is None:
        raise SettingsError("name a data set, or a --config that says which")
    return settings


def read_settings(path: Path) -> dict[str, Any]:
    """Return the settings in a file, by name.

    Parameters
    ----------
    path : Path
        A JSON or TOML file whose keys are settings, as in the "settings" of a `config.json` or
        called as the options ("batch-size", "lr"); a `config.json`; or the folder of a run.

    Raises
    ------
    SettingsError
        If it cannot be read, or a key or its value is not one of a setting; the message names the
        file and the key.
    """
    file = path / "config.json" if path.is_dir() else path
    content = _content(file)
    names = {one.name: one.name for one in fields(Settings)}
    names |= {_key(called(one)): one.name for one in fields(Settings)}
    if isinstance(content.get("settings"), dict):
        beside = [key for key in content if _key(key) in names and not _is_record(key, content)]
        if beside:
            raise SettingsError(f'{file}: {beside[0]!r} stands beside "settings"; move it in there')
        content = content["settings"]
    settings = {}
    for key, value in content.items():
        name = names.get(_key(key))
        if name is None:
            raise SettingsError(f"{file}: there is no setting {key!r}{nearest(_key(key), names)}")
        if name in settings:
            raise SettingsError(f"{file}: {key!r} is there twice, by two names; leave one")
        if value is None:
            continue
        try:
            check(Settings, {name: value})
        except SettingsError as error:
            raise SettingsError(f"{file}, {key!r}: {error}") from None
        settings[name] = value
    return settings


def _is_of_data(name: str, value: object) -> bool:
    """Return whether a setting means something for one data set alone."""
    return name in OF_DATA or (name == "class_weights" and value not in CLASS_WEIGHTS)


def _is_record(key: str, content: Mapping[str, Any]) -> bool:
    """Return whether a run's `config.json` says here how many images it had, not has to have."""
    return key == "images" and isinstance(content[key], list)


def _key(text: str) -> str:
    return text.removeprefix("--").replace("-", "_")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object of JSON; of a key that is there twice the first value would be lost."""
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"{max(keys, key=keys.count)!r} is there twice; leave one")
    return found


def _content(file: Path) -> dict[str, Any]:
    if file.suffix.lower() not in ENDINGS:
        raise SettingsError(f"{file}: settings are a .json or .toml file, or the folder of a run")
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix.lower() == ".json":
            content = json.loads(text, object_pairs_hook=_each_once)
        else:
            content = tomllib.loads(text)
    except FileNotFoundError:
        raise SettingsError(f"{file} does not exist, so there are no settings to take") from None
    except (ValueError, RecursionError) as error:
        kind = file.suffix[1:].upper()
        raise SettingsError(f"{file} is not {kind}: {error}") from None
    if not isinstance(content, dict):
        raise SettingsError(f'{file} must be an object like {{"steps": 100}}')
    return content
