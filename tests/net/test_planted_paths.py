"""Mistakes planted in one way of computing convolutions: found by the shapes that go that way.

The same layer is computed by one function or another, as its shape demands. A gradient check of
one shape says nothing about the others, so each function, of the forward pass and of both
gradients, needs a shape that finds a mistake in it. The examples say which functions compute them;
that a mistake is found by these, and by no others, shows that they do.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
import pytest

from minifcn.functional import conv, deconv
from minifcn.functional.conv import PATHS, choose_path
from minifcn.functional.fast import strips as im2col
from minifcn.layers import Conv2d, Deconv2d
from minifcn.net.gradcheck import check_layer

pytestmark = pytest.mark.host  # which function computes is decided by shape, on every device

ENTRIES = 6  # of each array, all of which a mistake makes wrong

IM2COL = ("conv.im2col_forward", "conv.im2col_backward_data", "conv.im2col_backward_weights")
TURNED = (IM2COL[0], "conv.turned_backward_data", IM2COL[2])


class Example(NamedTuple):
    """A layer, its input, and the functions of its three passes."""

    layer: Callable[[], Conv2d | Deconv2d]
    shape: tuple[int, ...]
    functions: tuple[str, str, str]


def of_path(path: str) -> tuple[str, str, str]:
    forward, data, weights = (name.replace("im2col", path) for name in IM2COL)
    return forward, data, weights


EXAMPLES = {
    "stride": Example(lambda: Conv2d(3, 4, 3, stride=2, pad=1), (2, 3, 7, 6), IM2COL),
    "large kernel": Example(lambda: Conv2d(2, 3, 7, pad=2), (1, 2, 9, 8), IM2COL),
    "groups": Example(lambda: Conv2d(4, 6, 3, stride=2, groups=2), (2, 4, 7, 8), IM2COL),
    "two strips": Example(lambda: Conv2d(2, 3, 5, stride=(2, 1)), (1, 2, 150, 90), IM2COL),
    "no stride": Example(lambda: Conv2d(3, 4, 3, pad=1), (2, 3, 6, 5), TURNED),
    "groups, no stride": Example(lambda: Conv2d(4, 6, 3, groups=2), (2, 4, 6, 5), TURNED),
    "few pixels": Example(lambda: Conv2d(3, 20, 3, pad=1), (1, 3, 4, 5), of_path("whole")),
    "1 x 1": Example(lambda: Conv2d(3, 4, 1), (2, 3, 5, 6), of_path("pointwise")),
    "many channels": Example(
        lambda: Conv2d(16, 16, 3, pad=1), (1, 16, 20, 21), of_path("winograd")
    ),
    "upsampling": Example(
        lambda: Deconv2d(3, 2, 4, stride=2, pad=1, bias=True),
        (2, 3, 3, 4),
        ("deconv._by_phases", "deconv.im2col_forward", "deconv.im2col_backward_weights"),
    ),
    "upsampling, groups": Example(
        lambda: Deconv2d(4, 6, 4, stride=2, pad=1, groups=2),
        (2, 4, 3, 4),
        ("deconv.im2col_backward_data", "deconv.im2col_forward", "deconv.im2col_backward_weights"),
    ),
}
FUNCTIONS = sorted({name for example in EXAMPLES.values() for name in example.functions})


def those_that(use: str, *, groups: int = 1) -> set[str]:
    """Return the examples that a function computes, with at least so many groups."""
    return {
        name
        for name, example in EXAMPLES.items()
        if use in example.functions and example.layer().groups >= groups
    }


def those_that_find_a_mistake() -> set[str]:
    return {
        name
        for name, example in EXAMPLES.items()
        if not check_layer(example.layer(), example.shape, entries=ENTRIES).ok
    }


@pytest.fixture
def plant(monkeypatch):
    """A function that puts what `mistake(result, groups)` returns in the place of a result."""

    def plant(where: str, mistake: Callable[[Any, int], Any]) -> None:
        module, name = where.split(".")
        right = getattr({"conv": conv, "deconv": deconv}[module], name)

        def wrong(*arguments, **options):
            given = signature(right).bind(*arguments, **options).arguments
            return mistake(right(*arguments, **options), given.get("groups", 1))

        monkeypatch.setattr(f"minifcn.functional.{where}", wrong)

    return plant


def test_without_a_mistake_none_is_found():
    assert those_that_find_a_mistake() == set()


def test_every_path_has_an_example():
    def paths(*, backward: bool) -> set[str]:
        layers = [(example.layer(), example.shape) for example in EXAMPLES.values()]
        return {
            choose_path(
                shape, layer.params["weight"], layer.window, layer.groups, backward=backward
            )
            for layer, shape in layers
            if isinstance(layer, Conv2d)
        }

    assert paths(backward=False) == paths(backward=True) == set(PATHS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_mistake_is_found_by_what_the_function_computes(function, plant):
    plant(function, lambda result, _: 1.001 * result)
    assert those_that_find_a_mistake() == those_that(use=function)


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if those_that(name, groups=2)])
def test_exchanged_groups_are_found_by_what_has_groups(function, plant):
    axis = 0 if function.endswith("weights") else 1

    plant(function, lambda result, groups: np.roll(result, result.shape[axis] // groups, axis))
    assert those_that_find_a_mistake() == those_that(use=function, groups=2)


@pytest.mark.parametrize(
    ("function", "inner"),
    [(IM2COL[0], "im2col"), (IM2COL[1], "col2im"), (IM2COL[2], "im2col")],
)
def test_a_strip_in_the_place_of_the_first_is_found_by_what_has_strips(
    function, inner, monkeypatch
):
    right, name = getattr(im2col, inner), function.removeprefix("conv.")
    outer = getattr(conv, name)

    def begins_anew(*arguments):
        *others, rows = arguments
        return right(*others, slice(0, rows.stop - rows.start))

    def wrong(*arguments, **options):
        with monkeypatch.context() as inside:
            inside.setattr(im2col, inner, begins_anew)
            return outer(*arguments, **options)

    monkeypatch.setattr(conv, name, wrong)
    assert those_that_find_a_mistake() == {"two strips"}
