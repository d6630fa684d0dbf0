"""Tiles: the scores of an image in pieces are those of the whole image."""

import numpy as np
import pytest
from helpers.cases import normal, pairs
from hypothesis import given
from hypothesis import strategies as st

from minifcn.data.dataset import DataError
from minifcn.inference.tiles import Overlap, find_overlap, fitting_tiles, tiles
from minifcn.layers import Conv2d, Crop, Deconv2d, MaxPool2d, ReLU
from minifcn.models.build import ModelSpec, build, initialise
from minifcn.net import Net, derive_crop
from minifcn.net.memory import inference_bytes

RGB = {"data": 3}


def fcn(backbone: str, arch: str, padding: str) -> Net:
    """Return a net whose scores and biases are not zero, in float64."""
    spec = ModelSpec(arch=arch, backbone=backbone, width=1 / 32, num_classes=3, padding=padding)
    net = build(spec)
    initialise(net, 1)
    for number, (name, layer) in enumerate(net.owners().items()):
        for kind, array in layer.params.items():
            if kind == "bias" or name.startswith("score"):
                layer.params[kind] = 0.3 * normal(number, *array.shape)
    net.astype(np.float64)
    return net


def small_net() -> Net:
    """Return a net with a pooling of 3 pixels, a stride of 4 and a crop, like the large ones."""
    nodes = [
        ("conv1", Conv2d(3, 4, 3, pad=7), "data"),
        ("relu1", ReLU(), "conv1"),
        ("pool1", MaxPool2d(2), "relu1"),
        ("conv2", Conv2d(4, 4, 3, pad=1), "pool1"),
        ("pool2", MaxPool2d(3, stride=2), "conv2"),
        ("upscore", Deconv2d(4, 4, 8, stride=4, bilinear=True), "pool2"),
    ]
    offset = derive_crop(nodes, "upscore", "data")
    net = Net([*nodes, ("score", Crop(offset), ("upscore", "data"))])
    for number, name in enumerate(("conv1", "conv2")):
        for kind, array in net.layer(name).params.items():
            net.layer(name).params[kind] = normal(number, *array.shape)
    net.astype(np.float64)
    return net


SMALL = small_net()


def scores(net: Net, image: np.ndarray) -> np.ndarray:
    return net.forward({"data": image}, outputs=["score"])[0]["score"]


def scores_in_tiles(net: Net, image: np.ndarray, side: int, overlap: Overlap) -> np.ndarray:
    size = image.shape[2], image.shape[3]
    whole = None
    for tile in tiles(size, side, overlap):
        assert all(part.stop - part.start <= side for part in tile.seen)
        found = scores(net, image[(..., *tile.seen)])[(..., *tile.inner)]
        if whole is None:
            whole = np.full((*found.shape[:2], *size), np.nan)
        assert np.isnan(whole[(..., *tile.kept)]).all(), "a pixel comes twice"
        whole[(..., *tile.kept)] = found
    assert whole is not None
    return whole


def relative_error(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


@pytest.mark.parametrize("padding", ["faithful", "same"])
@pytest.mark.parametrize("arch", ["fcn32s", "fcn16s", "fcn8s"])
@pytest.mark.parametrize("backbone", ["vgg16", "alexnet", "googlenet"])
def test_scores_in_tiles_are_those_of_the_whole_image(backbone, arch, padding):
    net = fcn(backbone, arch, padding)
    overlap = find_overlap(net, ["score"])
    side = overlap.smallest()
    image = normal(7, 1, 3, side + 77, 40)
    for turned in (image, image.swapaxes(2, 3)):
        found = scores_in_tiles(net, turned, side, overlap)
        assert relative_error(found, scores(net, turned)) < 1e-12


@given(size=pairs(1, 90), side=st.integers(28, 80))
def test_images_of_any_size_in_tiles_of_any_size(size, side):
    image = normal(8, 1, 3, *size)
    overlap = find_overlap(SMALL, ["score"])
    assert overlap.smallest() <= 28
    found = scores_in_tiles(SMALL, image, side, overlap)
    assert relative_error(found, scores(SMALL, image)) < 1e-12


@pytest.mark.parametrize("field", ["before", "behind"])
def test_a_stride_less_of_overlap_is_too_little(field):
    overlap = find_overlap(SMALL, ["score"])
    less = overlap._replace(**{field: tuple(n - 4 for n in getattr(overlap, field))})
    image = normal(9, 1, 3, 61, 20)
    found = scores_in_tiles(SMALL, image, 40, less)
    assert relative_error(found, scores(SMALL, image)) > 1e-3


def test_tiles_that_do_not_begin_at_the_stride_go_wrong():
    overlap = find_overlap(SMALL, ["score"])
    image = normal(9, 1, 3, 70, 20)
    found = scores_in_tiles(SMALL, image, 45, overlap._replace(stride=(1, 1)))
    assert relative_error(found, scores(SMALL, image)) > 1e-3


def test_an_overlap_is_about_a_receptive_field():
    net = build(ModelSpec(arch="fcn32s", width=1 / 32))
    overlap = find_overlap(net, ["score"])
    field = net.receptive_fields()["score"].size
    assert overlap.stride == (32, 32)
    assert field - 32 <= overlap.before[0] + overlap.behind[0] <= field


def test_tiles_of_which_nothing_is_right_are_refused():
    overlap = Overlap((4, 4), (10, 10), (12, 12))
    assert overlap.smallest() == 28
    with pytest.raises(ValueError, match="tiles of 24 pixels are too small"):
        list(tiles((40, 10), 27, overlap))


def memory_for(side: int) -> int:
    """Return the memory of which half is enough for a square image."""
    return 2 * (12 * side**2 + inference_bytes(SMALL, ["score"], {"data": (1, 3, side, side)}))


def sides(size: tuple[int, int], available: int | None) -> set[int]:
    found = fitting_tiles(SMALL, ["score"], RGB, size, available)
    return {part.stop - part.start for tile in found for part in tile.seen}


@pytest.mark.parametrize("available", [None, memory_for(3000)])
def test_an_image_that_fits_stays_whole(available):
    assert sides((3000, 3000), available) == {3000}


def test_an_image_that_does_not_fit_is_cut_into_tiles_that_do():
    assert max(sides((3000, 2000), memory_for(1500))) in range(1450, 1501)


def test_an_image_whose_smallest_tiles_do_not_fit_is_refused_with_the_figures():
    with pytest.raises(DataError, match=r"3000 x 3000 pixels needs about \d\.\d GB .* 0\.0 GB"):
        sides((3000, 3000), 1 << 20)


def test_a_net_without_positions_is_not_used_in_tiles():
    net = build(ModelSpec(arch="classifier", width=1 / 32, padding="same"))
    assert find_overlap(net, ["fc8"]) is None
    with pytest.raises(DataError, match="64 x 64"):
        fitting_tiles(net, ["fc8"], RGB, (64, 64), 1 << 20)
