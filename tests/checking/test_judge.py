"""Judging a learner's functions: what is right, wrong, blank, or no exercise at all."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from minifcn.checking.exercise import judge_file, names
from minifcn.checking.judge import Verdict, judge
from minifcn.checking.verdicts import summary, verdict_lines
from minifcn.functional import naive
from minifcn.gradcheck import main
from minifcn.system.mishaps import Mishap


@pytest.mark.parametrize("name", names())
def test_the_plain_loops_are_right(name):
    verdict = judge(name, getattr(naive, name))
    assert verdict.right, "\n".join(verdict_lines(verdict))


def test_what_can_be_judged_is_known_by_its_name():
    assert {"conv2d_backward", "softmax_loss_backward", "sgd_step", "relu"} <= set(names())
    assert "sgd_step_backward" not in names()


# Wrong functions, and what is said of them


def of(name: str, change: Callable[..., Any]) -> Callable[..., Any]:
    """Return the right function with its result changed, given what it was called with too."""
    right = getattr(naive, name)
    return lambda *given, **options: change(right(*given, **options), *given, **options)


def hints_of(verdict: Verdict) -> set[str]:
    """Return all hints on a function."""
    return {h for one in verdict.examples for finding in one.findings for h in finding.hints}


def forgets_a_channel(dx, dy, x, local_size, alpha, beta, k):
    return naive.lrn_backward(dy, x, 1, alpha, beta, k)


def numerator_alone(dx, dy, x, **options):
    return dy * naive.lrn(x, **options) / x


def no_one_taken_off(dscores, dloss, scores, label, **options):
    right = naive.softmax_loss_backward(dloss, scores, label, **options)
    p = naive.softmax(scores)
    true = np.arange(scores.shape[1])[:, None, None] == label[:, None]
    with np.errstate(invalid="ignore"):
        share = np.nan_to_num(abs(right).sum(axis=1) / abs(p - true).sum(axis=1))
    return p * share[:, None]


def step(rule: Callable[..., Any]) -> Callable[..., Any]:
    """Return a step of descent by a rule of its weight, gradient, velocity, rate and momentum."""

    def sgd_step(weight, dweight, velocity, *, lr, momentum, weight_decay):
        return rule(weight, dweight + weight_decay * weight, velocity, lr, momentum)

    return sgd_step


WRONG = {
    "a mean in place of a sum": (
        "conv2d_backward",
        lambda found, dy, x, weight, **options: (*found[:2], found[2] / len(x)),
        "0.3333 times as large: divided by the number of images?",
    ),
    "kernel axes exchanged": (
        "conv2d_backward",
        lambda found, dy, x, weight, **options: (
            naive.conv2d_backward(dy, x, weight.swapaxes(2, 3), **options)[0]
            if weight.shape[2] == weight.shape[3]
            else found[0],
            *found[1:],
        ),
        "the same comes out with the rows and columns of the kernels exchanged",
    ),
    "stride exchanged": (
        "conv2d_backward",
        lambda found, dy, x, weight, *, stride=(1, 1), **options: naive.conv2d_backward(
            dy, x, weight, stride=stride[::-1], **options
        ),
        "the same comes out with the two numbers of stride exchanged",
    ),
    "pad forgotten": (
        "deconv2d_backward",
        lambda found, dy, x, weight, *, pad=(0, 0), **options: naive.deconv2d_backward(
            dy, x, weight, **options
        ),
        "the same comes out without the pad",
    ),
    "dy ignored": (
        "avg_pool_backward",
        lambda dx, dy, x, **options: naive.avg_pool_backward(np.ones_like(dy), x, **options),
        "it is the same for every dy: is dy used?",
    ),
    "all that are equal win": (
        "max_pool_backward",
        lambda dx, dy, x, **options: (
            (
                dx
                + naive.max_pool_backward(
                    dy, x + 1e-9 * np.arange(x.size).reshape(x.shape), **options
                )
            )
            / 2
        ),
        "only where there are ties: the first in reading order wins",
    ),
    "everything let through": (
        "relu_backward",
        lambda dx, dy, x: dy,
        "the same comes out if dy is passed on as it is",
    ),
    "kinks let through": (
        "relu_backward",
        lambda dx, dy, x: np.where(x >= 0, dy, 0),
        "only where x is 0: there the gradient counts as 0",
    ),
    "scale without x": (
        "lrn_backward",
        numerator_alone,
        "the same comes out from the numerator alone; but x counts in the scale too",
    ),
    "not scaled up": (
        "dropout_backward",
        lambda dx, dy, draws, ratio: dx * (1 - ratio),
        "0.6 times as large: a factor of 1 - ratio?",
    ),
    "dropped values scaled": (
        "dropout_backward",
        lambda dx, dy, draws, ratio: dy / (1 - ratio),
        "only where a value was dropped",
    ),
    "one not taken off": (
        "softmax_loss_backward",
        no_one_taken_off,
        "the same comes out with p in place of p - [c = t]",
    ),
    "class weights forgotten": (
        "softmax_loss_backward",
        lambda dscores, dloss, scores, label, class_weight=None, **options: (
            naive.softmax_loss_backward(dloss, scores, label, **options)
        ),
        "the same comes out without the class_weight",
    ),
    "another normalisation": (
        "softmax_loss_backward",
        lambda dscores, dloss, scores, label, normalization="valid", **options: (
            naive.softmax_loss_backward(dloss, scores, label, normalization="batch", **options)
        ),
        "the same comes out with normalization batch",
    ),
    "overwritten": (
        "linear_backward",
        lambda found, dy, x, weight: (found[0], np.outer(dy[-1], x[-1]), found[2]),
        "the same comes out if each term replaces the one before: = in place of +=",
    ),
    "rate on the velocity": (
        "sgd_step",
        step(lambda w, g, v, lr, m: (w - lr * (m * v + g), lr * (m * v + g))),
        "the same comes out with the rate on the old velocity too",
    ),
    "rate outside": (
        "sgd_step",
        step(lambda w, g, v, lr, m: (w - lr * (m * v + g), m * v + g)),
        "the same comes out with the rate outside of the velocity",
    ),
    "uphill": (
        "sgd_step",
        step(lambda w, g, v, lr, m: (w + m * v + lr * g, m * v + lr * g)),
        "the same comes out with the step added, uphill",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_classic_mistake_is_wrong_and_recognised(what):
    name, wrong, said = WRONG[what]
    verdict = judge(name, wrong if name == "sgd_step" else of(name, wrong))
    assert not verdict.right and said in hints_of(verdict), hints_of(verdict)


def test_a_mistake_without_a_name_is_wrong_all_the_same():
    verdict = judge("lrn_backward", of("lrn_backward", forgets_a_channel))
    wrong = {one.about for one in verdict.examples if one.findings}
    assert wrong == {one.about for one in verdict.examples} - {"no channel near"}


# What is no result


def said_of(function: Callable[..., Any]) -> str:
    """Return what is printed of a backward pass of relu."""
    return " ".join(" ".join(verdict_lines(judge("relu_backward", function))).split())


def raising(error: Exception) -> Callable[..., Any]:
    def function(dy, x):
        raise error

    return function


def overwriting(dy, x):
    dy[x <= 0] = 0
    return dy


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (raising(NotImplementedError()), "not written yet"),
        (raising(KeyError("k")), "It ends with KeyError: 'k' (numbers of both signs)."),
        (lambda dy, x: None, "It returns nothing, and should return dx"),
        (lambda dy, x: (dy, dy), "It returns 2 arrays, and should return dx"),
        (lambda dy, x: (dy, None), "It returns None for one, and should return dx"),
        (lambda dy, x: dy[0], "dx has the shape (3, 4, 2), and should have (2, 3, 4, 2)"),
        (lambda dy, x: dy.astype(str), "dx has the type <U"),
        (lambda dy: dy, "It ends with TypeError"),
        (lambda dy, x: [[1], [2, 3]], "It ends with ValueError"),
        (lambda dy, x: dy / 0, "not finite: a division by 0, or a log of 0?"),
        (overwriting, "It writes to dy, which others may still need: make a copy"),
    ],
)
def test_a_function_that_returns_nothing_of_use_is_told_what_it_should(function, said):
    assert said in said_of(function)


# Files


def written(folder, text):
    """Write an exercise."""
    file = folder / "mine.py"
    file.write_text(text)
    return file


RELU = "import numpy as np\n\n\ndef relu_backward(dy, x):\n    return np.where(x > 0, dy, 0)\n"


def test_a_right_file_passes(tmp_path, capsys):
    assert main(["--yours", str(written(tmp_path, RELU))]) == 0
    out = capsys.readouterr().out
    assert out.startswith("relu_backward (line 4)\n") and "WRONG" not in out
    assert out.endswith("relu_backward  right in 2 examples\n")


def test_a_wrong_file_and_a_blank_one_do_not(tmp_path, capsys):
    both = RELU.replace("dy, 0", "2 * dy, 0") + "\ndef relu(x):\n    raise NotImplementedError\n"
    assert main(["--yours", str(written(tmp_path, both))]) == 1
    out = capsys.readouterr().out
    assert "-> twice as large: a factor 2?" in out
    assert out.splitlines()[-2:] == [
        "relu_backward  WRONG in 2 of 2 examples: dx",
        "relu           not written yet",
    ]
    assert max(map(len, out.splitlines())) < 80


def test_what_is_imported_is_no_exercise(tmp_path):
    text = "from minifcn.functional.naive import relu, conv2d_backward\n" + RELU
    assert [one.function for one in judge_file(written(tmp_path, text))] == ["relu_backward"]


def test_the_line_of_an_error_is_that_of_the_file(tmp_path):
    text = RELU.replace("    return", "    dx = x + missing\n    return")
    (verdict,) = judge_file(written(tmp_path, text))
    assert "NameError: name 'missing' is not defined in line 5" in "\n".join(verdict_lines(verdict))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def relu_backward(dy, x)\n    return dy\n", "mine.py, line 1: this is no Python"),
        ("import numpy\n1 / 0\n", "mine.py in line 2: ZeroDivisionError: division by zero"),
        ("def relu_back(dy, x):\n    return dy\n", "no function that can be judged; there are"),
    ],
)
def test_a_file_that_is_no_exercise_is_a_sentence(text, said, tmp_path, capsys):
    with pytest.raises(Mishap, match=said.replace("(", r"\(")):
        judge_file(written(tmp_path, text))
    assert main(["--yours", str(tmp_path / "mine.py")]) == 1
    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there_is_a_sentence(tmp_path, capsys):
    assert main(["--yours", str(tmp_path / "none.py")]) == 1
    assert "none.py: No such file or directory" in capsys.readouterr().err


def test_nothing_is_written_beside_the_exercise(tmp_path):
    judge_file(written(tmp_path, RELU))
    assert [file.name for file in tmp_path.iterdir()] == ["mine.py"]


def test_the_summary_has_a_line_for_each():
    verdicts = [judge("relu", naive.relu), judge("relu_backward", raising(NotImplementedError()))]
    assert list(summary(verdicts)) == [
        "relu           right in 2 examples",
        "relu_backward  not written yet",
    ]
