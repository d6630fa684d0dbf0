"""The command `gradcheck`: what it takes, its status, and all of it at once."""

import re
from pathlib import Path
from textwrap import dedent

import pytest

from minifcn.functional.fast import paths
from minifcn.functional.fast.paths import PATHS
from minifcn.gradcheck import NAMES, main

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "argv", [["lrn"], ["sgd", "--momentum", "0"], ["softmax-loss", "--normalization", "batch"]]
)
def test_a_layer_is_right(argv, capsys):
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert out.startswith(" ".join(argv)) and "WRONG" not in out


def test_all_of_one_layer_says_how_many_shapes_each_way_has_computed(capsys):
    assert main(["dropout", "--all"]) == 0
    out = capsys.readouterr().out
    assert "    dropout  loops 3, dropout.py 3\n" in out and "\nall is right\n" in out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "give the name of a layer or a net, or --all, or --yours FILE"),
        (["relu", "--all", "--zeros"], "leave the other options out"),
        (["--plot", "a.svg", "relu", "--all"], "leave the other options out"),
        (["--all", "--plot", "a.svg"], "--plot draws one layer or net: give its name too"),
        (["--all", "--yours", "file.py"], "or --yours FILE"),
        (["pool"], "no name 'pool'"),
        (["relu", "--kernel", "3"], "no option --kernel"),
        (["conv", "--size", "3x"], "such as 3 or 3x2, not '3x'"),
    ],
)
def test_odd_arguments_are_refused(argv, said, capsys):
    with pytest.raises(SystemExit) as stop:
        main(argv)
    assert stop.value.code == 2 and said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ("conv --groups 2", "2 groups cannot share 3 and 4 channels equally"),
        ("conv --stride 0", "stride must be a whole number of at least 1"),
        ("conv --kernel 9 --pad 0", "a kernel of (9, 9) pixels does not fit"),
        ("lrn --local-size 4", "local_size must be odd"),
        ("softmax-loss --classes 300 --size 1", "255 is one of the 300 classes"),
        ("fcn8s --width 0", "width must be above 0"),
        ("relu --plot relu.gif", "a plot is an SVG or a PNG picture"),
        ("sgd --plot sgd.svg", "a step of descent has no gradient"),
    ],
)
def test_sizes_that_mean_nothing_are_a_sentence(argv, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(argv.split()) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ") and said in error
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("argv", ["relu --plot a.svg", "--plot a.svg relu"])
def test_a_plot_is_asked_for_before_the_name_or_behind_it(argv, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(argv.split()) == 0
    assert (tmp_path / "a.svg").exists()
    assert main(argv.split()) == 1
    assert "a.svg is there already" in capsys.readouterr().err
    assert main(["--overwrite", *argv.split()]) == 0


def test_a_path_that_there_is_not_is_refused(monkeypatch, capsys):
    monkeypatch.setattr(paths, "_forced", {})
    monkeypatch.setenv("MINIFCN_CONV", "fft")
    assert main(["relu"]) == 1
    assert "the environment variable MINIFCN_CONV must be one of im2col" in capsys.readouterr().err


def test_the_help_lists_everything(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = re.findall(r"^    (\S+)", capsys.readouterr().out, re.MULTILINE)
    assert set(NAMES) <= set(listed)


def test_the_readme_shows_what_is_printed(capsys):
    shown = (ROOT / "README.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"^    conv\n(?:    .*\n|\n(?=    ))*", shown, re.MULTILINE)
    assert main(["conv"]) == 0
    lines = without_digits(dedent(table))
    assert without_digits(capsys.readouterr().out)[: len(lines)] == lines


def without_digits(table: str) -> list[list[str]]:
    """Return the words of a table; errors are of other digits on other machines."""
    error = re.compile(r"^(\de-\d\d|0)$")
    return [["error" if error.match(w) else w for w in x.split()] for x in table.splitlines()]


@pytest.mark.slow
def test_all_is_right(capsys):
    assert main(["--all"]) == 0
    out = capsys.readouterr().out
    assert "\nall is right\n" in out and max(map(len, out.splitlines())) < 81


@pytest.mark.slow
@pytest.mark.parametrize(
    ("operation", "paths"),
    [("conv", PATHS.keys() - {"phases"}), ("deconv", {"im2col", "strips", "phases"})],
)
def test_all_finds_a_doubled_gradient_in_each_path(operation, paths, monkeypatch, capsys):
    for path, right in list(PATHS.items()):
        wrong = right._replace(backward_weights=twice(right.backward_weights))
        monkeypatch.setitem(PATHS, path, wrong)
    assert main([operation, "--all"]) == 1
    out = capsys.readouterr().out
    assert set(re.findall(r"^  (\w+): dweight is wrong", out, re.MULTILINE)) == paths


def twice(function):
    """Return a function that returns twice as much."""
    return lambda *given: 2 * function(*given)
