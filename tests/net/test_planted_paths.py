"""Mistakes planted in one way of computing convolutions: found by the shapes that go that way.

The same layer is computed by one function or another, as its shape demands. A gradient check of
one shape says nothing about the others, so each function, of the forward pass and of both
gradients, needs a shape that finds a mistake in it. The examples say which functions compute them;
that a mistake is found by these, and by no others, shows that they do.
"""

from collections.abc import Callable
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
import pytest

from minifcn.functional.fast import paths, strips
from minifcn.functional.fast.paths import PATHS, choose_deconv_path, choose_path
from minifcn.layers import Conv2d, Deconv2d
from minifcn.net.gradcheck import check_layer

pytestmark = pytest.mark.host  # which function computes is decided by shape, on every device

ENTRIES = 6  # of each array, all of which a mistake makes wrong


class Example(NamedTuple):
    """A layer, its input, and the paths of its passes."""

    layer: Callable[[], Conv2d | Deconv2d]
    shape: tuple[int, ...]
    forward: str
    backward: str

    @property
    def functions(self) -> set[tuple[str, str]]:
        """The functions that compute it: (path, field of the path)."""
        ahead, back = ("forward", "backward_data")
        if isinstance(self.layer(), Deconv2d):
            ahead, back = back, ahead
        return {
            (self.forward, ahead), (self.backward, back), (self.backward, "backward_weights")
        }  # fmt: skip


EXAMPLES = {
    "stride": Example(lambda: Conv2d(3, 4, 3, stride=2, pad=1), (2, 3, 7, 6), "strips", "strips"),
    "dilation": Example(lambda: Conv2d(2, 3, 3, dilation=2), (1, 2, 9, 8), "strips", "strips"),
    "groups": Example(
        lambda: Conv2d(4, 6, 3, stride=2, groups=2), (2, 4, 7, 8), "strips", "strips"
    ),
    "two strips": Example(
        lambda: Conv2d(2, 3, 5, stride=(2, 1)), (1, 2, 150, 90), "strips", "strips"
    ),
    "no stride": Example(lambda: Conv2d(3, 4, 3, pad=1), (2, 3, 6, 5), "lines", "lines"),
    "large kernel": Example(lambda: Conv2d(2, 3, 7, pad=2), (1, 2, 9, 8), "lines", "lines"),
    "groups, no stride": Example(
        lambda: Conv2d(4, 6, 3, groups=2), (2, 4, 6, 5), "strips", "strips"
    ),
    "few pixels": Example(lambda: Conv2d(3, 20, 3, pad=1), (1, 3, 4, 5), "whole", "whole"),
    "1 x 1": Example(lambda: Conv2d(3, 4, 1), (2, 3, 5, 6), "pointwise", "pointwise"),
    "many channels": Example(
        lambda: Conv2d(32, 32, 3, pad=1), (1, 32, 20, 21), "winograd", "winograd"
    ),
    "upsampling": Example(
        lambda: Deconv2d(3, 2, 4, stride=2, pad=1, bias=True), (2, 3, 3, 4), "phases", "phases"
    ),
    "upsampling, groups": Example(
        lambda: Deconv2d(4, 6, 4, stride=2, pad=1, groups=2), (2, 4, 3, 4), "strips", "strips"
    ),
}


@pytest.fixture(autouse=True)
def winograd_of_small_maps(monkeypatch):
    monkeypatch.setattr(paths, "WINOGRAD", 20 * 21)
    monkeypatch.setattr(paths, "WINOGRAD_GRADIENTS", 20 * 21)


FUNCTIONS = sorted(set.union(*(example.functions for example in EXAMPLES.values())))


def those_that(use: tuple[str, str], *, groups: int = 1) -> set[str]:
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

    def plant(function: tuple[str, str], mistake: Callable[[Any, int], Any]) -> None:
        path, field = function
        right = getattr(PATHS[path], field)

        def wrong(*arguments, **options):
            given = signature(right).bind(*arguments, **options).arguments
            return mistake(right(*arguments, **options), given.get("groups", 1))

        monkeypatch.setitem(PATHS, path, PATHS[path]._replace(**{field: wrong}))

    return plant


def test_without_a_mistake_none_is_found():
    assert those_that_find_a_mistake() == set()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_paths_of_an_example_are_those_that_are_chosen(name):
    make, shape, forward, backward = EXAMPLES[name]
    layer = make()
    if isinstance(layer, Deconv2d):
        chosen = [choose_deconv_path(layer.window, layer.groups)] * 2
    else:
        shapes = shape, layer.params["weight"], layer.window, layer.groups
        chosen = [choose_path(*shapes), choose_path(*shapes, gradients=True)]
    assert chosen == [forward, backward]


def test_every_path_but_the_definition_has_an_example():
    assert {path for path, _ in FUNCTIONS} == set(PATHS) - {"im2col"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_mistake_is_found_by_what_the_function_computes(function, plant):
    plant(function, lambda result, _: 1.001 * result)
    assert those_that_find_a_mistake() == those_that(use=function)


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if those_that(name, groups=2)])
def test_exchanged_groups_are_found_by_what_has_groups(function, plant):
    axis = 0 if function[1] == "backward_weights" else 1

    plant(function, lambda result, groups: np.roll(result, result.shape[axis] // groups, axis))
    assert those_that_find_a_mistake() == those_that(use=function, groups=2)


@pytest.mark.parametrize(
    ("field", "inner"),
    [
        ("forward", "im2col_rows"),
        ("backward_data", "col2im_rows"),
        ("backward_weights", "im2col_rows"),
    ],
)
def test_a_strip_in_the_place_of_the_first_is_found_by_what_has_strips(
    field, inner, monkeypatch, threads
):
    threads(1)
    monkeypatch.setattr(strips, "STRIP_BYTES", 1 << 21)
    right, outer = getattr(strips, inner), getattr(PATHS["strips"], field)

    def begins_anew(*arguments):
        *others, rows = arguments
        return right(*others, slice(0, rows.stop - rows.start))

    def wrong(*arguments, **options):
        with monkeypatch.context() as inside:
            inside.setattr(strips, inner, begins_anew)
            return outer(*arguments, **options)

    monkeypatch.setitem(PATHS, "strips", PATHS["strips"]._replace(**{field: wrong}))
    assert those_that_find_a_mistake() == {"two strips"}
