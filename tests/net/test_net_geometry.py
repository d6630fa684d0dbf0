"""The geometry of whole nets; that of the reference nets is in models/test_fcn.py."""

import pytest

from minifcn.layers import Conv2d, Deconv2d, EltwiseSum, Linear, MaxPool2d, ReLU
from minifcn.net import Net, derive_crop
from minifcn.net.graph import derive_offset


def nodes(pad: int = 0, kernel: int = 4) -> list[tuple]:
    """Return a convolution, a pooling, what upsamples it, and a skip."""
    return [
        ("conv", Conv2d(1, 1, 3, pad=pad), "data"),
        ("pool", MaxPool2d(2), "conv"),
        ("score", Conv2d(1, 1, 3), "pool"),
        ("up", Deconv2d(1, 1, kernel, stride=2), "score"),
    ]


@pytest.mark.parametrize(("pad", "offset"), [(0, -2), (2, 0), (5, 3)])
def test_offsets_compose(pad, offset):
    # The convolutions take 1 and, at stride 2, 2 pixels of each side; the deconvolution adds 1.
    assert derive_offset(nodes(pad), "up", "data") == (offset, offset)
    assert derive_offset(nodes(pad), "up", "conv") == (-1, -1)
    if offset >= 0:
        assert derive_crop(nodes(pad), "up", "data") == (offset, offset)


@pytest.mark.parametrize(
    ("made", "blob", "reference", "message"),
    [
        (nodes(), "up", "data", "begin at pixel -2"),
        (nodes(5, kernel=3), "up", "data", "begin at pixel 5/2"),
        (nodes(), "conv", "pool", "strides differ by a factor of 2"),
        (nodes(), "pool", "upscore2", r"\['upscore2'\] is no blob"),
    ],
)
def test_what_cannot_be_cropped_is_refused(made, blob, reference, message):
    with pytest.raises(ValueError, match=message):
        derive_crop(made, blob, reference)


def test_the_largest_receptive_field_of_all_ways_counts():
    net = Net([*nodes(), ("skip", Conv2d(1, 1, 3), "conv"), ("sum", EltwiseSum(), ("up", "skip"))])
    fields = net.receptive_fields()
    found = {name: fields[name] for name in ("conv", "pool", "score", "up", "skip", "sum")}
    assert found == {
        "conv": (3, 1),
        "pool": (4, 2),
        "score": (8, 2),
        "up": (10, 1),
        "skip": (5, 1),
        "sum": (10, 1),
    }


def test_a_layer_without_positions_ends_the_geometry():
    net = Net([("pool", MaxPool2d(2), "data"), ("fc", Linear(12, 5), "pool"), ("r", ReLU(), "fc")])
    assert set(net.receptive_fields()) == {"data", "pool"}
