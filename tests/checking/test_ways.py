"""The check of every way: what the examples take together, what is ruled out, and what is said."""

import numpy as np
import pytest

from minifcn.checking.case import LOOPS, Case, Way, drawn
from minifcn.checking.check import check_case
from minifcn.checking.operations import OPERATIONS
from minifcn.checking.tables import case_lines, compact_lines, legend
from minifcn.functional.fast import paths
from minifcn.functional.fast.paths import PATHS, forced_path


@pytest.fixture(scope="module")
def examples() -> dict[str, list[Case]]:
    """The cases of all examples, by operation."""
    return {
        name: [operation.build(**options) for options in operation.examples]
        for name, operation in OPERATIONS.items()
    }


def test_the_examples_take_every_path(examples):
    able = {
        name: {way.name for case in cases for way in case.ways if not way.ruled_out}
        for name, cases in examples.items()
    }
    assert able["conv"] == {LOOPS, *PATHS} - {"phases"}
    assert able["deconv"] == able["upsampling"] == {LOOPS, "im2col", "strips", "phases"}


def test_the_examples_take_every_path_that_is_chosen(examples):
    chosen = {
        path for name in ("conv", "deconv") for case in examples[name] for path in case.chosen
    }
    assert chosen >= {"strips", "phases", "whole", "lines", "pointwise"}


def test_what_a_way_cannot_compute_is_said_with_the_reason():
    rows = {row.way: row for row in check_case(OPERATIONS["conv"].build(stride=(2, 2)))}
    assert not rows["winograd"].ran
    assert rows["winograd"].note == "ruled out: stride or dilation is not 1"
    assert rows["strips"].ran and not rows["strips"].note


def test_no_path_stays_forced():
    check_case(OPERATIONS["deconv"].build(images=1, size=(2, 2)))
    assert forced_path() == ""


def test_a_path_that_the_environment_forces_is_not_all_that_is_checked(monkeypatch):
    monkeypatch.setattr(paths, "_forced", {})
    monkeypatch.setenv("MINIFCN_CONV", "whole")
    case = OPERATIONS["conv"].build(images=1, size=(4, 5), filters=2)
    assert case.chosen == ("whole", "whole")
    assert {row.way for row in check_case(case) if row.ran} == {LOOPS, *PATHS} - {
        "phases",
        "pointwise",
    }


def test_loops_that_would_take_too_long_are_left_out_and_said_to_be():
    case = OPERATIONS["sgd"].build(values=2_000_000)
    loops, *others = check_case(case)
    assert not loops.ran and "2 million turns" in loops.note
    assert all(row.ran and not row.findings for row in others)


def square(factor: float = 2.0, single: float = 1.0, shape: tuple[int, ...] = (2, 3)) -> Way:
    """Return y = x * x, whose gradient is right if the factor is 2, and y if `single` is 1."""

    def run(arrays):
        x = arrays["x"]
        y = x * x * (single if x.dtype == np.float32 else 1)
        return {"y": y}, lambda dy: {"x": (factor * x * dy).reshape(shape)}

    return Way("square", run)


def rows_of(*ways: Way):
    """Check ways, held to a right one, and return what was found of them."""
    loops = square()._replace(name=LOOPS)
    first, *rows = check_case(Case(drawn(x=(2, 3)), [loops, *ways]))
    assert not first.findings
    return rows


def test_a_right_way_is_right_in_both_precisions():
    (row,) = rows_of(square())
    assert not row.findings
    assert row.errors["y"] == 0 and row.errors["dx"] < 1e-9 and 0 < row.errors["float32"] < 1e-6


def test_a_way_that_is_wrong_in_float32_only_is_found():
    (row,) = rows_of(square(single=1.01))
    (finding,) = row.findings
    assert finding.array == "y in float32" and finding.size == 6
    assert row.errors["float32"] == pytest.approx(0.01, rel=1e-3)


def test_a_gradient_of_another_shape_is_found():
    (row,) = rows_of(square(shape=(3, 2)))
    (finding,) = row.findings
    assert finding.array == "dx"
    assert finding.hints == ("it has the shape (3, 2), and should have (2, 3)",)


def test_a_gradient_that_is_no_number_is_found():
    (row,) = rows_of(square(factor=float("nan")))
    (finding,) = row.findings
    assert finding.off == 6 and "not finite" in finding.hints[0]
    assert row.errors["dx"] == float("inf")


def test_the_table_fits_a_screen_and_says_what_it_shows():
    case = OPERATIONS["conv"].build(images=1, size=(4, 5), filters=2)
    rows = check_case(case)
    lines = [*case_lines("conv --images 1", case, rows), *legend(rows)]
    assert max(map(len, lines)) < 80
    assert lines[0] == "conv --images 1"
    assert "  x 1 x 3 x 4 x 5, weight 2 x 3 x 3 x 3, bias 2" in lines
    header = next(line for line in lines if line.startswith("  by"))
    assert header.split() == ["by", "y", "dx", "dweight", "dbias", "float32"]
    ran = [line for line in lines if line.endswith(("right", "WRONG"))]
    assert [line.split()[0] for line in ran] == [row.way for row in rows if row.ran]
    assert "  For this shape minifcn takes lines." in lines
    assert "    y                   up to 1e-10 from the loops" in lines


def test_a_right_case_takes_two_lines():
    case = OPERATIONS["relu"].build()
    title, ways = compact_lines("relu", check_case(case))
    assert title.startswith("relu   ") and "  right, " in title and len(title) < 80
    assert ways == "    loops, relu.py"
