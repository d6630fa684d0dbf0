"""Tiles: the scores of an image in pieces are those of the whole image."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.cases import normal
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.inference.tiles import Overlap, find_overlap, tiles
from minifcn.models.build import ModelSpec, build, initialise
from minifcn.net import Net

BACKBONES = ("vgg16", "alexnet", "googlenet")
ARCHS = ("fcn32s", "fcn16s", "fcn8s")


def fcn(backbone: str, arch: str, padding: str, width: float = 1 / 16) -> Net:
    """Return a net whose scores and biases are not zero, in float64."""
    spec = ModelSpec(arch=arch, backbone=backbone, width=width, num_classes=3, padding=padding)
    net = build(spec)
    initialise(net, 1)
    for number, (name, layer) in enumerate(net.owners().items()):
        for kind, array in layer.params.items():
            if kind == "bias" or name.startswith("score"):
                layer.params[kind] = 0.3 * normal(number, *array.shape)
    net.astype(np.float64)
    return net


def scores(net: Net, image: np.ndarray) -> np.ndarray:
    return net.forward({"data": image}, outputs=["score"])[0]["score"]


def scores_in_tiles(net: Net, image: np.ndarray, side: int) -> np.ndarray:
    overlap = find_overlap(net, ["score"])
    assert overlap is not None
    whole = np.full((1, 3, *image.shape[2:]), np.nan)
    for tile in tiles(image.shape[2:], side, overlap):
        assert all(part.stop - part.start <= side for part in tile.seen)
        assert np.isnan(whole[(..., *tile.kept)]).all()  # no pixel comes twice
        whole[(..., *tile.kept)] = scores(net, image[(..., *tile.seen)])[(..., *tile.inner)]
    return whole


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("padding", ["faithful", "same"])
@pytest.mark.parametrize("arch", ARCHS)
@pytest.mark.parametrize("backbone", BACKBONES)
def test_scores_in_tiles_are_those_of_the_whole_image(backbone, arch, padding):
    net = fcn(backbone, arch, padding)
    overlap = find_overlap(net, ["score"])
    side = overlap.smallest() + 32
    image = normal(7, 1, 3, side + 91, side + 45)
    assert relative_error(scores_in_tiles(net, image, side), scores(net, image)) < 1e-12
