"""What else a net is shown."""

from fractions import Fraction

import numpy as np
import pytest
from helpers.explored import drawn
from helpers.preprocessing import CAFFE_VOC, TORCHVISION

from minifcn.exploring.variants import changes, variants


@pytest.mark.parametrize("preprocess", [CAFFE_VOC, TORCHVISION])
def test_a_masked_background_is_nearly_0_to_the_net(preprocess):
    subject = drawn()
    masked, _ = variants(subject.image, subject.truth != 0, preprocess)
    seen = preprocess(masked.image)
    assert np.abs(seen[:, subject.truth == 0]).max() <= 0.51 * np.max(preprocess.scale)
    assert np.array_equal(masked.image[subject.truth != 0], subject.image[subject.truth != 0])


def test_a_moved_image_lies_a_pixel_further_right():
    subject = drawn()
    _, moved = variants(subject.image, subject.truth != 0, CAFFE_VOC)
    assert np.array_equal(moved.image[:, 1:], subject.image[:, :-1])


def test_what_moves_with_the_image_has_not_changed(rng):
    before = {"fine": rng.standard_normal((2, 4, 5)), "coarse": rng.standard_normal((2, 2, 3))}
    after = {"fine": np.roll(before["fine"], 1, axis=2), "coarse": 1.5 * before["coarse"]}
    found = changes(before, after, {"fine": Fraction(1), "coarse": Fraction(2)})
    assert found == {"fine": 0.0, "coarse": pytest.approx(0.5)}
