"""What a wrong backward pass is told beside that it is wrong: each wrong in one known way."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minifcn.checking.judge import Finding, judge
from minifcn.checking.verdicts import verdict_lines
from minifcn.functional import naive


def findings(name: str, function: Callable[..., Any]) -> dict[str, Finding]:
    """Return what is wrong with the first gradient that is wrong, by example."""
    return {one.about: one.findings[0] for one in judge(name, function).examples if one.findings}


def test_numbers_in_the_wrong_place_are_told_by_how_much():
    def conv2d_backward(dy, x, weight, **options):
        dx, dweight, dbias = naive.conv2d_backward(dy, x, weight, **options)
        return np.roll(dx, (-1, 1), (2, 3)), dweight, dbias

    told = findings("conv2d_backward", conv2d_backward)["channels and filters"].hints
    assert told == ("the right numbers, but 1 row too far up and 1 column too far right",)


def test_a_kernel_that_was_turned_is_told():
    def conv2d_backward(dy, x, weight, **options):
        dx, _, _ = naive.conv2d_backward(dy, x, weight[..., ::-1, ::-1], **options)
        return dx, *naive.conv2d_backward(dy, x, weight, **options)[1:]

    found = findings("conv2d_backward", conv2d_backward)
    assert "a kernel of one pixel" not in found
    assert all("turned by 180 degrees" in finding.hints[-1] for finding in found.values())


def test_a_forgotten_dloss_is_named():
    def softmax_loss_backward(dloss, scores, label, **options):
        return naive.softmax_loss_backward(1.0, scores, label, **options)

    found = findings("softmax_loss_backward", softmax_loss_backward)
    assert found and all("divided by dloss" in finding.hints[0] for finding in found.values())


def test_the_total_weight_of_classes_is_named():
    def softmax_loss_backward(dloss, scores, label, *, normalization="valid", **options):
        other = "none" if normalization == "valid" else normalization
        return naive.softmax_loss_backward(dloss, scores, label, normalization=other, **options)

    told = findings("softmax_loss_backward", softmax_loss_backward)["class weights"].hints
    assert told == (
        "13.4 times as large: a factor of the weight of the pixels that count?",
        "the same comes out with normalization none",
    )


def test_that_wrong_entries_lie_together_does_not_choose_the_example_that_is_shown():
    def max_pool_backward(dy, x, kernel_size, stride, pad=(0, 0), ceil=True):
        dx = np.zeros_like(x)
        for at in np.ndindex(dy.shape):  # the last window that a pixel has won, not all of them
            one = np.zeros_like(dy)
            one[at] = dy[at]
            here = naive.max_pool_backward(one, x, kernel_size, stride, pad, ceil)
            dx = np.where(here, here, dx)
        return dx

    lines = list(verdict_lines(judge("max_pool_backward", max_pool_backward)))
    assert "  dx is wrong in 3 of 70 entries (windows that overlap):" in lines
    (told,) = [line for line in lines if "->" in line]
    assert "if each term replaces the one before" in told
