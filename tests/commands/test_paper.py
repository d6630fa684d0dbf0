"""The command that computes what the paper shows."""

import numpy as np
import pytest

from minifcn import paper
from minifcn.data.palette import write_palette_png
from minifcn.experiments import EXPERIMENTS, experiment
from minifcn.experiments.table1 import SCORES
from minifcn.layers import Conv2d
from minifcn.models import ModelSpec, build
from minifcn.models.googlenet import LAST_MAP


@pytest.fixture
def folder(tmp_path):
    """A folder with two label maps of VOC's kind."""
    write_palette_png(tmp_path / "a.png", np.array([[1, 1], [1, 2]]))
    write_palette_png(tmp_path / "b.png", np.array([[2, 2, 255], [2, 2, 255]]))
    return tmp_path


def test_without_a_name_the_experiments_are_listed(capsys):
    assert paper.main([]) == 0
    listed = " ".join(capsys.readouterr().out.split())
    for name in EXPERIMENTS:
        one = experiment(name)
        assert (
            f"{name} {one.statement} ({one.section}; shapes {one.minutes['shapes']} min" in listed
        )


def test_table1_prints_ours_beside_the_paper_s_and_the_difference_explained(tmp_path, capsys):
    assert paper.main(["table1", "--smoke", "--out", str(tmp_path)]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "of a sixteenth of the width and of 64 x 64 pixels" in text and "K40c" not in text
    assert "16 16 134,346,581 134,000,000 404 404 32 32" in text
    net = build(ModelSpec("fcn32s", "googlenet", width=1 / 16))
    field = net.receptive_fields()[SCORES]
    assert f"{field.size} + {LAST_MAP - 1} * {field.stride} = 907" in text
    assert f"of its {sum(isinstance(n.layer, Conv2d) for n in net.nodes)}." in text


def test_upper_bounds_prints_ours_beside_the_paper_s(folder, tmp_path, capsys):
    arguments = [*(str(folder), "--method", "majority"), "--factors", "4", "2"]
    assert paper.main(["upper-bounds", "--out", str(tmp_path / "out"), *arguments]) == 0
    rows = [
        line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("factor ")
    ]
    # By 4, each map is of its commonest class; by 2 as well. The paper has no factor 2.
    assert rows == [["factor", "4", "77.5", "98.5"], ["factor", "2", "77.5"]]


def test_upper_bounds_are_by_default_the_paper_s_factors_and_the_best_method(
    folder, tmp_path, capsys
):
    assert paper.main(["upper-bounds", str(folder), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "On 2 label maps (method bilinear)" in printed
    rows = [line.split() for line in printed.splitlines() if line.startswith("factor ")]
    assert [row[1] for row in rows] == ["128", "64", "32", "16", "8", "4"]
    assert [row[3] for row in rows] == ["50.9", "73.3", "86.1", "92.8", "96.4", "98.5"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["", "--factors", "8", "0"], "a factor is a number of pixels, at least 1, not 0\n"),
        ([""], "/c.png"),
        (["missing"], "is not a folder with label maps"),
    ],
)
def test_what_cannot_be_used_is_refused(folder, arguments, message, capsys):
    (folder / "c.png").write_bytes(b"no picture")
    where, *options = arguments
    out = ["--out", str(folder / "out")]
    assert paper.main(["upper-bounds", str(folder / where), *options, *out]) == 1
    assert message in capsys.readouterr().err.rpartition("error: ")[2]


def test_a_folder_for_what_is_drawn_is_refused(tmp_path, capsys):
    out = ["--out", str(tmp_path)]
    assert paper.main(["upper-bounds", "--data-dir", "labels", *out]) == 1
    assert (
        "--data shapes is drawn and lies nowhere: leave --data-dir out" in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["table1", "--weights", "a.h5"], "table1: nothing is trained; leave --weights out"),
        (["stitch", "--weights", "a.h5"], "stitch: nothing is trained; leave --weights out"),
        (["upper-bounds", "--seeds", "3"], "upper-bounds: nothing is random; leave --seeds out"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(arguments, message, tmp_path, capsys):
    assert paper.main([*arguments, "--smoke", "--out", str(tmp_path / "out")]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
