"""The table and the drawing of a net."""

import pytest

from minifcn.layers import Conv2d, Deconv2d, MaxPool2d, ReLU, SoftmaxLoss
from minifcn.net import Net
from minifcn.net.summary import count_parameters, draw, summarise


@pytest.fixture
def net() -> Net:
    shared = ReLU()
    net = Net(
        [
            ("conv1", Conv2d(3, 10, 3, pad=1), "data"),
            ("relu1", shared, "conv1"),
            ("pool1", MaxPool2d(2), "relu1"),
            ("score", Conv2d(10, 2, 1), "pool1"),
            ("upscore", Deconv2d(2, 2, 2, stride=2, bilinear=True), "score"),
            ("loss", SoftmaxLoss(), ("upscore", "label")),
        ]
    )
    net.freeze("upscore")
    return net


def test_the_table(net):
    table = net.summary(data=(1, 3, 100, 200))
    expected = [
        "layer kind output parameters GFLOP field stride",
        "conv1 Conv2d 1 x 10 x 100 x 200 280 0.011 3 1",  # 2 * 270 * 20,000 = 10.8 million
        "relu1 ReLU 1 x 10 x 100 x 200 3 1",
        "pool1 MaxPool2d 1 x 10 x 50 x 100 4 2",
        "score Conv2d 1 x 2 x 50 x 100 22 0.000 4 2",
        "upscore Deconv2d 1 x 2 x 100 x 200 16 0.000 4 1",
        "total 318 0.011",
    ]
    lines = [line for line in table.splitlines() if set(line) != {"-"}]
    assert [" ".join(line.split()) for line in lines] == expected
    assert table.splitlines()[1] == "-" * max(map(len, lines)) == table.splitlines()[-2]


def test_a_loss_is_listed_once_its_label_is_known(net):
    table = summarise(net, {"data": (1, 3, 100, 200), "label": (1, 100, 200)})
    assert "\nloss     SoftmaxLoss  1\n" in table


def test_a_layer_used_twice_is_counted_once():
    shared = Conv2d(2, 2, 1)
    net = Net([("first", shared, "data"), ("second", shared, "first")])
    rows = {line.split()[0]: line.split() for line in net.summary(data=(1, 2, 3, 4)).splitlines()}
    assert "6" in rows["first"] and "6" not in rows["second"] and rows["total"][1] == "6"


def test_a_shape_that_does_not_fit_names_the_layer(net):
    with pytest.raises(ValueError, match="layer conv1: convolution: .* got 4"):
        net.summary(data=(1, 4, 100, 200))


def test_frozen_parameters_are_not_counted_as_the_paper_counts(net):
    assert count_parameters(net) == 280 + 22


def test_the_drawing(net):
    lines = [line.strip() for line in draw(net, {"data": (1, 3, 8, 6)}).splitlines()]
    assert lines[0] == "digraph net {" and lines[-1] == "}"
    assert '"data" [shape=ellipse];' in lines and '"label" [shape=ellipse];' in lines
    assert '"conv1" [label="conv1\\nConv2d\\n10 x 3 x 3 x 3"];' in lines
    assert '"relu1" -> "pool1" [label="1x10x8x6", fontsize=8];' in lines
    assert sum("->" in line for line in lines) == 7


def test_the_drawing_needs_no_shapes(net):
    assert '"relu1" -> "pool1" [label="", fontsize=8];' in draw(net)
