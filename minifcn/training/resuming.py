"""What a run goes by when it is resumed: its own settings, and what the command changes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

from minifcn.data.dataset import Dataset, Defaults
from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.system.files import write_json
from minifcn.system.records import SettingsError, called
from minifcn.training.run_files import describe, describe_data, refuse_taken
from minifcn.training.settings import Settings, resolve

PATHS = ("data_dir", "weights", "weights_hha")  # settings that can say the same in other words


def settings_of(
    folder: Path,
    dataset: str,
    given: Mapping[str, Any],
    *,
    own: Defaults | None = None,
    resume: bool = False,
    communicator: Communicator = ALONE,
) -> Settings:
    """Return what the run in a folder goes by: what is given, or if it is resumed, its own.

    Parameters
    ----------
    folder : Path
    dataset : str
    given : mapping
        Settings by name, as for `resolve`. Of a run that is resumed they change those that a run
        may change on its way, see `Settings`.
    own : Defaults, optional
        Of a data set that is no key of `data.DATASETS`.
    resume : bool
    communicator : Communicator
        The rank that leads reads the folder.

    Raises
    ------
    SettingsError
        If the folder holds a run that is not to be resumed, or whose settings cannot be read; if
        it is resumed with other settings that have to stay, or fewer steps than are made.
    """
    if communicator.leads and not resume:
        refuse_taken(folder)
    kept = None
    if communicator.leads and resume and (folder / "config.json").exists():
        kept = Settings.from_dict(read_config(folder)["settings"])
    kept = communicator.from_leader(kept)
    if kept is None:
        return resolve(dataset, ranks=communicator.size, own=own, **given)
    settings = changed(kept, {**given, "dataset": dataset}, communicator.size, own)
    made = steps_made(folder) if communicator.leads else 0
    if settings.steps < made:
        raise SettingsError(f"{folder} has made {made} steps already; give --steps that or more")
    return settings


def steps_made(folder: Path) -> int:
    """Return after how many steps the newest checkpoint of a run was written, 0 without any."""
    steps = [path.stem.removeprefix("step_") for path in folder.glob("checkpoints/step_*.h5")]
    return max((int(step) for step in steps if step.isdecimal()), default=0)


def record(
    folder: Path,
    settings: Settings,
    resume: bool,
    note: Callable[[str], None],
    datasets: tuple[Dataset, Dataset],
    xp: ModuleType,
) -> None:
    """Write the `config.json` of a run; what is changed when it is resumed is told and kept there.

    Its "history" says of each time that the run was resumed when and how that was, and which
    settings were `changed`: from what, to what.
    """
    config = describe(settings, xp)
    if resume and (folder / "config.json").exists():
        first = read_config(folder)
        changes = differences(Settings.from_dict(first["settings"]), settings)
        for name, (old, new) in changes.items():
            note(f"{name}: {old} -> {new}")
        resumed = {**config, "changed": changes}
        del resumed["settings"]
        history = [*first.get("history", []), resumed]
        config = {**first, "settings": settings.to_dict(), "history": history}
    write_json(folder / "config.json", {**config, **describe_data(*datasets)})


def read_config(folder: Path) -> dict[str, Any]:
    """Return what the `config.json` of a run holds, its settings checked.

    Raises
    ------
    SettingsError
        If it cannot be read or does not hold the settings of a run.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        Settings.from_dict(config["settings"])
        if not isinstance(config.get("history", []), list):
            raise TypeError("its history is no list")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise SettingsError(
            f"{path} does not hold the settings of a run ({error}): restore it, or start again "
            "with another --out"
        ) from error
    return config


def changed(
    kept: Settings, given: Mapping[str, Any], ranks: int = 1, own: Defaults | None = None
) -> Settings:
    """Return the settings of a run with those that are given in place of its own.

    Parameters
    ----------
    kept : Settings
    given : mapping
        Fields of `Settings`; None means not given. `accumulate` is of each rank.
    ranks : int
    own : Defaults, optional

    Raises
    ------
    SettingsError
        If one is given that has to stay as it is, and is different.
    """
    wanted = {name: value for name, value in given.items() if value is not None}
    if ranks > 1 and "accumulate" in wanted:
        wanted["accumulate"] *= ranks
    new = resolve(own=own, **{**kept.to_dict(), **wanted})
    fixed = [one for one in fields(Settings) if one.name in wanted and not one.metadata["changes"]]
    for field in fixed:
        before, after = getattr(kept, field.name), getattr(new, field.name)
        if not _same(field.name, before, after):
            raise SettingsError(
                f"{called(field)} was {before} when this run began and cannot become {after}: "
                "leave it out, or start another run with another --out"
            )
    return new


def differences(old: Settings, new: Settings) -> dict[str, list[Any]]:
    """Return the settings that are not the same, each with its old and its new value."""
    before, after = old.to_dict(), new.to_dict()
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}


def _same(name: str, old: Any, new: Any) -> bool:
    """Return whether two values of a setting mean the same."""
    if name in PATHS and isinstance(old, str) and isinstance(new, str):
        return Path(old).resolve() == Path(new).resolve()
    return old == new
