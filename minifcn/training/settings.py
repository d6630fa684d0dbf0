"""What the settings of a training are where they are not given."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from minifcn.data import DATASETS, dataset_class
from minifcn.data.balance import CLASS_WEIGHTS, read_class_weights
from minifcn.data.dataset import Defaults
from minifcn.reference.solvers import reference_settings, training_mean
from minifcn.system.records import SettingsError, check, defaults
from minifcn.training.options import Settings as Settings
from minifcn.training.recipes import check_rate, recipe_settings
from minifcn.training.values import REFERENCE, images_of

# The nets of `--staged`, in order: each starts from the one before (section 4.2 of the paper).
STAGES = ("fcn32s", "fcn16s", "fcn8s")
# What may be given anew when a run is resumed.
CHANGES = frozenset(one.name for one in fields(Settings) if one.metadata["changes"])


def resolve(dataset: str, *, ranks: int = 1, own: Defaults | None = None, **given: Any) -> Settings:
    """Return the settings for a data set: what is given, and sensible values for the rest.

    Parameters
    ----------
    dataset : str
    ranks : int
        How many processes train together: `accumulate` is then of each, and times as many in what
        is returned.
    own : Defaults, optional
        Of a data set that is no key of `data.DATASETS`.
    **given
        Fields of `Settings`; None means not given. `mean` may be "reference".

    Raises
    ------
    SettingsError
        If a name is unknown, a value is of a wrong type or out of range, the learning rate cannot
        work with the loss, or the reference does not have what is asked of it.
    DataError
        If a file of weights of classes cannot be used.
    """
    if own is None and dataset not in DATASETS:
        raise SettingsError(f"data set {dataset!r} is not known; choose {', '.join(DATASETS)}")
    given = {name: value for name, value in given.items() if value is not None}
    check(Settings, given)
    given |= _read(given)
    data = own or dataset_class(dataset).defaults
    choices = {
        name: getattr(data, name) for name in ("padding", "train_split", "val_split", "mean")
    }
    values = {**defaults(Settings), "data_options": {}, **choices, **given, "dataset": dataset}
    try:
        data = data._replace(pixels=_counting(values, data.pixels))
        if values["recipe"] == REFERENCE:
            net = (values[name] for name in ("arch", "backbone", "modality"))
            values |= {**reference_settings(dataset, *net), **given}
        else:
            values |= {**recipe_settings(values, given, data), **given}
        if values["mean"] == REFERENCE:
            values["mean"] = list(training_mean(dataset, values["modality"]))
        check_rate(values["rate"], values["normalization"], data.pixels)
    except ValueError as error:
        raise SettingsError(str(error)) from error
    if ranks > 1:
        return resolve(dataset, own=own, **{**given, "accumulate": values["accumulate"] * ranks})
    return Settings(**values)


def _read(given: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that are kept in other words than they are given in.

    What a file says is kept, so that a run that is resumed does not depend on it any more.
    """
    kept: dict[str, Any] = {}
    if "images" in given:
        kept["images"] = images_of(given["images"])
    weights = given.get("class_weights", CLASS_WEIGHTS[0])
    if isinstance(weights, str) and weights not in CLASS_WEIGHTS:
        kept["class_weights"] = read_class_weights(Path(weights).expanduser())
    return kept


def _counting(values: dict[str, Any], pixels: int) -> int:
    """Return over how many pixels of a typical image a loss that is a sum is one."""
    if values["patches"]:
        pixels = min(pixels, values["patches"] ** 2)
    return max(1, round(pixels * values["sample_loss"]))
