"""What the pictures claim holds for the numbers that are drawn."""

import numpy as np
import pytest
from figures import bilinear_phases, gradcheck_step, metrics, momentum, patches, shift_and_stitch
from figures.maps import places_in_image

from minifcn.functional.bilinear import bilinear_kernel
from minifcn.inference.metrics import ConfusionMatrix
from minifcn.layers.geometry import CoordMap
from minifcn.models import ModelSpec, build


def test_shifted_and_stitched_is_dense():
    image = shift_and_stitch.IMAGE
    dense = shift_and_stitch.net(image, stride=1)
    np.testing.assert_array_equal(shift_and_stitch.stitched(image), dense)


def test_patches_have_the_loss_and_the_gradient_of_the_image():
    whole, gradient, losses, total = patches.compared()
    assert losses.sum() == pytest.approx(whole, rel=1e-12)
    np.testing.assert_allclose(total, gradient, rtol=1e-10)


def test_each_prediction_is_best_by_some_metric():
    scores = []
    for text in metrics.PREDICTIONS.values():
        counts = ConfusionMatrix(len(metrics.CLASSES))
        counts.update(metrics.label_map(metrics.TRUTH), metrics.label_map(text))
        scores.append(counts.scores())
    best = {field: np.argmax([getattr(s, field) for s in scores]) for field in metrics.FIGURES}
    assert best == {"pixel_accuracy": 0, "mean_accuracy": 1, "mean_iu": 2, "fw_iu": 0}


@pytest.mark.parametrize("arch", ["fcn32s", "fcn16s", "fcn8s"])
def test_scores_lie_on_the_image(arch):
    places = places_in_image(build(ModelSpec(arch=arch)))
    assert places["score"] == (CoordMap(), CoordMap())


def test_errors_fall_and_rise_as_the_picture_says():
    central = np.log10(gradcheck_step.errors(np.float64, central=True))
    one_sided = np.log10(gradcheck_step.errors(np.float64, central=False))
    at = {exponent: n for n, exponent in enumerate(gradcheck_step.EXPONENTS)}
    assert (central[at[-2]] - central[at[-4]]) / 2 == pytest.approx(2, abs=0.1)  # step squared
    assert (one_sided[at[-2]] - one_sided[at[-4]]) / 2 == pytest.approx(1, abs=0.1)
    assert (central[at[-8]] - central[at[-12]]) / 4 == pytest.approx(-1, abs=0.2)
    assert central.argmin() == at[-5]  # the library's step


def test_momentum_forgets_as_the_picture_says():
    gradients = np.zeros(121)
    gradients[0] = 1

    def left(rule: tuple[float, int], images: int) -> float:
        points = dict(momentum.velocities(gradients, *rule))
        return points[rule[1] + images] / points[rule[1]]

    assert left((0.9, 1), 40) < 0.02
    assert left((0.99, 1), 100) == pytest.approx(0.99**100)
    assert left((0.9, 20), 100) == pytest.approx(0.9**5)


def test_the_two_weights_of_a_phase_make_1():
    factor = bilinear_phases.FACTOR
    ramp = bilinear_kernel(2 * factor, np.float64).sum(axis=0) / factor
    np.testing.assert_array_equal(ramp[:factor] + ramp[factor:], 1)
