"""The pictures' colours can be read, and told apart by people who see fewer hues."""

from itertools import combinations

import numpy as np
import pytest
from figures.svg import COLOURS, HUES

# What people see to whom the cones for red, green or blue are missing, in linear RGB.
# Source: Machado, Oliveira, Fernandes 2009, severity 1.
VISION = {
    "all cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = TO_XYZ.sum(axis=1)

schemes = pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])


def linear(colour: str) -> np.ndarray:
    """Return the linear RGB of #rrggbb, in 0..1."""
    encoded = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    """Return CIE L*a*b* of linear RGB: a distance of 2 can just be seen."""
    share = TO_XYZ @ rgb.clip(0, 1) / WHITE
    f = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@schemes
@pytest.mark.parametrize("vision", VISION)
def test_hues_can_be_told_apart(vision, scheme):
    matrix = np.array(VISION[vision])
    seen = {hue: lab(matrix @ linear(COLOURS[hue][scheme])) for hue in HUES}
    near = [(a, b) for a, b in combinations(HUES, 2) if np.linalg.norm(seen[a] - seen[b]) < 20]
    assert not near


@schemes
@pytest.mark.parametrize("colour", ["ink", "soft", *HUES])
def test_letters_stand_out_as_web_guidelines_ask(colour, scheme):
    paper, letters = (linear(COLOURS[name][scheme]) @ TO_XYZ[1] for name in ("paper", colour))
    low, high = sorted((paper, letters))
    assert (high + 0.05) / (low + 0.05) >= 4.5  # WCAG 2, level AA
