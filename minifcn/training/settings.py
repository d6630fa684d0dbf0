"""The settings of a training: one frozen record, in which each says what it means.

Its options on the command line, with their help, and all checks come from its fields: see
`system/records.py`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from minifcn.backend import PRECISIONS
from minifcn.data import DATASETS, dataset_class
from minifcn.data.balance import CLASS_WEIGHTS
from minifcn.data.dataset import Defaults
from minifcn.models.build import BACKBONES, CHANNELS, MODALITIES, WIDTH, ModelSpec
from minifcn.models.fcn import PADDINGS, STRIDES
from minifcn.reference.solvers import reference_settings, training_mean
from minifcn.system.records import (
    ABOVE_0,
    AT_LEAST_0,
    AT_LEAST_1,
    THREADS,
    Range,
    SettingsError,
    check,
    defaults,
    setting,
)
from minifcn.training.policies import POLICIES
from minifcn.training.recipes import RECIPES, check_rate, recipe_settings
from minifcn.training.values import MEAN, REFERENCE, SCALE, mean_of

# The nets of `--staged`, in order: each starts from the one before (section 4.2 of the paper).
STAGES = ("fcn32s", "fcn16s", "fcn8s")
DATA, NET, TRAINING, RUN = "data", "net", "training", "run"  # where options are listed


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides what a run computes; written to its `config.json`.

    What has no default here is decided by the data set (`data.dataset.Defaults`), by the recipe
    (`recipes.py`, `reference/solvers.py`) or by other settings; see `resolve`. What `changes` may
    be given anew when a run is resumed; the rest makes it what it is.
    """

    dataset: str = setting("a key of `data.DATASETS`")
    data_options: dict[str, Any] = setting('those of the data set, such as {"ignore": 11}')
    final_images: int = setting(
        "how many the last evaluation looks at; 0: all", default=0, valid=AT_LEAST_0, changes=True
    )

    data_dir: str | None = setting("where the data lies", DATA, None, metavar="DIR", changes=True)
    train_split: str = setting("e.g. trainval", DATA, otherwise="train", metavar="NAME")
    val_split: str = setting("e.g. seg11valid", DATA, otherwise="val", metavar="NAME")
    mirror: bool = setting("show every second image or so in a mirror", DATA, True)
    jitter: int = setting(
        "random translation by up to so many", DATA, 0, valid=AT_LEAST_0, metavar="PIXELS"
    )
    scale: str = setting(
        "resize each sample by a random factor between two, such as 0.75,1.5",
        DATA,
        "1,1",
        valid=SCALE,
        metavar="LOW,HIGH",
    )
    class_weights: str = setting(
        "of the loss; balanced: the median frequency of the classes by that of the pixel's; sqrt: "
        "the square root of that",
        DATA,
        "equal",
        choices=CLASS_WEIGHTS,
    )

    arch: str = setting("which layers are predicted from", NET, "fcn8s", choices=STRIDES)
    backbone: str = setting(
        "the net it is made of",
        NET,
        "vgg16",
        otherwise="as the weights', or vgg16",
        choices=sorted(BACKBONES),
    )
    width: float = setting(
        "factor on all channel counts; 1 is the paper's net",
        NET,
        0.125,
        otherwise="as the weights', or 0.125",
        valid=WIDTH,
    )
    fc_channels: int | None = setting(
        "of fc6 and fc7", NET, None, otherwise="4096 x width", valid=CHANNELS
    )
    padding: str = setting(
        "faithful: pad 100, as the paper", NET, otherwise="by the data set", choices=PADDINGS
    )
    modality: str = setting(
        "what the net sees: colour, with depth as fourth channel, HHA, or both in two streams",
        NET,
        "rgb",
        choices=MODALITIES,
    )
    weights: str = setting(
        "weights or run to start from; 'shipped': the small classifier of the package; 'none': "
        "random ones",
        NET,
        "shipped",
        metavar="FILE",
    )
    weights_hha: str | None = setting(
        "for the HHA stream of rgb-hha", NET, None, otherwise="as --weights", metavar="FILE"
    )
    mean: str | list[float] = setting(
        "what is subtracted from images: that of the 'weights', the authors' for this data set "
        "('reference'), or B,G,R; of a net that sees only HHA D,H,A",
        NET,
        otherwise="by the data set",
        valid=MEAN,
        type=mean_of,
    )
    learn_upsampling: bool = setting(
        "learn the twofold upsampling of the skips; else it stays bilinear", NET, False
    )

    recipe: str = setting(
        "one of the paper's two recipes, or exactly the authors' solver of this net",
        TRAINING,
        "accumulate",
        choices=(*RECIPES, REFERENCE),
    )
    steps: int = setting(
        "updates", TRAINING, otherwise="by the data set", valid=AT_LEAST_1, changes=True
    )
    batch_size: int = setting(
        "images at once", TRAINING, otherwise="by the data set", valid=AT_LEAST_1
    )
    accumulate: int = setting(
        "batches an update, on each rank", TRAINING, otherwise="by the recipe", valid=AT_LEAST_1
    )
    rate: float = setting(
        "learning rate at the start",
        TRAINING,
        otherwise="by recipe, net and loss",
        valid=ABOVE_0,
        option="--lr",
        metavar="RATE",
        changes=True,
    )
    policy: str = setting("how the rate falls", TRAINING, "poly", choices=POLICIES, changes=True)
    warm_up: int = setting(
        "steps over which the rate rises",
        TRAINING,
        otherwise="a tenth of all, at most 50",
        valid=AT_LEAST_0,
        changes=True,
    )
    normalization: str = setting(
        "of the loss", TRAINING, otherwise="the recipe's", choices=("valid", "batch", "none")
    )
    momentum: float = setting(
        "what is kept of the last update",
        TRAINING,
        otherwise="the recipe's",
        valid=Range("at least 0 and below 1", lambda momentum: 0 <= momentum < 1),
    )
    weight_decay: float = setting(
        "how strongly weights are drawn to 0", TRAINING, otherwise="the recipe's", valid=AT_LEAST_0
    )
    seed: int = setting(
        "of the weights, the order of the data, dropout and augmentation",
        TRAINING,
        0,
        valid=AT_LEAST_0,
    )
    evaluate_every: int = setting(
        "steps between evaluations, each with a checkpoint",
        TRAINING,
        otherwise="a quarter of all",
        valid=AT_LEAST_1,
        changes=True,
    )
    evaluate_images: int = setting(
        "how many the evaluations but the last look at",
        TRAINING,
        0,
        otherwise="0: all",
        valid=AT_LEAST_0,
        changes=True,
    )
    stop_when_flat: int = setting(
        "stop after so many evaluations no better", TRAINING, 0, valid=AT_LEAST_0, changes=True
    )

    device: str = setting(
        "what computes; auto: the GPU where one works",
        RUN,
        "auto",
        choices=("cpu", "gpu", "auto"),
        changes=True,
    )
    threads: int = setting(
        "of the CPU",
        RUN,
        0,
        otherwise="0: as many as allowed",
        valid=THREADS,
        changes=True,
    )
    precision: str = setting(
        "of matrix products on a GPU; a CPU takes no notice",
        RUN,
        "float32",
        choices=PRECISIONS,
        changes=True,
    )
    log_every: int = setting(
        "updates between reports",
        RUN,
        0,
        otherwise="0: 1 on a CPU, 20 on a GPU, which has to be waited for",
        valid=AT_LEAST_0,
        changes=True,
    )
    recompute: bool = setting(
        "a fifth less memory for a third more time: compute large maps twice",
        RUN,
        False,
        changes=True,
    )

    def __post_init__(self) -> None:
        check(Settings, vars(self))
        try:
            self.spec(1)
        except ValueError as error:
            raise SettingsError(str(error)) from error

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
        net = (self.width, self.padding, self.fc_channels, self.modality)
        return ModelSpec(self.arch, self.backbone, num_classes, *net, heads)


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
    """
    if own is None and dataset not in DATASETS:
        raise SettingsError(f"data set {dataset!r} is not known; choose {', '.join(DATASETS)}")
    given = {name: value for name, value in given.items() if value is not None}
    check(Settings, given)
    data = own or dataset_class(dataset).defaults
    choices = {
        name: getattr(data, name) for name in ("padding", "train_split", "val_split", "mean")
    }
    values = {**defaults(Settings), "data_options": {}, **choices, **given, "dataset": dataset}
    try:
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
