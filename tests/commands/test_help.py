"""What commands say of themselves: help in sentences, hints for what is misspelt, completion."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.commands import parser_of

import minifcn
from minifcn.__main__ import COMMANDS, main
from minifcn.system.command import DOCS, CommandParser

ROOT = Path(__file__).resolve().parents[2]


def with_parsers_of_names(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """Return a parser, and those of `gradcheck conv` and its like."""
    found = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found += action.choices.values()
    return found


def told(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Return the status, the output and the errors of a command that ends early."""
    with pytest.raises(SystemExit) as stop:
        sys.exit(main(arguments))
    return int(stop.value.code or 0), *capsys.readouterr()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_sentence_and_its_default(command):
    for parser in with_parsers_of_names(parser_of(command)):
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                continue
            name = f"{parser.prog} {action.option_strings or action.dest}"
            assert action.help and len(action.help.split()) > 1, name
            given = bool(action.option_strings) and action.nargs != 0 and not action.required
            optional = given and action.default is not argparse.SUPPRESS
            assert not optional or "(default: " in action.help, name


@pytest.mark.parametrize("command", COMMANDS)
def test_help_begins_with_what_the_command_does_and_points_nowhere_that_a_wheel_has_not(
    command, capsys
):
    status, out, _ = told([command, "--help"], capsys)
    assert status == 0
    assert re.match(r"[A-Z][a-z]+ ", out), "a sentence"
    assert f"  python -m minifcn.{command}" in out.partition("usage: ")[0], "an example"
    assert out.count("usage: ") == 1
    for parser in with_parsers_of_names(parser_of(command)):
        said = parser.format_help().replace(f"{DOCS}/", "")
        assert "docs/" not in said


@pytest.mark.parametrize("command", COMMANDS)
def test_descriptions_are_as_wide_as_the_terminal(command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = parser_of(command).format_help().partition("usage: ")[0].splitlines()
    assert all(len(line) <= 80 for line in lines if DOCS not in line)


@pytest.mark.parametrize("command", COMMANDS)
def test_examples_are_in_one_line_so_that_they_can_be_copied(command, monkeypatch):
    parser = parser_of(command)
    examples = re.findall(r"^  (python -m .*?)(?:  .*)?$", parser.description, re.MULTILINE)
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.findall(r"^  (python -m .*?)(?:  .*)?$", parser.format_help(), re.MULTILINE)
    assert examples and shown == examples


def test_what_a_list_says_continues_below_its_second_column(monkeypatch):
    said = "Two lines\nof text.\n\n  a.png  the first\n         picture\n  b.png  the second"
    parser = CommandParser(prog="x", description=said)
    monkeypatch.setenv("COLUMNS", "32")
    wide = "Two lines of text.\n\n  a.png  the first picture\n  b.png  the second\n\nusage: "
    assert parser.format_help().startswith(wide)
    monkeypatch.setenv("COLUMNS", "22")
    assert "\n  a.png  the first\n         picture\n" in parser.format_help()


def test_what_is_said_of_a_command_stands_below_it_where_there_is_no_room_beside(monkeypatch):
    parser = CommandParser(prog="x", description="Text.\n\n  run this --or this    a quick look\n")
    monkeypatch.setenv("COLUMNS", "32")
    assert "\n  run this --or this\n      a quick look\n" in parser.format_help()
    monkeypatch.setenv("COLUMNS", "80")
    assert "\n  run this --or this    a quick look\n" in parser.format_help()


def test_the_address_of_the_docs_is_the_projects():
    tomllib = pytest.importorskip("tomllib", reason="comes with Python 3.11")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"{project['urls']['Source']}/blob/main/docs" == DOCS
    for page in re.findall(rf"{DOCS}/([\w./-]+)", parser_of("train").format_help()):
        assert (ROOT / "docs" / page).is_file()


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_without_a_command_all_are_listed(arguments, capsys):
    status, out, _ = told(arguments, capsys)
    assert status == 0
    assert re.findall(r"^  minifcn (\w+) +\w", out, re.MULTILINE) == list(COMMANDS)
    assert max(map(len, out.partition("usage")[0].splitlines())) <= 80


def test_the_version_is_told(capsys):
    assert told(["--version"], capsys) == (0, f"minifcn {minifcn.__version__}\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["trian"], "no command 'trian'; did you mean train?"),
        (["segment", "--lr", "1"], "no command 'segment'; choose doctor, demo, predict"),
        (["train", "shapse"], "no dataset 'shapse'; did you mean shapes?"),
        (["train", "--arhc", "fcn8s", "shapes"], "no option --arhc; did you mean --arch?"),
        (["train", "--arhc=fcn8s", "shapes"], "no option --arhc; did you mean --arch?"),
        (["train", "shapes", "--arch", "fcn8"], "--arch: there is no 'fcn8'; did you mean fcn8s?"),
        (["train", "shapes", "--steps", "x"], "--steps: must be a whole number, not 'x'"),
        (["gradcheck", "conf"], "no name 'conf'; did you mean conv?"),
        (["gradcheck", "conv", "--kernle", "3"], "no option --kernle; did you mean --kernel?"),
        (["paper", "tabel1"], "no experiment 'tabel1'; did you mean table1?"),
        (["hha", "depth.png"], "the following arguments are required: -o/--out"),
        (["--lr"], "--lr is no command; options come after its name"),
    ],
)
def test_what_is_misspelt_is_told_of_in_a_line(arguments, words, capsys):
    status, out, error = told(arguments, capsys)
    assert (status, out) == (2, "")
    sentence, where, *rest = error.splitlines()
    assert sentence.startswith("error: ") and words in sentence
    assert where.endswith("--help tells what there is)") and not rest


@pytest.mark.parametrize(
    ("name", "said"),
    [("/usr/bin/minifcn", "minifcn train"), ("x/minifcn/train.py", "python -m minifcn.train")],
)
def test_a_command_is_called_as_the_user_has_called_it(name, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name])
    _, out, _ = told(["train", "--help"], capsys)
    assert f"  {said} shapes" in out and f"usage: {said} [options] [DATASET]" in out


@pytest.mark.parametrize(
    ("line", "expected", "light"),
    [
        ("minifcn tr", {"train"}, True),
        ("minifcn train", {"train"}, True),
        ("minifcn train --lr", {"--lr", "--lr-search"}, False),
        ("minifcn train shapes --arch fcn8s-", {"fcn8s-at-once"}, False),
        ("minifcn gradcheck max-pool --ke", {"--kernel"}, False),
    ],
)
def test_a_shell_completes_commands_without_numpy_and_options(line, expected, light, tmp_path):
    pytest.importorskip("argcomplete")
    answer, path = tmp_path / "answer", os.environ.get("PYTHONPATH", "")
    if light:
        (tmp_path / "numpy.py").write_text("raise SystemExit('NumPy is imported')")
        path = os.pathsep.join(filter(None, [str(tmp_path), path]))
    shell = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "COMP_LINE": line, "COMP_TYPE": "9"}
    shell |= {"COMP_POINT": str(len(line)), "_ARGCOMPLETE_STDOUT_FILENAME": str(answer)}
    environment = {**os.environ, **shell, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-m", "minifcn"], env=environment, check=True, timeout=60)
    assert {word.strip() for word in answer.read_text().splitlines()} == expected
