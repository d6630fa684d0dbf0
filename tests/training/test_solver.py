"""The training loop: when it reports, what it says then, and that nothing waits in between."""

import itertools
import sys
from types import ModuleType

import numpy as np
import pytest
from helpers.nets import image, label, randomise
from helpers.stand_in import found
from helpers.stand_in_array import counted

from minifcn.backend import to_host
from minifcn.data.loader import Batch
from minifcn.layers import Conv2d, ReLU, SoftmaxLoss
from minifcn.net import Net
from minifcn.training.optim import SGD
from minifcn.training.solver import Step, TrainingError, report_interval, train

STEPS = 7


class Numbered:
    """A loader of batches of two images of noise, one of which may be impossible."""

    waited = 0.0

    def __init__(self, broken: int | None = None) -> None:
        self.broken = broken

    def batches(self, start=0, wanted=lambda number: True):
        for number in filter(wanted, itertools.count(start)):
            data, truth = image(number), label()
            truth[0, :number] = 255
            if number == self.broken:
                data[...] = np.inf
            yield Batch([f"a{number}", f"b{number}"], {"data": data, "label": truth})


class Training:
    """A small net, trained on one device or the other."""

    def __init__(self, xp: ModuleType = np, *, broken: int | None = None) -> None:
        layers = [
            ("conv", Conv2d(3, 4, 3, pad=1), "data"),
            ("relu", ReLU(), "conv"),
            ("score", Conv2d(4, 3, 1), "relu"),
            ("loss", SoftmaxLoss("batch", class_weight=[1, 2, 3]), ("score", "label")),
        ]
        self.xp, self.loader, self.net = xp, Numbered(broken), randomise(Net(layers))
        self.net.to(xp)

    def steps(self, every: int = 1, accumulate: int = 1, steps: int = STEPS) -> list[Step]:
        optimiser = SGD(self.net.params, {}, momentum=0.5, weight_decay=0)
        steps_made = train(
            self.net,
            self.loader,
            optimiser,
            lambda step: 1e-4 * (step + 1),
            steps=steps,
            accumulate=accumulate,
            xp=self.xp,
            reports=lambda number: number % every == 0,
        )
        return list(steps_made)

    def weights(self) -> dict[str, np.ndarray]:
        return {address: to_host(array) for address, array in self.net.params.items()}


@pytest.fixture
def device(monkeypatch):
    """A stand-in for CuPy without kernels."""
    cupy = found()
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    return cupy


@pytest.mark.parametrize("accumulate", [1, 3])
def test_a_report_is_the_mean_of_the_updates_since_the_last_one(accumulate):
    each, some = Training(), Training()
    single = each.steps(accumulate=accumulate)
    reports = some.steps(every=3, accumulate=accumulate)
    assert [step.steps for step in single] == [1] * STEPS
    assert [(step.number, step.steps) for step in reports] == [(3, 3), (6, 3), (7, 1)]
    for report, part in zip(reports, (single[:3], single[3:6], single[6:]), strict=True):
        assert report.loss == pytest.approx(np.mean([step.loss for step in part]), rel=1e-12)
        assert report.pixel_loss == pytest.approx(np.mean([s.pixel_loss for s in part]), rel=1e-12)
        assert report.rate == part[-1].rate
        assert report.images == 2 * accumulate * len(part)
    for address, weight in each.weights().items():
        np.testing.assert_array_equal(some.weights()[address], weight)


def test_the_loss_for_each_pixel_is_over_the_labelled_ones():
    (step,) = Training().steps(steps=1)
    pixels = np.count_nonzero(next(Numbered().batches()).label != 255)
    assert step.pixel_loss == pytest.approx(step.loss * 2 / pixels, rel=1e-12)  # of two images


def test_on_a_device_only_reports_wait_and_only_batches_are_sent(device):
    training = Training(device)
    training.steps(steps=1)  # the class weights go there once
    with counted() as transfers:
        reports = training.steps(every=3, accumulate=2)
    assert transfers["download"] == len(reports) == 3
    assert transfers["wait"] == 1  # at the end, for the batch that was not used
    # A batch is sent ahead, so there is one more than was used.
    assert transfers["upload"] == 2 * (STEPS * 2 + 1)


def test_a_device_reports_what_the_host_does(device):
    host, other = Training(), Training(device)
    for ours, theirs in zip(host.steps(every=2), other.steps(every=2), strict=True):
        assert ours[:2] == pytest.approx(theirs[:2], rel=1e-12)
        assert ours.pixel_loss == pytest.approx(theirs.pixel_loss, rel=1e-12)
    for address, weight in host.weights().items():
        np.testing.assert_allclose(other.weights()[address], weight, rtol=1e-12)


@pytest.mark.filterwarnings("ignore:invalid value")  # what is provoked here
def test_on_the_host_a_loss_that_is_not_finite_is_seen_before_its_update():
    good, broken = Training(), Training(broken=4)
    good.steps(steps=4)
    with pytest.raises(TrainingError, match=r"loss of step 5 is nan \(images a4, b4\).*0\.0005 is"):
        broken.steps(every=3)
    for address, weight in good.weights().items():
        np.testing.assert_array_equal(broken.weights()[address], weight)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_on_a_device_it_is_seen_at_the_next_report_with_the_step_it_began_in(device):
    with pytest.raises(TrainingError, match=r"loss of step 5 is nan \(images a4, b4\).*0\.0005 is"):
        Training(device, broken=4).steps(every=6)


def test_a_gpu_is_asked_more_rarely_unless_told_otherwise(device):
    assert report_interval(0, np) == 1
    assert report_interval(0, device) == 20
    assert report_interval(7, np) == report_interval(7, device) == 7
