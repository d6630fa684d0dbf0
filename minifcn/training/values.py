"""What the options say whose values are more than a number or a name."""

from __future__ import annotations

from typing import Any

from minifcn.system.records import Range, fits

# The recipe, and the mean, of the paper's authors: see `reference/`.
REFERENCE = "reference"


def mean_of(text: str) -> str | list[float]:
    """Return what `--mean` stands for: the numbers between its commas, or else the text."""
    try:
        return [float(number) for number in text.split(",")]
    except ValueError:
        return text


def _is_mean(mean: str | list[float]) -> bool:
    if isinstance(mean, str):
        return mean in ("weights", REFERENCE)
    return len(mean) == 3 and all(fits(value, float) and 0 <= value <= 255 for value in mean)


def scale_range(text: str) -> tuple[float, float]:
    """Return the two factors of `--scale`."""
    low, high = (float(number) for number in text.split(","))
    return low, high


def _is_scale(text: str) -> bool:
    try:
        low, high = scale_range(text)
    except ValueError:
        return False
    return 0.1 <= low <= high <= 10


def images_of(images: str | float) -> str:
    """Return `--images` as it is kept: a whole number, or a fraction with its point.

    Raises
    ------
    ValueError
        If it is neither.
    """
    number = images if not isinstance(images, str) else _number(images)
    if isinstance(number, int) and number < 1:
        raise ValueError(f"there are no {number} images")
    if isinstance(number, float) and not 0 < number <= 1:
        raise ValueError(f"{number} is no part of all")
    return str(number)


def _number(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        return float(text)


def _are_images(images: str | float) -> bool:
    try:
        images_of(images)
    except ValueError:
        return False
    return True


def _are_class_weights(weights: str | dict[Any, Any]) -> bool:
    if isinstance(weights, str):
        return bool(weights)
    return any(weights.values()) and all(
        isinstance(name, str) and fits(weight, float) and weight >= 0
        for name, weight in weights.items()
    )


def patterns_of(text: str) -> list[str]:
    """Return the patterns of `--freeze`."""
    return [pattern for part in text.split(",") if (pattern := part.strip())]


def factors_of(text: str) -> dict[str, float]:
    """Return the factors of `--layer-rates` by their patterns, in order.

    Raises
    ------
    ValueError
        If a part is no pattern and number.
    """
    parts = [part.rpartition("=") for part in text.split(",")]
    return {pattern.strip(): float(factor) for pattern, _, factor in parts}


def _are_factors(text: str) -> bool:
    try:
        factors = factors_of(text)
    except ValueError:
        return False
    # A pattern given twice would lose its place in the order.
    return len(factors) == text.count(",") + 1 and all(
        pattern and fits(factor, float) and factor > 0 for pattern, factor in factors.items()
    )


MEAN = Range(
    "'weights', 'reference' or three numbers of 0 to 255, such as 116.19,97.203,92.318", _is_mean
)
IMAGES = Range("a number from 1 on, such as 200, or a part of all, such as 0.25", _are_images)
WEIGHTS_OF_CLASSES = Range(
    "equal, sqrt, balanced, a file, or numbers from 0 on by the names of the classes",
    _are_class_weights,
)
PATTERNS = Range(
    "patterns of layers' names, such as 'conv*,fc6'", lambda text: bool(patterns_of(text))
)
LAYER_RATES = Range(
    "patterns of layers' names, each once and with a factor above 0, such as 'conv*=0.1,fc6=10'; "
    "--freeze is for layers that are not to learn",
    _are_factors,
)
SCALE = Range("two factors of 0.1 to 10, the lower one first, such as 0.75,1.5", _is_scale)
