"""How the paper trains: its two recipes, their rates, and the rates that cannot work.

`accumulate` (CVPR 2015, section 4.3): the gradients of 20 images are averaged for each update,
momentum 0.9, the loss is the mean over labelled pixels. `heavy` (PAMI 2017): every image makes an
update, momentum 0.99, the loss is the sum over pixels. Half of an image's push is then made after
69 images in place of 132 (`docs/layers/sgd.md`), by twenty times as many updates.

A rate means nothing without the loss it belongs to: 1e-10 for a sum over 187,500 pixels is 2e-5
for their mean. Rates are therefore compared as *pixel rates*, those of the mean loss, and a rate
for another loss or other images is the one with the same pixel rate.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minifcn.data.dataset import Defaults
from minifcn.models.build import base_net

# Images of the paper's data have about this many pixels (VOC's are 500 x 375).
PAPER_PIXELS = 187_500
# The lowest in use is FCN-8s' on GoogLeNet, 9e-10; 1e-10 is the summed loss' put to the mean loss.
LOWEST_PIXEL_RATE, HIGHEST_PIXEL_RATE = 5e-10, 0.5


# The whole way in seconds, as `--smoke` goes it.
SMOKE = {
    "steps": 2,
    "batch_size": 1,
    "accumulate": 1,
    "evaluate_every": 1,
    "evaluate_images": 1,
    "final_images": 2,
}


class Recipe(NamedTuple):
    """How gradients become updates."""

    # Of the loss, "valid" or "batch": the sum over the pixels of an image.
    normalization: str
    images: int  # images an update
    momentum: float
    weight_decay: float
    # For the published VGG16 (width 1, ImageNet weights) and images of `PAPER_PIXELS`; the staged
    # nets continue from the one before at a lower rate. For other backbones they are multiplied by
    # their `BaseNet.rate_factor`.
    rates: dict[str, float]


RECIPES = {
    "accumulate": Recipe(
        "valid",
        20,
        0.9,
        5e-4,
        {"fcn32s": 1e-4, "fcn16s": 1e-6, "fcn8s": 1e-8, "fcn8s-at-once": 1e-4},
    ),
    "heavy": Recipe(
        "batch",
        1,
        0.99,
        5e-4,
        {"fcn32s": 1e-10, "fcn16s": 1e-12, "fcn8s": 1e-14, "fcn8s-at-once": 1e-10},
    ),
}


def recipe_settings(
    values: dict[str, Any], given: dict[str, Any], data: Defaults
) -> dict[str, Any]:
    """Return the fields of `settings.Settings` that follow from a recipe, and from one another.

    Parameters
    ----------
    values : dict
        The settings that do not follow from it: "recipe", "arch", "backbone" and "width".
    given : dict
        What was chosen instead of a default.
    data : Defaults
        Of the data set.
    """
    name, arch, backbone, width = (values[n] for n in ("recipe", "arch", "backbone", "width"))
    recipe = RECIPES[name]
    batch_size = given.get("batch_size", 1 if name == "heavy" else data.batch_size)
    images_of_update = batch_size if width < 0.5 else recipe.images
    accumulate = given.get("accumulate", max(1, round(images_of_update / batch_size)))
    steps = given.get("steps", max(1, data.images // (batch_size * accumulate)))
    normalization = given.get("normalization", recipe.normalization)
    return {
        "batch_size": batch_size,
        "accumulate": accumulate,
        "steps": steps,
        "evaluate_every": max(1, steps // 4),
        "warm_up": min(50, steps // 10),
        "momentum": recipe.momentum,
        "weight_decay": recipe.weight_decay,
        "normalization": normalization,
        "rate": default_rate(recipe, arch, backbone, width, normalization, data),
    }


def default_rate(
    recipe: Recipe, arch: str, backbone: str, width: float, normalization: str, data: Defaults
) -> float:
    """Return the learning rate to start with, for the loss that is trained with.

    The paper's rates suit inputs of some hundred units and features of the size that ImageNet's
    weights give them; they are those of nets of half the published width or more. A smaller net
    here takes inputs of unit variance, so that its gradients are smaller by about the same factor,
    and the rate that suits it was found by trying, at momentum 0.9. With a larger momentum a
    gradient acts longer, and the rate is lowered by as much.
    """
    summed = pixels_summed(normalization, data.pixels)
    if width < 0.5:
        return data.small_rate * (1 - recipe.momentum) / (1 - 0.9) / summed
    rate = recipe.rates[arch] * base_net(backbone).rate_factor
    return rate * (pixels_summed(recipe.normalization, PAPER_PIXELS) / summed)


def pixels_summed(normalization: str, pixels: int) -> int:
    """Return how many times the mean over pixels a loss is: 1, or as often as there are pixels."""
    return 1 if normalization == "valid" else pixels


def pixel_rate(rate: float, normalization: str, pixels: int) -> float:
    """Return the rate that would do the same with the mean over pixels as loss."""
    return rate * pixels_summed(normalization, pixels)


def check_rate(rate: float, normalization: str, pixels: int) -> None:
    """Refuse a learning rate whose pixel rate, for images of so many, is outside 5e-10 ... 0.5.

    Raises
    ------
    ValueError
        If it cannot work with the loss it is used with.
    """
    equivalent = pixel_rate(rate, normalization, pixels)
    if LOWEST_PIXEL_RATE <= equivalent <= HIGHEST_PIXEL_RATE:
        return
    loss = "the mean over pixels" if normalization == "valid" else f"a sum over {pixels:,} pixels"
    advice = (
        "rates like 1e-10 belong to the summed loss of --recipe heavy"
        if equivalent < LOWEST_PIXEL_RATE
        else "rates like 1e-4 belong to the mean loss of --recipe accumulate"
    )
    effect = "nothing would be learned" if equivalent < LOWEST_PIXEL_RATE else "it would diverge"
    raise ValueError(
        f"a learning rate of {rate:g} does not fit a loss that is {loss}: {effect}; {advice}"
    )
