"""The gradient check itself: what it measures, how it treats kinks, and what it refuses."""

import numpy as np
import pytest
from helpers.cases import normal
from helpers.nets import chained

from minifcn.layers import Conv2d, Deconv2d, Linear, MaxPool2d, ReLU, SoftmaxLoss
from minifcn.net import Net
from minifcn.net.gradcheck import Check, Report, check_function, check_layer, check_net


def check_of(function, x, gradient, **options) -> Report:
    """Check one gradient of sum(function(x))."""
    return check_function(lambda: function(x).sum(), {"x": x}, {"x": gradient}, **options)


def test_a_right_gradient_has_an_error_near_rounding():
    x = np.linspace(-1, 2, 12).reshape(3, 4)
    report = check_of(np.exp, x, np.exp(x))
    assert report.ok and report.error < 1e-9
    assert report.checks == [Check("x", report.error, checked=12, kinks=0)]


def test_the_error_is_the_largest_difference_over_the_largest_gradient():
    x = np.linspace(1, 2, 5)
    gradient = 2 * x
    gradient[0] += 0.04
    report = check_of(np.square, x, gradient)
    assert report.error == pytest.approx(0.04 / 4, rel=1e-6) and not report.ok


@pytest.mark.parametrize("entry", [0, 3])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_gradient_that_is_no_number_is_wrong(entry, value):
    x = np.linspace(1, 2, 4)
    gradient = np.exp(x)
    gradient[entry] = value
    report = check_of(np.exp, x, gradient)
    assert report.error == np.inf and not report.ok


def test_the_worst_wrong_entries_are_shown_with_their_ratio():
    x = np.linspace(1, 2, 8).reshape(2, 4)
    report = check_of(np.square, x, 4 * x)
    assert [one.at for one in report.checks[0].wrong] == [(1, 3), (1, 2), (1, 1)]
    assert "[1, 3]: expected 4  got 8  ratio 2.0000" in str(report)


@pytest.mark.host
def test_the_report_says_which_path_computed_a_convolution():
    conv = Conv2d(3, 4, 3, pad=1)
    report = str(check_layer(conv, (2, 3, 6, 5), entries=3))
    assert report.endswith("gradients by lines are right")
    deconv = Deconv2d(3, 2, 4, stride=2, pad=1)
    assert str(check_layer(deconv, (2, 3, 3, 4), entries=3)).endswith("by phases are right")


def test_arrays_need_not_be_contiguous_and_come_back_as_they_were():
    for x in (normal(1, 3, 4).copy(), normal(1, 4, 3).copy().T):
        before = x.copy()
        report = check_of(np.exp, x, np.exp(x), entries=7)
        assert report.ok and report.checks[0].checked == 7
        np.testing.assert_array_equal(x, before)


def test_a_kink_is_counted_and_left_out():
    x = np.arange(-4.0, 6)  # |x| has its kink at 0, which is one of the ten
    report = check_of(np.abs, x, np.sign(x))
    assert report.checks[0].kinks == 1 and report.checks[0].checked == 9
    assert report.ok


def test_a_kink_within_the_step_is_found_by_a_smaller_step():
    x = np.array([3e-6, 1.0])  # the first step, 1e-5, reaches across the kink
    report = check_of(np.abs, x, np.sign(x))
    assert report.checks[0].kinks == 0 and report.ok


def test_too_many_kinks_are_a_failure():
    report = check_layer(ReLU(), inputs=[np.zeros((1, 1, 4, 5))])
    assert report.checks[0].kinks == 20 and not report.ok


def test_ties_of_max_pooling_are_kinks():
    x = np.arange(30.0).reshape(1, 1, 5, 6)
    x[0, 0, 1, 0] = x[0, 0, 1, 1]  # both are the maximum of the first window
    report = check_layer(MaxPool2d(2), inputs=[x])
    assert report.checks[0].kinks == 2 and report.ok


def test_a_large_value_of_the_function_is_not_taken_for_a_kink():
    x = normal(1, 20).copy()
    assert check_of(lambda x: x + 1e5, x, np.ones(20), tolerance=1e-4).ok


def test_float32_and_a_gradient_of_another_shape_are_refused():
    with pytest.raises(TypeError, match="x must be float64, not float32"):
        check_of(np.exp, np.ones(3, np.float32), np.ones(3, np.float32))
    with pytest.raises(ValueError, match=r"x has shape \(3,\), its gradient \(3, 1\)"):
        check_of(np.exp, np.ones(3), np.ones((3, 1)))


def test_the_report_is_a_table_with_a_verdict():
    report = Report([Check("input 0", 1e-9, 50, 0), Check("weight", 3e-3, 48, 2)], tolerance=1e-6)
    lines = str(report).splitlines()
    assert lines[0] == "input 0  error  1.00e-09  entries   50  kinks 0"
    assert lines[1] == "weight   error  3.00e-03  entries   48  kinks 2"
    assert lines[2] == "gradients are WRONG (tolerance 1e-06)"
    right = Report(report.checks[:1], tolerance=1e-6)
    assert str(right).endswith("gradients are right") and right.ok and not report.ok


def small_net() -> Net:
    score, loss = Linear(4 * 3 * 4, 3), SoftmaxLoss()
    return chained(conv=Conv2d(2, 4, 3, pad=1), relu=ReLU(), pool=MaxPool2d(2), fc=score, loss=loss)


INPUTS = {"data": normal(9, 2, 2, 6, 8), "label": np.array([0, 2])}


def inputs() -> dict[str, np.ndarray]:
    return {"data": INPUTS["data"].copy(), "label": INPUTS["label"]}


def test_a_net_is_checked_in_all_parameters_and_images():
    report = check_net(small_net(), inputs(), entries=30)
    assert report.ok, f"\n{report}"
    names = [check.name for check in report.checks]
    assert names == ["conv/weight", "conv/bias", "fc/weight", "fc/bias", "data"]


def test_a_frozen_parameter_is_not_checked():
    net = small_net()
    net.freeze("conv")
    assert [c.name for c in check_net(net, inputs()).checks] == ["fc/weight", "fc/bias", "data"]


def test_a_wrong_layer_in_a_net_is_found_below_it():
    net = small_net()
    relu = net.layer("relu")
    relu.backward = lambda dy, cache, **needs: (dy, {})
    report = check_net(net, inputs(), entries=30)
    wrong = {check.name for check in report.checks if check.error > report.tolerance}
    assert wrong == {"conv/weight", "conv/bias", "data"}
