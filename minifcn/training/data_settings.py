"""The settings of a training that say what is trained on."""

from __future__ import annotations

from dataclasses import dataclass

from minifcn.data.balance import CLASS_WEIGHTS
from minifcn.system.records import AT_LEAST_0, setting
from minifcn.training.option_groups import DATA, RARE
from minifcn.training.values import SCALE


@dataclass(frozen=True, kw_only=True)
class DataSettings:
    """What is trained on, and what is done to it; a part of `options.Settings`."""

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
