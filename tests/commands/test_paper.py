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
        section, sentence, *_ = experiment(name)
        assert f"{name} {sentence} ({section})" in listed


def test_table1_prints_ours_beside_the_paper_s_and_the_difference_explained(capsys):
    assert paper.main(["table1"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["FCN-VGG16", "conv", "layers", "16", "16"] in lines
    assert ["parameters", "134M", "134,346,581"] in lines
    assert ["receptive", "field", "907", "715"] in lines
    text = " ".join(word for line in lines for word in line)
    net = build(ModelSpec("fcn32s", "googlenet", width=1 / 16))
    field = net.receptive_fields()[SCORES]
    steps = LAST_MAP - 1
    assert f"{field.size} + {steps} * {field.stride} = 907" in text
    assert f"of its {sum(isinstance(n.layer, Conv2d) for n in net.nodes)}." in text


def test_upper_bounds_prints_ours_beside_the_paper_s(folder, capsys):
    arguments = ["upper-bounds", str(folder), "--method", "majority", "--factors", "4", "2"]
    assert paper.main(arguments) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    # By 4, each map is of its commonest class; by 2 as well. The paper has no factor 2.
    assert rows == [["4", "77.5", "98.5", "-21.0"], ["2", "77.5"]]


def test_upper_bounds_are_by_default_the_paper_s_factors_and_the_best_method(folder, capsys):
    assert paper.main(["upper-bounds", str(folder)]) == 0
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head == "mean IU of 2 label maps, method bilinear"
    assert [row.split()[0] for row in rows] == ["128", "64", "32", "16", "8", "4"]
    assert [row.split()[2] for row in rows] == ["50.9", "73.3", "86.1", "92.8", "96.4", "98.5"]


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
    assert paper.main(["upper-bounds", str(folder / where), *options]) == 1
    assert message in capsys.readouterr().err.rpartition("error: ")[2]
