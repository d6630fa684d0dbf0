"""What the commands show of a training."""

import numpy as np
import pytest

from minifcn.inference.metrics import ConfusionMatrix
from minifcn.training.console import Console, Pace
from minifcn.training.plan import Plan
from minifcn.training.prepare import Memory
from minifcn.training.settings import resolve
from minifcn.training.solver import Step


def report(number, steps=1, images=20, seconds=10.0):
    return Step(number, 1.0, 0.5, 1e-3, images, seconds, 1.0, steps)


def plan(start=0, **given):
    settings = resolve("shapes", batch_size=2, accumulate=10, evaluate_images=10, **given)
    return Plan(settings, start, 100, 30, Memory((2, 3, 8, 8), 1 << 30, None))


def test_the_bar_counts_the_images_of_as_many_steps_as_a_report_tells_of():
    console = Console(profile=True)
    for number, at in ((60, 1200), (80, 1600)):  # resumed after 40
        console.step(report(number, 20, 400), 83)
        assert console.bar is not None
        assert (console.bar.done, console.bar.total) == (at, 1660)
    console.step(report(83, 3, 60), 83)
    assert console.bar is None
    assert (console.steps, console.seconds, console.waited) == (43, 30.0, 3.0)


def test_the_bar_moves_within_an_update_and_pauses_for_an_evaluation():
    console = Console()
    console.plan(plan(steps=3, start=1))
    assert console.bar.done == 20
    console.images(2)
    console.images(2)
    assert console.bar.done == 24
    console.step(report(2), 3)
    assert list(console.watched([4, 5])) == [4, 5]
    assert (console.bar.done, console.bar.total) == (40, 60)


def test_the_plan_is_completed_by_the_time_once_three_updates_have_shown_it(capsys):
    console = Console()
    console.plan(plan(steps=9, evaluate_every=3))
    for number in range(1, 6):
        console.step(report(number), 9)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  time")]
    # Six updates of 20 images at half a second, and 40 images to evaluate at a third of that.
    assert lines == ["  time        about 67 s to go: 10 s an update, and the evaluations"]


def test_the_figures_of_an_evaluation_are_percent_in_a_line_of_80_columns(capsys):
    Console().evaluation(1000, ConfusionMatrix.of(np.array([[3, 1], [0, 4]])).scores())
    (said,) = capsys.readouterr().out.splitlines()
    assert said == (
        "step 1000: pixel accuracy 87.5  mean accuracy 87.5  mean IU 77.5  f.w. IU 77.5 %"
    )
    assert len(said) <= 80


def test_the_first_report_hardly_counts_for_the_pace():
    pace = Pace()
    for seconds in (900.0, 10.0, 10.0):
        pace.add(report(1, seconds=seconds))
    assert pace.training == pytest.approx(0.5)
    assert pace.evaluating == pytest.approx(0.5 / 3)
