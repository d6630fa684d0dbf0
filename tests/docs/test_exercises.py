"""The exercises: blanks are not written yet, answers are right, mistakes found for their reason."""

import ast
import doctest
import inspect
import pickle
import re
import runpy
from collections.abc import Iterator
from difflib import unified_diff
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from minifcn.checking import judge
from minifcn.checking.exercise import judge_file
from minifcn.checking.judge import Verdict
from minifcn.checking.verdicts import verdict_lines
from minifcn.functional import naive
from minifcn.gradcheck import main

ROOT = Path(__file__).resolve().parents[2] / "docs" / "exercises"
BLANKS = sorted(ROOT.glob("*.py"))
ANSWERS = sorted(ROOT.glob("answers/*.py"))
MENDED = sorted(ROOT.glob("answers/mistakes/*.py"))


class Shown(NamedTuple):
    """What the checker shows of a mistake."""

    function: str
    arrays: tuple[str, ...]
    said: str  # a hint, or what is wrong with the array as a whole
    only: tuple[str, ...] = ()  # the examples that are wrong ...
    spared: tuple[str, ...] = ()  # ... or those that are not; neither: all are


MISTAKES = {
    "01_dropout": Shown(
        "dropout_backward", ("dx",), "a factor of 1 - ratio", spared=("ratio 0.0",)
    ),
    "02_linear": Shown("linear_backward", ("dbias",), "has the shape (3,), and should have (2,)"),
    "03_softmax_loss": Shown(
        "softmax_loss_backward",
        ("dscores",),
        "only where the label is ignored",
        spared=("every pixel counts", "class weights, batch", "scores of a thousand"),
    ),
    "04_max_pool": Shown("max_pool_backward", ("dx",), "only where there are ties", only=("ties",)),
    "05_softmax_loss": Shown(
        "softmax_loss_backward",
        ("dscores",),
        "a factor of the number of pixels that count",
        spared=(
            *("normalization batch", "normalization none"),
            *("class weights, batch", "no pixel counts"),
        ),
    ),
    "06_conv2d": Shown(
        "conv2d_backward", ("dx",), "a kernel turned", spared=("a kernel of one pixel",)
    ),
    "07_conv2d": Shown(
        "conv2d_backward",
        ("dx",),
        "1 row too far down and 2 columns too far right",
        only=("pad (1, 2)", "all of these together"),
    ),
    "08_deconv2d": Shown(
        "deconv2d_backward",
        ("dx",),
        "",
        only=("stride (2, 1)", "stride (2, 3): gaps", "all of these together"),
    ),
    "09_lrn": Shown("lrn_backward", ("dx",), "", spared=("no channel near",)),
    "10_sgd": Shown("sgd_step", ("weight", "velocity"), "divided by lr"),
}


def named(files: list[Path]) -> pytest.MarkDecorator:
    """Run a test for each file."""
    return pytest.mark.parametrize("file", files, ids=lambda file: str(file.relative_to(ROOT)))


@pytest.fixture(scope="module", autouse=True)
def differences_once() -> Iterator[None]:
    """What is right is the same for every file that an operation stands in: find it once."""
    found, find = {}, judge._differences

    def once(operation, arrays, options, dy, name, rule):
        key = operation.forward, name, pickle.dumps((arrays, options, dy))
        if key not in found:
            found[key] = find(operation, arrays, options, dy, name, rule)
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judge, "_differences", once)
        yield


def mistake_of(name: str) -> Path:
    """Return the file with a mistake."""
    return ROOT / "mistakes" / f"{name}.py"


@cache
def verdict_on(file: Path) -> Verdict:
    """Judge the one function in a file."""
    (verdict,) = judge_file(file)
    return verdict


def code_of(file: Path) -> list[str]:
    """Return the lines of a file without its docstrings and comments."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in (tree, *(n for n in tree.body if isinstance(n, ast.FunctionDef))):
        if ast.get_docstring(node):
            node.body = node.body[1:]
    return ast.unparse(tree).splitlines()


def test_there_are_eight_blanks_and_ten_mistakes_with_an_answer_each():
    mistakes = sorted(file.stem for file in ROOT.glob("mistakes/*.py"))
    assert len(BLANKS) == 8 and len(mistakes) == 10
    assert [file.name for file in ANSWERS] == [file.name for file in BLANKS]
    assert [file.stem for file in MENDED] == mistakes == list(MISTAKES)


@named(BLANKS)
def test_a_blank_is_not_written_yet_and_its_forward_pass_is_right(file, capsys):
    assert main(["--yours", str(file)]) == 1
    forward, backward = judge_file(file)
    assert forward.right and not backward.written
    assert re.search(rf"^{backward.function} +not written yet$", capsys.readouterr().out, re.M)


@named([*ANSWERS, *MENDED])
def test_an_answer_is_right(file):
    verdict = verdict_on(file)
    assert verdict.right, "\n".join(verdict_lines(verdict))


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found_where_it_is(name):
    shown = MISTAKES[name]
    verdict = verdict_on(mistake_of(name))
    wrong = [example for example in verdict.examples if example.findings]
    found = {finding.array for example in wrong for finding in example.findings}
    every = {example.about for example in verdict.examples}
    assert verdict.function == shown.function and found == set(shown.arrays)
    assert {example.about for example in wrong} == (set(shown.only) or every - set(shown.spared))
    assert set(shown.only) | set(shown.spared) <= every


@pytest.mark.parametrize("name", [name for name in MISTAKES if MISTAKES[name].said])
def test_a_mistake_is_found_for_its_reason(name):
    verdict = verdict_on(mistake_of(name))
    said = [
        text
        for example in verdict.examples
        for finding in example.findings
        for text in (finding.message, *finding.hints)
    ]
    assert any(MISTAKES[name].said in text for text in said), said


@pytest.mark.parametrize(
    ("folder", "status", "said"),
    [
        ("mistakes", 1, "WRONG in 2 of 3 examples: dx"),
        ("answers/mistakes", 0, "right in 3 examples"),
    ],
)
def test_the_command_says_so(folder, status, said, capsys):
    assert main(["--yours", str(ROOT / folder / "01_dropout.py")]) == status
    assert f"\ndropout_backward  {said}\n" in capsys.readouterr().out


@named(MENDED)
def test_what_an_answer_quotes_the_checker_prints(file):
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    quotes = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    printed = "\n".join(verdict_lines(verdict_on(mistake_of(file.stem))))
    assert quotes
    assert not [quote for quote in quotes if quote not in printed], printed


@named(MENDED)
def test_an_answer_mends_a_line_or_a_few(file):
    diff = list(unified_diff(code_of(mistake_of(file.stem)), code_of(file), n=0))[2:]
    taken_away = [line for line in diff if line.startswith("-")]
    assert 1 <= len(taken_away) <= 4


@named(sorted(ROOT.rglob("*.py")))
def test_functions_are_called_as_those_in_plain_loops(file):
    found = runpy.run_path(str(file))
    ours = [name for name in naive.__all__ if name in found and name != "pooled_size"]
    assert ours
    for name in ours:
        given, wanted = asked(found[name]), asked(getattr(naive, name))
        assert given == wanted[: len(given)]
        # What only a net needs that was made dense, an exercise may leave out.
        assert {argument for argument, *_ in wanted[len(given) :]} <= {"dilation", "overhang"}


def asked(function: object) -> list[tuple]:
    """Return the name, the kind and the default of each argument of a function."""
    arguments = inspect.signature(function).parameters.values()
    return [(one.name, one.kind, one.default) for one in arguments]


def test_a_first_try_is_told_what_the_page_says(tmp_path, capsys):
    (told,) = re.findall(r"```text\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.S)
    blank = (ROOT / "1_relu.py").read_text("utf-8")
    (tmp_path / "1_relu.py").write_text(re.sub(r"raise .*", "return dy", blank), "utf-8")
    assert main(["--yours", str(tmp_path / "1_relu.py")]) == 1
    assert capsys.readouterr().out.endswith(told)


def test_the_answers_to_the_questions_are_computed():
    page = ROOT / "answers" / "questions.md"
    results = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert results.attempted > 25 and not results.failed
