"""The settings of a training that say what is trained on."""

from __future__ import annotations

from dataclasses import dataclass

from minifcn.data.balance import CLASS_WEIGHTS
from minifcn.data.masking import MASKS
from minifcn.system.records import AT_LEAST_0, AT_LEAST_1, setting
from minifcn.training.option_groups import DATA, RARE
from minifcn.training.values import IMAGES, SCALE, WEIGHTS_OF_CLASSES


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
    patches: int | None = setting(
        "train on random squares of so many pixels, one of each image, not on whole images",
        DATA,
        None,
        otherwise="whole images",
        valid=AT_LEAST_1,
        metavar="SIZE",
        added=True,
    )
    images: str | float | None = setting(
        "train on so many images of the split, or on a part of it: 200, or 0.25; the same ones "
        "whatever the seed, and among those of a larger number",
        DATA,
        None,
        otherwise="all",
        valid=IMAGES,
        metavar="N|FRACTION",
        added=True,
    )
    class_weights: str | dict[str, float] = setting(
        "let classes weigh more or less in the loss: balanced by the median of their frequencies "
        "over their own, sqrt by the square root of that, or as a file says, whose lines are a "
        "class and its weight (or JSON)",
        DATA,
        "equal",
        valid=WEIGHTS_OF_CLASSES,
        metavar=f"{'|'.join(CLASS_WEIGHTS)}|FILE",
    )
    mask: str = setting(
        "paint over a part of each image, to train on and to validate on: the background, the "
        "foreground, which is all that is not, or both, in two colours",
        RARE,
        "none",
        choices=MASKS,
        added=True,
    )
