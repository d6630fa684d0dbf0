"""The geometry of whole nets: crops, sizes and receptive fields, equal to the reference nets'."""

import pytest

from minifcn.layers import Conv2d, Crop, Deconv2d, EltwiseSum, Linear, MaxPool2d, ReLU, Scale
from minifcn.net import Net, derive_crop
from minifcn.net.graph import derive_offset


def vgg_nodes(pad: int = 100) -> list[tuple]:
    """Return VGG16's convolutions and poolings with one channel each, and a score layer."""
    nodes, bottom = [], "data"
    for block, count in enumerate((2, 2, 3, 3, 3), start=1):
        for number in range(1, count + 1):
            name = f"conv{block}_{number}"
            nodes.append((name, Conv2d(1, 1, 3, pad=pad if name == "conv1_1" else 1), bottom))
            bottom = name
        nodes.append((f"pool{block}", MaxPool2d(2), bottom))
        bottom = f"pool{block}"
    nodes.append(("fc6", Conv2d(1, 1, 7), bottom))
    nodes.append(("score_fr", Conv2d(1, 1, 1), "fc6"))
    return nodes


def up(factor: int, size: int | None = None) -> Deconv2d:
    return Deconv2d(1, 1, size or 2 * factor, stride=factor)


def fcn8s_nodes() -> list[tuple]:
    nodes = [*vgg_nodes(), ("upscore2", up(2), "score_fr"), ("score_pool4", Scale(1), "pool4")]
    nodes.append(("score_pool4c", Crop((5, 5)), ("score_pool4", "upscore2")))
    nodes.append(("fuse_pool4", EltwiseSum(), ("upscore2", "score_pool4c")))
    nodes.append(("upscore16", up(16), "fuse_pool4"))
    nodes.append(("upscore_pool4", up(2), "fuse_pool4"))
    nodes.append(("score_pool3", Scale(1), "pool3"))
    nodes.append(("score_pool3c", Crop((9, 9)), ("score_pool3", "upscore_pool4")))
    nodes.append(("fuse_pool3", EltwiseSum(), ("upscore_pool4", "score_pool3c")))
    nodes.append(("upscore8", up(8), "fuse_pool3"))
    return nodes


def test_the_offset_of_fcn32s_is_19():
    assert (
        derive_crop([*vgg_nodes(), ("upscore", up(32), "score_fr")], "upscore", "data") == (19,) * 2
    )


@pytest.mark.parametrize(
    ("blob", "reference", "offset"),
    [
        ("score_pool4", "upscore2", 5),
        ("upscore16", "data", 27),
        ("score_pool3", "upscore_pool4", 9),
        ("upscore8", "data", 31),
    ],
)
def test_the_offsets_of_fcn16s_and_fcn8s(blob, reference, offset):
    assert derive_crop(fcn8s_nodes(), blob, reference) == (offset, offset)


def alexnet_nodes() -> list[tuple]:
    return [
        ("conv1", Conv2d(1, 1, 11, stride=4, pad=100), "data"),
        ("pool1", MaxPool2d(3, stride=2), "conv1"),
        ("conv2", Conv2d(1, 1, 5, pad=2), "pool1"),
        ("pool2", MaxPool2d(3, stride=2), "conv2"),
        ("conv3", Conv2d(1, 1, 3, pad=1), "pool2"),
        ("conv4", Conv2d(1, 1, 3, pad=1), "conv3"),
        ("conv5", Conv2d(1, 1, 3, pad=1), "conv4"),
        ("pool5", MaxPool2d(3, stride=2), "conv5"),
        ("fc6", Conv2d(1, 1, 6), "pool5"),
    ]


def test_the_offset_of_fcn_alexnet_is_18_and_needs_an_odd_kernel():
    nodes = alexnet_nodes()
    assert derive_crop([*nodes, ("upscore", up(32, 63), "fc6")], "upscore", "data") == (18, 18)
    with pytest.raises(ValueError, match="begin at pixel 37/2"):
        derive_crop([*nodes, ("upscore", up(32, 64), "fc6")], "upscore", "data")


def test_too_little_padding_is_refused():
    nodes = [*vgg_nodes(pad=80), ("upscore", up(32), "score_fr")]
    assert derive_offset(nodes, "upscore", "data") == (-1, -1)
    with pytest.raises(ValueError, match="begin at pixel -1"):
        derive_crop(nodes, "upscore", "data")


def test_a_blob_at_another_stride_cannot_be_cropped_to():
    with pytest.raises(ValueError, match="strides differ by a factor of 2"):
        derive_crop(vgg_nodes(), "pool4", "pool5")


def test_a_name_that_is_no_blob_is_refused():
    with pytest.raises(ValueError, match=r"\['upscore2'\] is no blob"):
        derive_crop(vgg_nodes(), "pool4", "upscore2")


def test_receptive_fields_of_vgg16_and_alexnet():
    fields = Net(fcn8s_nodes()).receptive_fields()
    taps = {name: fields[name] for name in ("pool3", "pool4", "pool5", "fc6", "score_fr")}
    assert taps == {
        "pool3": (44, 8),
        "pool4": (100, 16),
        "pool5": (212, 32),
        "fc6": (404, 32),
        "score_fr": (404, 32),
    }
    assert Net(alexnet_nodes()).receptive_fields()["fc6"] == (355, 32)
    assert fields["upscore8"].stride == 1


@pytest.mark.parametrize(
    ("height", "expected"),
    [
        (500, (349, 175, 88, 44, 22, 16, 34, 560, 70, 568)),
        (375, (287, 144, 72, 36, 18, 12, 26, 432, 54, 440)),
        (224, (211, 106, 53, 27, 14, 8, 18, 304, 38, 312)),
        (1, (100, 50, 25, 13, 7, 1, 4, 80, 10, 88)),
    ],
)
def test_sizes_of_the_reference_fcn8s(height, expected):
    shapes = Net(fcn8s_nodes()).shapes(data=(1, 1, height, height + 3))
    names = (*(f"pool{n}" for n in range(1, 6)), "fc6")
    names += ("upscore2", "upscore16", "upscore_pool4", "upscore8")
    assert tuple(shapes[name][2] for name in names) == expected


def test_a_layer_without_positions_ends_the_geometry():
    net = Net([("pool", MaxPool2d(2), "data"), ("fc", Linear(12, 5), "pool"), ("r", ReLU(), "fc")])
    assert set(net.receptive_fields()) == {"data", "pool"}
