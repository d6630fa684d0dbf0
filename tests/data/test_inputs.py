"""What nets are given: colour, depth and HHA, as the reference's nets for NYUDv2 take them."""

import numpy as np
import pytest
from helpers.preprocessing import CAFFE_VOC

from minifcn.data.dataset import DataError
from minifcn.data.inputs import hha_preprocess, log_depth, net_inputs
from minifcn.data.transforms import Preprocess
from minifcn.reference.data_sets import HHA_MEAN

RNG = np.random.default_rng(0)
IMAGE = RNG.integers(0, 256, (4, 6, 3), np.uint8)
EXTRAS = {
    "depth": RNG.uniform(0.5, 9, (4, 6)).astype(np.float32),
    "hha": RNG.integers(0, 256, (4, 6, 3), np.uint8),
}


HHA = hha_preprocess(CAFFE_VOC)(EXTRAS["hha"])


@pytest.mark.parametrize(
    ("modality", "inputs"),
    [
        ("rgb", {"data": CAFFE_VOC(IMAGE)}),
        ("rgbd", {"data": np.concatenate([CAFFE_VOC(IMAGE), log_depth(EXTRAS["depth"])[None]])}),
        ("rgb-hha", {"data": CAFFE_VOC(IMAGE), "hha": HHA}),
    ],
)
def test_what_a_net_of_each_modality_is_given(modality, inputs):
    found = net_inputs(IMAGE, EXTRAS, CAFFE_VOC, modality)
    assert list(found) == list(inputs)
    for name, array in inputs.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], array)


def test_depth_of_the_mean_distance_is_zero_and_unknown_depth_too():
    depth = np.array([[np.exp(7.844) / 1000, 0, np.nan, np.inf, -1, 1.0]], np.float32)
    expected = [[0, 0, 0, 0, 0, np.log(1000) - 7.844]]
    np.testing.assert_allclose(log_depth(depth), expected, atol=1e-6)


def test_hha_keeps_its_channels_in_order():
    plain = Preprocess("RGB", HHA_MEAN)
    data = net_inputs(IMAGE, EXTRAS, plain, "hha")["data"]
    expected = EXTRAS["hha"].transpose(2, 0, 1) - np.array(HHA_MEAN)[:, None, None]
    np.testing.assert_allclose(data, expected, rtol=1e-5)


def test_hha_is_scaled_as_the_colours_are():
    assert hha_preprocess(Preprocess("BGR", (1, 2, 3), 1 / 64)).scale == 1 / 64


@pytest.mark.parametrize(("modality", "missing"), [("rgbd", "depth"), ("rgb-hha", "hha")])
def test_data_without_depth_are_refused(modality, missing):
    with pytest.raises(DataError, match=f"without {missing}"):
        net_inputs(IMAGE, {}, CAFFE_VOC, modality)
