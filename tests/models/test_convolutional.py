"""A classifier that slides says at each place what it says of the window there."""

from math import ceil

import numpy as np
import pytest
from helpers.drawn import draw_all, image

from minifcn.layers import AvgPool2d, Conv2d, Linear, MaxPool2d, ReLU, SoftmaxLoss
from minifcn.models import ModelSpec, build
from minifcn.models.backbone import SMALL_IMAGE_SIZE
from minifcn.models.build import BACKBONES, image_size
from minifcn.models.convolutional import convolutional
from minifcn.net import Net
from minifcn.net.graph import coordinate_maps


def scores(net: Net, data: np.ndarray) -> np.ndarray:
    name = next(node.name for node in reversed(net.nodes) if node.name != "loss")
    return net.forward({"data": data}, outputs=[name])[0][name]


@pytest.mark.parametrize("padding", ["faithful", "same"])
@pytest.mark.parametrize("backbone", BACKBONES)
def test_on_an_image_of_its_own_size_the_one_score_is_the_classifiers(backbone, padding):
    spec = ModelSpec("classifier", backbone, 7, 1 / 32, padding)
    net, size = draw_all(build(spec), dtype=np.float64), image_size(spec)
    data = image(2, 3, size, size)
    found = scores(convolutional(net, size), data)
    assert found.shape == (2, 7, 1, 1)
    np.testing.assert_allclose(found[..., 0, 0], scores(net, data), rtol=0, atol=1e-12)


def unpadded(last: list) -> Net:
    """Return a classifier of 15 x 15 pixels, at a stride of 4, that pads nothing."""
    nodes = [
        ("conv1", Conv2d(3, 4, 3, stride=2), "data"),
        ("relu1", ReLU(), "conv1"),
        ("pool1", MaxPool2d(3, stride=2), "relu1"),
        *last,
        ("loss", SoftmaxLoss(), (last[-1][0], "label")),
    ]
    return draw_all(Net(nodes), dtype=np.float64)


@pytest.mark.parametrize(
    "last",
    [
        [("fc", Linear(4 * 3 * 3, 6), "pool1")],
        [("fc6", Linear(36, 8), "pool1"), ("r", ReLU(), "fc6"), ("fc7", Linear(8, 5), "r")],
        [("mean", AvgPool2d(3), "pool1"), ("fc", Linear(4, 6), "mean")],
    ],
    ids=["one", "two", "average"],
)
def test_without_padding_each_place_is_the_classifier_on_its_window(last):
    net, photograph = unpadded(last), image(1, 3, 27, 39)
    found = scores(convolutional(net, 15), photograph)
    assert found.shape[2:] == (4, 7)
    for row, column in np.ndindex(4, 7):
        window = photograph[..., 4 * row : 4 * row + 15, 4 * column : 4 * column + 15]
        expected = scores(net, window)[0]
        np.testing.assert_allclose(found[0, :, row, column], expected, rtol=0, atol=1e-12)


def test_a_place_depends_on_what_it_sees_and_on_where_the_image_ends_alone():
    net = draw_all(build(ModelSpec("classifier", "vgg16", 3, 1 / 64, "same")), dtype=np.float64)
    moved = convolutional(net, SMALL_IMAGE_SIZE)
    whole = image(1, 3, 576, 544)
    cut = whole[..., 64:, 32:]
    ((rows, _),), seen = coordinate_maps(moved.nodes, "fc8"), moved.receptive_fields()["fc8"].size
    first = ceil(rows.scale * (seen - 1) / 2 + rows.offset)  # place that does not see the cut edge
    difference = abs(scores(moved, cut) - scores(moved, whole)[..., 2:, 1:])
    assert 0 < first < min(difference.shape[2:])
    assert difference[..., first:, first:].max() < 1e-12
    assert difference.max() > 1e-3


@pytest.mark.host  # that of a stand-in is not seen
def test_the_weights_are_not_copied():
    net = build(ModelSpec("classifier", "googlenet", 3, 1 / 32, "same"))
    ours, theirs = convolutional(net, SMALL_IMAGE_SIZE).params, net.params
    assert ours.keys() == theirs.keys()
    assert all(np.shares_memory(ours[address], theirs[address]) for address in ours)
