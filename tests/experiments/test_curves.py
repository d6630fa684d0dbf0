"""Losses as curves: by hand."""

import pytest
from helpers.canned_lab import CannedRun

from minifcn.experiments.curves import IMAGES, POINTS, TIME, last_losses, loss_chart, loss_curve


def run(losses, seconds=1.0):
    return CannedRun(0, {}, {"losses": losses, "seconds": seconds})


def test_a_point_is_the_mean_of_a_stretch_at_its_end():
    losses = [float(number) for number in range(2 * POINTS)]  # two updates a point
    curve = loss_curve("some", [run(losses), run([0.0] * 2 * POINTS)])
    assert curve.name == "some"
    assert curve.x == list(range(2, 2 * POINTS + 1, 2))
    assert curve.ys[0] == [0.5 + 2 * point for point in range(POINTS)]
    assert curve.ys[1] == [0.0] * POINTS


def test_few_updates_are_points_each():
    assert loss_curve("some", [run([3.0, 2.0])])[1:] == ([1, 2], [[3.0, 2.0]])


def test_time_is_the_mean_of_the_runs_and_images_are_counted():
    runs = [run([3.0, 2.0], seconds=1.0), run([3.0, 1.0], seconds=2.0)]
    assert loss_curve("some", runs, TIME).x == [1.5, 3.0]
    assert loss_curve("some", runs, IMAGES).x == [4, 8]


def test_a_chart_has_a_curve_for_each_name():
    chart = loss_chart("title", {"a": [run([1.0])], "b": [run([2.0])]}, TIME)
    assert chart.x_label == "time of the updates, s"
    assert [(curve.name, curve.ys) for curve in chart.curves] == [("a", [[1.0]]), ("b", [[2.0]])]


@pytest.mark.parametrize(("losses", "expected"), [([9, 9, 9, 9, 9, 9, 1, 2], 1.5), ([3, 1], 1)])
def test_the_loss_at_the_end_is_that_of_the_last_quarter(losses, expected):
    assert last_losses([run(losses)]) == [expected]


def test_the_loss_on_the_way_is_that_of_the_last_quarter_until_then():
    assert last_losses([run([9.0, 9.0, 9.0, 5.0, 1.0, 1.0, 1.0, 1.0])], share=0.5) == [5.0]
