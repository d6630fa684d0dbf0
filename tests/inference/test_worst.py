"""Failures: which images they are, what is said of them, and that no photograph is drawn."""

import numpy as np
import pytest
from helpers.drawn import draw_all
from helpers.preprocessing import CAFFE_VOC

from minifcn.data.dataset import Sample
from minifcn.data.palette import voc_palette
from minifcn.inference import worst
from minifcn.inference.apply import evaluate
from minifcn.inference.metrics import ConfusionMatrix
from minifcn.inference.model import Model
from minifcn.inference.worst import error_map, failure, failure_sheet, lowest, report
from minifcn.models import ModelSpec, build

NAMES = ("background", "cat", "dog")
PHOTOGRAPH = (10, 200, 77)


class Pictures:
    """Four images of one colour; of their columns 0, 20 and 40 are a cat, and one is unlabelled."""

    name, class_names, palette, ids = "pictures", NAMES, voc_palette(), tuple("abcd")

    def __len__(self):
        return 4

    def __getitem__(self, index):
        label = np.full((40, 60), 255 if index == 3 else 0, np.uint8)
        label[:, 60 - 20 * index :] = 255 if index == 3 else 1
        return Sample(self.ids[index], np.full((40, 60, 3), PHOTOGRAPH, np.uint8), label)


@pytest.fixture(scope="module")
def model():
    """A net that calls everything background."""
    net = draw_all(build(spec := ModelSpec("fcn32s", "googlenet", 3, 1 / 64, "same")))
    net.params["score_fr/weight"][...] = 0
    net.params["score_fr/bias"][...] = [1, 0, 0]
    return Model(net, spec, CAFFE_VOC, NAMES, voc_palette()[:3].tolist())


@pytest.fixture(scope="module")
def failures(model):
    """What there is to say of each image."""
    found = []
    evaluate(model, Pictures(), each=lambda *one: found.append(failure(*one)))
    return found


def test_each_image_has_the_mean_iu_of_its_own_classes_and_its_largest_confusion(failures):
    figures = [one.mean_iu for one in failures]
    np.testing.assert_allclose(figures, [1, (2 / 3) / 2, (1 / 3) / 2, np.nan])
    assert failures[1][1:] == (1, (1, 0), pytest.approx(1 / 3))
    assert failures[0].share == 0


def test_a_predicted_class_that_is_not_there_is_no_class_of_the_image():
    confusion = ConfusionMatrix(3)
    confusion.update(np.array([0, 0, 0, 0]), np.array([0, 0, 2, 2]))
    assert failure(5, confusion) == (0.5, 5, (0, 2), 0.5)


def test_the_counts_of_all_images_are_those_without_looking_at_each(model):
    counts = evaluate(model, Pictures())[""].counts
    seen = []
    with_each = evaluate(model, Pictures(), each=lambda place, one: seen.append(one.counts))
    np.testing.assert_array_equal(with_each[""].counts, counts)
    np.testing.assert_array_equal(sum(seen), counts)


def test_the_lowest_come_first_and_what_has_no_figure_is_left_out(failures):
    assert [one.place for one in lowest(failures, 2)] == [2, 1]
    assert [one.place for one in lowest(failures, 10)] == [2, 1, 0]


def test_a_line_says_what_was_taken_for_what(failures):
    assert report(lowest(failures, 3), Pictures()).splitlines() == [
        "c: mean IU 16.7, 66.7% of its pixels are cat taken for background",
        "b: mean IU 33.3, 33.3% of its pixels are cat taken for background",
        "a: mean IU 100.0",
    ]


def test_an_error_map_says_right_wrong_and_not_counted():
    label = np.array([[0, 1], [2, 255]], np.uint8)
    found = error_map(label, np.array([[0, 2], [2, 1]], np.uint8))
    assert found.tolist() == [[0, 1], [0, 2]]


def test_the_sheet_has_truth_prediction_and_errors_and_no_photograph(failures, model):
    sheet = failure_sheet(lowest(failures, 2), Pictures(), model)
    pixels = {tuple(pixel) for pixel in sheet.reshape(-1, 3).tolist()}
    assert {tuple(colour) for colour in worst.ERROR_PALETTE[:3].tolist()} <= pixels
    assert {(0, 0, 0), tuple(voc_palette()[1].tolist())} <= pixels
    wrong = (sheet == worst.ERROR_PALETTE[worst.WRONG]).all(axis=2).sum()
    assert 40 * 60 <= wrong < 40 * 60 + 400  # 40 and 20 of 60 columns, and a swatch of the legend
    assert not (sheet == PHOTOGRAPH).all(axis=2).any()


def test_a_single_failure_is_a_sheet_too(failures, model):
    assert failure_sheet(failures[2:3], Pictures(), model).shape[1] > 3 * 60
