"""The settings of a training: one frozen record, in which each says what it means.

Its options on the command line, with their help, and all checks come from its fields: see
`system/records.py`. What has no default is decided in `settings.py`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from minifcn.backend import PRECISIONS
from minifcn.data.balance import CLASS_WEIGHTS
from minifcn.models.build import BACKBONES, CHANNELS, MODALITIES, WIDTH, ModelSpec
from minifcn.models.fcn import PADDINGS, STRIDES
from minifcn.system.records import (
    ABOVE_0,
    AT_LEAST_0,
    AT_LEAST_1,
    THREADS,
    Range,
    SettingsError,
    check,
    setting,
)
from minifcn.training.policies import POLICIES
from minifcn.training.recipes import RECIPES
from minifcn.training.values import MEAN, REFERENCE, SCALE, mean_of

# Where options are listed, in this order.
DATA, NET, TRAINING, RUN = "data", "net", "training", "run"
ONE_DATA_SET, RARE = "of single data sets", "rarely needed"
GROUPS = (DATA, NET, TRAINING, RUN, ONE_DATA_SET, RARE)


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

    data_dir: str | None = setting(
        "the folder in which the data lies",
        DATA,
        None,
        otherwise="$MINIFCN_DATA or, without it, ./data",
        metavar="DIR",
        changes=True,
    )
    train_split: str = setting(
        "the images to train on, such as trainval", DATA, otherwise="train", metavar="NAME"
    )
    val_split: str = setting(
        "the images to validate on, such as seg11valid", DATA, otherwise="val", metavar="NAME"
    )
    mirror: bool = setting("show every second image or so in a mirror", RARE, True)
    jitter: int = setting(
        "shift images at random, at most so far", RARE, 0, valid=AT_LEAST_0, metavar="PIXELS"
    )
    scale: str = setting(
        "resize each image by a random factor between these two, such as 0.75,1.5",
        DATA,
        "1,1",
        valid=SCALE,
        metavar="LOW,HIGH",
    )
    class_weights: str = setting(
        "let rare classes weigh more in the loss: balanced by the median frequency of the classes "
        "over their own, sqrt by the square root of that",
        DATA,
        "equal",
        choices=CLASS_WEIGHTS,
    )

    arch: str = setting(
        "which net: predictions every 32, 16 or 8 pixels, and which layers they are made from",
        NET,
        "fcn8s",
        choices=STRIDES,
    )
    backbone: str = setting(
        "the classifier that the net is made of",
        NET,
        "vgg16",
        otherwise="as the weights', or vgg16",
        choices=sorted(BACKBONES),
    )
    width: float = setting(
        "a factor on all channel counts; 1 is the paper's net",
        NET,
        0.125,
        otherwise="as the weights', or 0.125",
        valid=WIDTH,
        metavar="FACTOR",
    )
    fc_channels: int | None = setting(
        "the channels of fc6 and fc7", RARE, None, otherwise="4096 x width", valid=CHANNELS
    )
    padding: str = setting(
        "faithful: pad images by 100 pixels, as the paper; same: by as little as needed",
        RARE,
        otherwise="by the data set",
        choices=PADDINGS,
    )
    modality: str = setting(
        "what the net sees: colour, with depth as fourth channel, HHA, or both in two streams",
        NET,
        "rgb",
        choices=MODALITIES,
    )
    weights: str = setting(
        "what to start from: a weight file, a run's folder, 'shipped' (the small classifier that "
        "comes along) or 'none' (random weights)",
        NET,
        "shipped",
        metavar="FILE",
    )
    weights_hha: str | None = setting(
        "what the HHA stream of --modality rgb-hha starts from",
        RARE,
        None,
        otherwise="as --weights",
        metavar="FILE",
    )
    mean: str | list[float] = setting(
        "what is subtracted from images: the mean that belongs to the 'weights', the authors' for "
        "this data set ('reference'), or B,G,R; of a net that sees only HHA D,H,A",
        RARE,
        otherwise="by the data set",
        valid=MEAN,
        type=mean_of,
    )
    learn_upsampling: bool = setting(
        "learn the twofold upsampling of the skips, which else stays bilinear", RARE, False
    )

    recipe: str = setting(
        "how the net is trained: by one of the paper's two recipes, or exactly by the authors' "
        "solver for it ('reference')",
        TRAINING,
        "accumulate",
        choices=(*RECIPES, REFERENCE),
    )
    steps: int = setting(
        "how many updates", TRAINING, otherwise="by the data set", valid=AT_LEAST_1, changes=True
    )
    batch_size: int = setting(
        "how many images go through the net at once",
        TRAINING,
        otherwise="by the data set",
        valid=AT_LEAST_1,
    )
    accumulate: int = setting(
        "how many batches an update, on each rank", RARE, otherwise="the recipe's", valid=AT_LEAST_1
    )
    rate: float = setting(
        "the learning rate at the start",
        TRAINING,
        otherwise="by recipe, net and loss",
        valid=ABOVE_0,
        option="--lr",
        metavar="RATE",
        changes=True,
    )
    policy: str = setting("how the rate falls", RARE, "poly", choices=POLICIES, changes=True)
    warm_up: int = setting(
        "over how many updates the rate rises at first",
        RARE,
        otherwise="a tenth of all, at most 50",
        valid=AT_LEAST_0,
        changes=True,
    )
    normalization: str = setting(
        "what the loss is divided by: its labelled pixels (valid), its images (batch), or nothing",
        RARE,
        otherwise="the recipe's",
        choices=("valid", "batch", "none"),
    )
    momentum: float = setting(
        "the share of an update that is kept in the next",
        RARE,
        otherwise="the recipe's",
        valid=Range("at least 0 and below 1", lambda momentum: 0 <= momentum < 1),
        metavar="SHARE",
    )
    weight_decay: float = setting(
        "how strongly weights are drawn to 0",
        RARE,
        otherwise="the recipe's",
        valid=AT_LEAST_0,
        metavar="FACTOR",
    )
    seed: int = setting(
        "what decides all that is random: new weights, the order of images, dropout, augmentation",
        TRAINING,
        0,
        valid=AT_LEAST_0,
    )
    evaluate_every: int = setting(
        "after how many updates each the net is evaluated, and a checkpoint is kept",
        TRAINING,
        otherwise="a quarter of all",
        valid=AT_LEAST_1,
        changes=True,
    )
    evaluate_images: int = setting(
        "how many images the evaluations but the last look at; 0: all",
        RARE,
        0,
        valid=AT_LEAST_0,
        changes=True,
    )
    stop_when_flat: int = setting(
        "stop after so many evaluations without a better mean IU; 0: never",
        TRAINING,
        0,
        valid=AT_LEAST_0,
        metavar="N",
        changes=True,
    )

    device: str = setting(
        "what computes; auto: the GPU where one works",
        RUN,
        "auto",
        choices=("cpu", "gpu", "auto"),
        changes=True,
    )
    threads: int = setting(
        "how many threads of the CPU; 0: as many as allowed", RUN, 0, valid=THREADS, changes=True
    )
    precision: str = setting(
        "how precisely a GPU multiplies matrices; a CPU takes no notice",
        RARE,
        "float32",
        choices=PRECISIONS,
        changes=True,
    )
    log_every: int = setting(
        "after how many updates each to report; 0: 1 on a CPU, 20 on a GPU, which has to be "
        "waited for",
        RARE,
        0,
        valid=AT_LEAST_0,
        changes=True,
    )
    recompute: bool = setting(
        "compute large maps twice: a fifth less memory for a third more time",
        RARE,
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
