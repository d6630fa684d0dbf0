"""How a net is to look at images: at which sizes, and whether at their mirror images too.

The paper's nets look once, at an image as it is, and so does every net unless its file says
otherwise. A net may be better at another size (an image at 0.75 of its size shows it more of what
is around a pixel), and the mean of several looks is better than one of them. Each costs what one
look costs. Weights say by an attribute what is best for them; `several_looks.py` does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from minifcn.system.records import fits
from minifcn.weights.store import WeightsError

SMALLEST, LARGEST = 0.1, 8.0  # scales
MOST = 16  # scales at once; a file that asks for more is not in its right mind


@dataclass(frozen=True)
class Looks:
    """At which sizes images are looked at; equal weights for all looks.

    Attributes
    ----------
    scales : tuple of float
        Factors of both sides of an image, 0.1 to 8, each once; at most 16.
    mirror : bool
        Whether at each of them the mirror image, left for right, is looked at as well.

    Raises
    ------
    ValueError
        If they are anything else.
    """

    scales: tuple[float, ...] = (1.0,)
    mirror: bool = False

    def __post_init__(self) -> None:
        """Make floats of what JSON or a list gave, and check them."""
        given = self.scales
        listed = isinstance(given, list | tuple) and all(fits(scale, float) for scale in given)
        if not listed or not all(SMALLEST <= scale <= LARGEST for scale in given):
            raise ValueError(
                f"scales must be a list of numbers from {SMALLEST:g} to {LARGEST:g}, not {given!r}"
            )
        if not 1 <= len(given) <= MOST:
            raise ValueError(f"scales must be 1 to {MOST} numbers, not {len(given)}")
        scales = tuple(float(scale) for scale in given)
        if len(set(scales)) < len(scales):
            raise ValueError(f"scales must be different from each other, not {given!r}")
        if not isinstance(self.mirror, bool):
            raise ValueError(f"mirror must be true or false, not {self.mirror!r}")
        object.__setattr__(self, "scales", scales)

    def __len__(self) -> int:
        """Return how often an image is looked at."""
        return len(self.scales) * (2 if self.mirror else 1)

    def __str__(self) -> str:
        """Return it in words that follow "images are looked at"."""
        times = "once" if len(self) == 1 else f"{len(self)} times"
        sizes = " and ".join(f"{scale:g}" for scale in self.scales)
        return f"{times}, at {sizes} of their size{' and mirrored' if self.mirror else ''}"

    def changed(self, scales: Sequence[float] | None = None, mirror: bool | None = None) -> Looks:
        """Return looks with other scales, or another choice of mirror images, where given."""
        return Looks(
            self.scales if scales is None else tuple(scales),
            self.mirror if mirror is None else mirror,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return them as a dictionary that JSON can hold."""
        return {"scales": list(self.scales), "mirror": self.mirror}


ONE_LOOK = Looks()


def looks_attribute(looks: Looks) -> dict[str, Any]:
    """Return the attribute of a weight file that says so; none for one look at an image as it is.

    Such a file is the same, byte for byte, as before there was the attribute.
    """
    return {} if looks == ONE_LOOK else {"looks": looks.to_dict()}


def stored_looks(attributes: Mapping[str, Any]) -> Looks:
    """Return what the attributes of a weight file say: without the attribute, one look.

    Raises
    ------
    WeightsError
        If they are not as `looks_attribute` writes them, or those of a classifier, which names
        what is in the middle of an image and looks once.
    """
    if "looks" not in attributes:
        return ONE_LOOK
    found = attributes["looks"]
    if not isinstance(found, dict) or set(found) != {"scales", "mirror"}:
        raise WeightsError(f"looks must have scales and mirror, not {found!r}")
    try:
        looks = Looks(**found)
    except ValueError as error:
        raise WeightsError(f"looks: {error}") from error
    refuse_classifier(attributes.get("arch"), looks)
    return looks


def refuse_classifier(arch: object, looks: Looks) -> None:
    """Raise WeightsError if a classifier is to look in another way than once."""
    if arch == "classifier" and looks != ONE_LOOK:
        raise WeightsError(
            "looks are of nets that segment, and these are the weights of a classifier: leave "
            "--scales and --mirror out"
        )
