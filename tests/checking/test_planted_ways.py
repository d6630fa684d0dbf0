"""A doubled gradient, planted in one way of computing: `gradcheck` finds it and names the way."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from minifcn import layers
from minifcn.functional import naive
from minifcn.functional.fast import paths
from minifcn.functional.fast.paths import PATHS
from minifcn.gradcheck import main
from minifcn.layers import conv, deconv, dropout, linear, lrn, pooling, relu, softmax_loss
from minifcn.training import optim


def doubled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that returns everything twice as large."""

    def twice(value: Any) -> Any:
        if isinstance(value, (tuple, list)):
            return type(value)(map(twice, value))
        if isinstance(value, dict):
            return {name: twice(one) for name, one in value.items()}
        return value if value is None else 2 * value

    return lambda *arguments, **options: twice(function(*arguments, **options))


# The smallest layers that every path computes, by `gradcheck conv`, `deconv` and `upsampling`.
SMALL = "conv --images 1 --channels 2 --size 4x5 --filters 2"
CONV = {
    **dict.fromkeys(("im2col", "strips", "whole", "lines", "winograd"), SMALL),
    "pointwise": f"{SMALL} --kernel 1 --pad 0",
}
DECONV = dict.fromkeys(("im2col", "strips", "phases"), "deconv --images 1 --size 2x3")
UPSAMPLING = dict.fromkeys(DECONV, "upsampling --images 1 --size 2x3")
# Which function of a path computes which array.
CONV_ARRAYS = {"forward": "y", "backward_data": "dx", "backward_weights": "dweight"}
DECONV_ARRAYS = {"forward": "dx", "backward_data": "y", "backward_weights": "dweight"}
PLANTED_PATHS = [
    (command, path, field, array)
    for commands, arrays in (
        (CONV, CONV_ARRAYS),
        (DECONV, DECONV_ARRAYS),
        (UPSAMPLING, {"forward": "dx", "backward_data": "y"}),
    )
    for path, command in commands.items()
    for field, array in arrays.items()
]


@pytest.mark.parametrize("command", sorted({command for command, *_ in PLANTED_PATHS}))
def test_without_a_mistake_none_is_found(command, capsys):
    assert main(command.split()) == 0
    assert "WRONG" not in capsys.readouterr().out


@pytest.mark.parametrize(("command", "path", "field", "array"), PLANTED_PATHS)
def test_in_a_path_of_convolution(command, path, field, array, monkeypatch, capsys):
    wrong = doubled(getattr(PATHS[path], field))
    monkeypatch.setitem(PATHS, path, PATHS[path]._replace(**{field: wrong}))
    assert main(command.split()) == 1
    told = wrong_arrays(capsys.readouterr().out)
    assert told == {(path, array)}


def test_every_path_is_among_these():
    assert {path for _, path, *_ in PLANTED_PATHS} == set(PATHS)


def test_in_im2col_where_another_path_is_taken(monkeypatch, capsys):
    wrong = doubled(PATHS["im2col"].backward_weights)
    monkeypatch.setitem(PATHS, "im2col", PATHS["im2col"]._replace(backward_weights=wrong))
    monkeypatch.setattr(paths, "WINOGRAD_GRADIENTS", 1)
    command = "conv --images 1 --size 24 --channels 32 --filters 32"
    assert main(command.split()) == 1
    out = capsys.readouterr().out
    assert "takes winograd." in out and wrong_arrays(out) == {("im2col", "dweight")}


# Where a backward pass is called by its layer, the command, and the ways that it is.
PLANTED = [
    (pooling, "max_pool_backward", "max-pool", ["fast/pool_planes.py"]),
    (pooling, "avg_pool_backward", "avg-pool", ["pooling.py"]),
    (relu, "relu_backward", "relu", ["relu.py"]),
    (lrn, "lrn_backward", "lrn", ["lrn.py"]),
    (linear, "linear_backward", "linear", ["linear.py"]),
    (dropout, "dropout_backward", "dropout", ["dropout.py"]),
    (softmax_loss, "softmax_loss_backward", "softmax-loss", ["softmax.py"]),
    (layers.EltwiseSum, "backward", "sum", ["layers/eltwise.py"]),
    (layers.EltwiseMax, "backward", "max", ["layers/eltwise.py"]),
    (layers.Concat, "backward", "concat", ["layers/eltwise.py"]),
    (layers.Crop, "backward", "crop", ["layers/crop.py"]),
    (layers.Scale, "backward", "scale", ["layers/scale.py"]),
    (optim.SGD, "state", "sgd", ["training/optim.py"]),
]


@pytest.mark.parametrize(("place", "name", "operation", "ways"), PLANTED)
def test_in_another_operation(place, name, operation, ways, monkeypatch, capsys):
    monkeypatch.setattr(place, name, doubled(getattr(place, name)))
    assert main([operation, "--all"]) == 1
    out = capsys.readouterr().out
    assert {told for told, _ in wrong_arrays(out)} == set(ways)
    assert "-> twice as large: a factor 2" in out
    assert re.search(rf"^WRONG: {operation}: by {ways[0]}$", out, re.MULTILINE)
    for way in ways:
        assert re.search(rf"^WRONG: {operation}( --.+)?: by {way}$", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("conv2d", SMALL),
        ("deconv2d", DECONV["im2col"]),
        ("bilinear_upsampling", UPSAMPLING["im2col"]),
        ("max_pool", "max-pool"),
        ("avg_pool", "avg-pool"),
        ("relu", "relu"),
        ("lrn", "lrn"),
        ("linear", "linear"),
        ("dropout", "dropout"),
        ("softmax_loss", "softmax-loss"),
        ("eltwise_sum", "sum"),
        ("eltwise_max", "max"),
        ("concat", "concat"),
        ("crop", "crop"),
        ("scale", "scale"),
    ],
)
def test_in_the_plain_loops_themselves_and_the_others_are_not_blamed(
    name, command, monkeypatch, capsys
):
    wrong = doubled(getattr(naive, f"{name}_backward"))
    monkeypatch.setattr(naive, f"{name}_backward", wrong)
    assert main(command.split()) == 1
    out = capsys.readouterr().out
    assert {told for told, _ in wrong_arrays(out)} == {"loops"}
    assert "held to differences" in out


@pytest.mark.parametrize(
    ("place", "name"), [(conv, "conv2d_backward"), (deconv, "deconv2d_backward")]
)
def test_in_what_all_paths_have_in_common(place, name, monkeypatch, capsys):
    right = getattr(place, name)

    def without_bias(*arguments, **options):
        dx, dweight, dbias = right(*arguments, **options)
        return dx, dweight, 0 * dbias

    monkeypatch.setattr(place, name, without_bias)
    operation = name.removesuffix("2d_backward")
    assert main([operation]) == 1
    out = capsys.readouterr().out
    ways = {way for way, array in wrong_arrays(out) if array == "dbias"}
    assert {"im2col", "strips"} <= ways and "loops" not in ways
    assert "-> all of it is 0: is it ever added to?" in out


def wrong_arrays(out: str) -> set[tuple[str, str]]:
    """Return what is said to be wrong: (way, array)."""
    return set(re.findall(r"^  (\S+): (\w+)[\w ]* is wrong in ", out, re.MULTILINE))
