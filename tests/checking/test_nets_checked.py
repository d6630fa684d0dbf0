"""Whole nets by name: against differences of their loss, and by every path."""

import pytest

from minifcn.checking.net_table import net_lines
from minifcn.checking.nets import NETS, check_prepared
from minifcn.functional.fast.paths import PATHS
from minifcn.gradcheck import main
from minifcn.layers import relu

SMALL = {"width": 1 / 32, "size": (9, 12)}
ALEXNET = "fcn32s --backbone alexnet --size 9x12"


@pytest.fixture(scope="module")
def checked():
    """FCN-8s at its smallest, and what was found of it."""
    prepared = NETS["fcn8s"](**SMALL)
    return prepared, check_prepared(prepared)


def test_a_right_net_is_right_by_every_path(checked):
    prepared, found = checked
    assert found.ok, "\n".join(net_lines("fcn8s", prepared, found))
    assert {one.path for one in found.forced} == set(PATHS)
    assert found.forced[0].passes == found.forced[0].total  # im2col computes all


def test_every_trained_parameter_and_the_image_are_checked(checked):
    (net, _), found = checked
    trained = {name for name in net.params if net.multipliers[name][0]}
    assert {check.name for check in found.report.checks} == trained | {"data"}
    assert "upscore2/weight" in trained


def test_the_table_has_a_line_for_each_layer(checked):
    lines = list(net_lines("fcn8s --width 0.03125", *checked))
    assert max(map(len, lines)) < 80
    assert lines[0] == "fcn8s --width 0.03125" and "images 1 x 3 x 9 x 12" in lines[1]
    (conv1_1,) = [line for line in lines if line.startswith("  conv1_1 ")]
    assert conv1_1.split()[3:] == ["right", "lines"]
    assert [line for line in lines if line.startswith("  winograd ")]


def test_a_wrong_layer_is_found_below_it(monkeypatch, capsys):
    monkeypatch.setattr(relu, "relu_backward", lambda dy, y: dy)
    assert main(ALEXNET.split()) == 1
    out = capsys.readouterr().out
    assert "conv1/weight is wrong, held to differences:" in out
    assert "score_fr/weight is wrong" not in out


def test_a_path_that_is_not_chosen_is_checked_too(monkeypatch, capsys):
    right = PATHS["im2col"]
    wrong = right._replace(backward_weights=lambda *given: 2 * right.backward_weights(*given))
    monkeypatch.setitem(PATHS, "im2col", wrong)
    assert main(ALEXNET.split()) == 1
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("  im2col ")]
    assert "WRONG, most of all " in line
