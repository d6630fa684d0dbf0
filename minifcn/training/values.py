"""What the options say whose values are more than a number or a name."""

from __future__ import annotations

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


def patterns_of(text: str) -> list[str]:
    """Return the patterns of `--freeze`."""
    return [pattern for part in text.split(",") if (pattern := part.strip())]


MEAN = Range(
    "'weights', 'reference' or three numbers of 0 to 255, such as 116.19,97.203,92.318", _is_mean
)
PATTERNS = Range(
    "patterns of layers' names, such as 'conv*,fc6'", lambda text: bool(patterns_of(text))
)
SCALE = Range("two factors of 0.1 to 10, the lower one first, such as 0.75,1.5", _is_scale)
