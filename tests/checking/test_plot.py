"""The plot of error against step: its two slopes, and the file."""

import numpy as np
import pytest

from minifcn.checking.nets import NETS
from minifcn.checking.operations import OPERATIONS
from minifcn.checking.plot import STEPS, curve, curves_of_case, curves_of_net, plot, require_format
from minifcn.gradcheck import main
from minifcn.system.mishaps import Mishap


def slope(errors: np.ndarray, low: float, high: float) -> float:
    """Return by which power of the step the error grows between two steps."""
    part = (low <= STEPS) & (high >= STEPS)
    return float(np.polyfit(np.log(STEPS[part]), np.log(errors[part]), 1)[0])


def test_truncation_grows_with_the_step_and_rounding_with_its_inverse():
    x = np.linspace(0.5, 1.5, 8)
    found = curve("dx", lambda: float(np.exp(x).sum()), x, np.exp(x))
    assert slope(found.central, 1e-3, 1e-1) == pytest.approx(2, abs=0.1)
    assert slope(found.one_sided, 1e-5, 1e-1) == pytest.approx(1, abs=0.1)
    for errors in found.central, found.one_sided:
        assert slope(errors, 1e-12, 1e-9) == pytest.approx(-1, abs=0.4)
    assert found.central.min() < 1e-10 < found.one_sided.min() < 1e-6


def test_the_arrays_come_back_as_they_were():
    case = OPERATIONS["relu"].build()
    before = case.arrays["x"].copy()
    (found,) = curves_of_case(case)
    assert found.name == "dx" and found.central.min() < 1e-8
    np.testing.assert_array_equal(case.arrays["x"], before)


def test_a_convolution_has_a_curve_for_each_array_with_truncation_in_it():
    curves = curves_of_case(OPERATIONS["conv"].build(images=1, size=(4, 5), filters=2))
    assert [one.name for one in curves] == ["dx", "dweight", "dbias"]
    assert all(one.central[-1] > 0.01 for one in curves)


@pytest.mark.parametrize(("name", "begins"), [("p.svg", b"<?xml"), ("p.PNG", b"\x89PNG")])
def test_the_file_is_of_the_kind_that_its_name_says(name, begins, tmp_path, capsys):
    assert main(["relu", "--plot", str(tmp_path / name)]) == 0
    assert (tmp_path / name).read_bytes().startswith(begins)
    assert f"error against step: {tmp_path / name}" in capsys.readouterr().out


def test_an_svg_is_the_same_every_time(tmp_path):
    curves = curves_of_case(OPERATIONS["relu"].build())
    for name in ("one.svg", "two.svg"):
        plot("relu", curves, 1e-5, tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_a_net_has_curves_of_its_first_and_last_layer_and_the_image():
    prepared = NETS["fcn32s"](backbone="alexnet", size=(9, 12))
    curves = curves_of_net(prepared)
    assert [one.name for one in curves] == ["conv1/weight", "score_fr/weight", "data"]
    assert all(one.central.min() < 1e-6 for one in curves)


def test_other_kinds_and_files_that_are_there_are_refused(tmp_path, capsys):
    with pytest.raises(Mishap, match="SVG or a PNG"):
        require_format(tmp_path / "plot.gif")
    (tmp_path / "there.svg").touch()
    assert main(["relu", "--plot", str(tmp_path / "there.svg")]) == 1
    assert "there already" in capsys.readouterr().err
