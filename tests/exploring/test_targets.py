"""What gradients are asked of."""

import numpy as np
import pytest

from minifcn.exploring.targets import find_targets

NAMES = ("ground", "cat", "dog")


@pytest.fixture
def scores(rng):
    return rng.standard_normal((3, 6, 7))


def test_the_loss_of_the_image_is_the_mean_over_its_labelled_pixels(scores, rng):
    truth = rng.integers(0, 3, (6, 7)).astype(np.uint8)
    truth[0, :4] = 255
    target = find_targets(scores, truth, NAMES)[0]
    exponents = np.exp(scores)
    shares = np.take_along_axis(exponents / exponents.sum(axis=0), truth[None] % 255, 0)[0]
    assert target.value == pytest.approx(-np.log(shares[truth != 255]).mean())


@pytest.mark.parametrize("with_truth", [True, False])
def test_seeds_are_the_gradients_of_their_values(scores, rng, with_truth):
    truth = rng.integers(0, 3, (6, 7)).astype(np.uint8) if with_truth else None
    step = 1e-6 * rng.standard_normal(scores.shape)
    before, after, behind = (
        {one.name: one for one in find_targets(scores + d, truth, NAMES)} for d in (0, step, -step)
    )
    for name, target in before.items():
        change = after[name].value - behind[name].value
        assert change == pytest.approx(2 * (target.seed[0] * step).sum(), rel=1e-4), target.label


def test_the_most_wrong_pixel_is_where_the_truth_is_least_likely(scores):
    truth = scores.argmax(axis=0).astype(np.uint8)
    truth[4, 5] = scores[:, 4, 5].argmin()
    scores[:, 4, 5] *= 10
    worst = find_targets(scores, truth, NAMES)[1]
    assert (worst.pixel, worst.number) == ((4, 5), truth[4, 5])
    truth[4, 5] = 255
    assert find_targets(scores, truth, NAMES)[1].pixel != (4, 5)


def test_without_a_truth_no_pixel_is_wrong(scores):
    targets = find_targets(scores, None, NAMES)
    assert [target.what for target in targets] == ["loss", "score", "score", "score"]


def test_the_surest_pixel_of_a_class_is_one_of_its_own(scores):
    answer = scores.argmax(axis=0)
    for target in find_targets(scores, None, NAMES)[1:]:
        assert answer[target.pixel] == target.number
        assert target.value == scores[(target.number, *target.pixel)]
