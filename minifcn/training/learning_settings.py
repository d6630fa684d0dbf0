"""The settings of a training that say how the net learns."""

from __future__ import annotations

from dataclasses import dataclass

from minifcn.system.records import ABOVE_0, AT_LEAST_0, AT_LEAST_1, Range, setting
from minifcn.training.option_groups import RARE, TRAINING
from minifcn.training.policies import POLICIES
from minifcn.training.recipes import RECIPES
from minifcn.training.values import LAYER_RATES, PATTERNS, REFERENCE


@dataclass(frozen=True, kw_only=True)
class LearningSettings:
    """How the net learns, and how often that is looked at; a part of `options.Settings`."""

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
    bias_rate: float | None = setting(
        "how many times the learning rate is that of biases",
        RARE,
        None,
        otherwise="2, but 1 for AlexNet's own",
        valid=AT_LEAST_0,
        metavar="FACTOR",
        added=True,
    )
    dropout: float | None = setting(
        "the share of features that is dropped in each update; 0: none",
        RARE,
        None,
        otherwise="the net's",
        valid=Range("at least 0 and below 1", lambda share: 0 <= share < 1),
        metavar="SHARE",
        added=True,
    )
    sample_loss: float = setting(
        "with which probability each labelled pixel counts in the loss",
        RARE,
        1.0,
        valid=Range("above 0 and at most 1", lambda share: 0 < share <= 1),
        metavar="P",
        added=True,
    )
    freeze: str | None = setting(
        "layers that do not learn: shell patterns with commas between, of which one with '!' takes "
        "some out again, such as '*,!score*'",
        TRAINING,
        None,
        otherwise="none",
        valid=PATTERNS,
        metavar="PATTERNS",
        added=True,
    )
    layer_rates: str | None = setting(
        "factors on the learning rate of some layers, by shell patterns, such as "
        "'conv*=0.1,score*=2'; the last that fits a layer counts",
        TRAINING,
        None,
        otherwise="none",
        valid=LAYER_RATES,
        metavar="PATTERN=FACTOR,...",
        added=True,
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
