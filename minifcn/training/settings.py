"""The settings of a training: one frozen record, with defaults for each data set."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from minifcn.backend import PRECISIONS
from minifcn.models.build import ModelSpec
from minifcn.reference.solvers import reference_settings, training_mean
from minifcn.training.recipes import RECIPES, check_rate, recipe_settings

# The nets of `--staged`, in order: each starts from the one before (section 4.2 of the paper).
STAGES = ("fcn32s", "fcn16s", "fcn8s")
REFERENCE = "reference"  # the recipe, and the mean, of the paper's authors: `reference.py`
RECIPE_NAMES = (*RECIPES, REFERENCE)


class SettingsError(ValueError):
    """A setting is unknown or does not fit the others; the message says which and what to do."""


@dataclass(frozen=True)
class Settings:
    """Everything that decides what a run computes; written to its `config.json`.

    Attributes
    ----------
    dataset : str
        A key of `DATASETS`.
    data_dir : str or None
        Where the data lies.
    data_options : dict
        Options of the data set, e.g. {"ignore": 11}.
    train_split, val_split : str
        What is trained on and what is validated on, by the data set's names.
    arch, backbone, width, padding, fc_channels
        The net; see `models.build.ModelSpec`.
    modality : "rgb", "rgbd", "hha" or "rgb-hha"
        What the net sees; see `ModelSpec`.
    weights : str
        A weight file or run to start from, "shipped" for the small classifier that comes with
        the package, "none" for random weights.
    weights_hha : str or None
        The same for the HHA stream of late fusion; by default it starts as the colour stream.
    mean : "weights" or list of three floats, 0..255
        What is subtracted from the images: the weights' own mean, or blue, green and red; of a
        net that sees nothing but HHA disparity, height and angle.
    recipe : str
        "accumulate" or "heavy", see `recipes.py`, or "reference", see `reference.py`.
    rate : float
        Learning rate at the start.
    policy : str
        "fixed", "step" or "poly".
    warm_up : int
        Steps over which the rate rises to `rate`.
    momentum, weight_decay : float
    normalization : str
        Of the loss: "valid", "batch" or "none".
    steps : int
        Updates.
    batch_size, accumulate : int
        Images at once, and batches an update.
    mirror : bool
    jitter : int
        Augmentation: random mirroring, and translation by up to so many pixels each way.
    learn_upsampling : bool
        Learn the twofold upsampling of the skips; otherwise it stays bilinear.
    seed : int
        Of the weights, the order of the data, dropout and augmentation.
    evaluate_every, evaluate_images : int
        Steps between evaluations and checkpoints, and images of the former (0: all of them).
    final_images : int
        Images of the final evaluation (0: all of them).
    recompute : bool
        Keep less in memory for the backward pass, and compute it again (`recompute.py`).
    device : str
        "cpu", "gpu" or "auto".
    threads : int
        0 for as many as the process may use.
    precision : "float32", "tf32" or "float16"
        Of matrix products on a GPU, see `functional/fast/product.py`; a CPU takes no notice.
    log_every : int
        Updates between two reports of the loss; 0 for 1 on a CPU and 20 on a GPU, which has to be
        waited for to tell it. The last update and those that are evaluated are always reported.
    """

    dataset: str
    data_dir: str | None
    data_options: dict[str, Any]
    train_split: str
    val_split: str
    arch: str
    backbone: str
    width: float
    padding: str
    fc_channels: int | None
    modality: str
    weights: str
    weights_hha: str | None
    mean: str | list[float]
    recipe: str
    rate: float
    policy: str
    warm_up: int
    momentum: float
    weight_decay: float
    normalization: str
    steps: int
    batch_size: int
    accumulate: int
    mirror: bool
    jitter: int
    learn_upsampling: bool
    seed: int
    evaluate_every: int
    evaluate_images: int
    final_images: int
    recompute: bool
    device: str
    threads: int
    precision: str
    log_every: int

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "accumulate", "evaluate_every"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.log_every < 0:
            raise SettingsError(f"log_every must be at least 0, not {self.log_every}")
        if self.precision not in PRECISIONS:
            raise SettingsError(
                f"precision must be one of {', '.join(PRECISIONS)}, not {self.precision!r}"
            )
        if self.mean != "weights" and not _is_mean(self.mean):
            raise SettingsError(
                "mean must be 'weights', 'reference' or three numbers of 0 to 255, "
                f"not {self.mean!r}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a dict for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Settings:
        """Return the settings of a `config.json`; unknown and missing names are refused."""
        names = {field.name for field in fields(cls)}
        if set(values) != names:
            raise SettingsError(
                f"settings: unknown {sorted(set(values) - names)}, "
                f"missing {sorted(names - set(values))}"
            )
        return cls(**values)

    def spec(self, num_classes: int, heads: dict[str, int] | None = None) -> ModelSpec:
        """Return the description of the net for so many classes, or for several heads."""
        return ModelSpec(
            self.arch,
            self.backbone,
            num_classes,
            self.width,
            self.padding,
            self.fc_channels,
            self.modality,
            heads,
        )


# Defaults of all data sets.
COMMON: dict[str, Any] = {
    "data_dir": None,
    "data_options": {},
    "train_split": "train",
    "val_split": "val",
    "arch": "fcn8s",
    "backbone": "vgg16",
    "width": 0.125,
    "padding": "same",
    "fc_channels": None,
    "modality": "rgb",
    "weights": "shipped",
    "weights_hha": None,
    "mean": "weights",
    "recipe": "accumulate",
    "policy": "poly",
    "mirror": True,
    "jitter": 0,
    "learn_upsampling": False,
    "seed": 0,
    "evaluate_images": 0,
    "final_images": 0,
    "recompute": False,
    "device": "auto",
    "threads": 0,
    "precision": "float32",
    "log_every": 0,
}
# What differs for each data set. `images` is how many the default number of steps sees, `pixels`
# a typical image has, `small_rate` suits a small net: on photographs 0.02 kills its rectifiers.
PHOTOS: dict[str, Any] = {"small_rate": 5e-3, "batch_size": 2, "padding": "faithful"}
DATASETS: dict[str, dict[str, Any]] = {
    "shapes": {"pixels": 128 * 128, "images": 6_000, "small_rate": 2e-2, "batch_size": 4},
    "voc": {**PHOTOS, "pixels": 500 * 375, "images": 8_000},
    "sbd": {**PHOTOS, "pixels": 500 * 375, "images": 20_000},
    "nyud": {
        **PHOTOS,
        "pixels": 640 * 480,
        "images": 8_000,
        "batch_size": 1,
        "train_split": "trainval",
        "val_split": "test",
        "mean": REFERENCE,
    },
    "siftflow": {**PHOTOS, "pixels": 256 * 256, "images": 10_000, "mean": REFERENCE},
    "context": {**PHOTOS, "pixels": 500 * 375, "images": 20_000},
    "folder": {**PHOTOS, "pixels": 480 * 360, "images": 8_000, "padding": "same"},
}


def resolve(dataset: str, **given: Any) -> Settings:
    """Return the settings for a data set: what is given, and sensible values for the rest.

    Parameters
    ----------
    dataset : str
    **given
        Fields of `Settings`; None means not given. `mean` may be "reference".

    Raises
    ------
    SettingsError
        If a name is unknown, the learning rate cannot work with the loss, or the reference does
        not have what is asked of it.
    """
    if dataset not in DATASETS:
        raise SettingsError(f"data set {dataset!r} is not known; choose {', '.join(DATASETS)}")
    given = {name: value for name, value in given.items() if value is not None}
    preset = dict(DATASETS[dataset])
    sizes = {name: preset.pop(name) for name in ("pixels", "images", "small_rate")}
    values = {**COMMON, **preset, **given, "dataset": dataset}
    if values["recipe"] not in RECIPE_NAMES:
        known = ", ".join(RECIPE_NAMES)
        raise SettingsError(f"recipe must be one of {known}, not {values['recipe']!r}")
    try:
        if values["recipe"] == REFERENCE:
            net = (values[name] for name in ("arch", "backbone", "modality"))
            values |= {**reference_settings(dataset, *net), **given}
        else:
            values |= {**recipe_settings(values, given, **sizes), **given}
        if values["mean"] == REFERENCE:
            values["mean"] = list(training_mean(dataset, values["modality"]))
        settings = Settings(**values)
        check_rate(settings.rate, settings.normalization, sizes["pixels"])
    except (TypeError, ValueError) as error:
        raise SettingsError(str(error)) from error
    return settings


def _is_mean(values: Any) -> bool:
    """Return whether these are the means of three channels."""
    return (
        not isinstance(values, str)
        and len(values) == 3
        and all(0 <= value <= 255 for value in values)
    )
