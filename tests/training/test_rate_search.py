"""The line search: short runs from one start, the least loss wins, and the plot that shows it."""

import json
import re

import pytest
from PIL import Image

from minifcn import train
from minifcn.models.build import MODALITIES
from minifcn.training.rate_search import Trial, best, explain, search, try_rate
from minifcn.training.run import execute
from minifcn.training.settings import resolve
from minifcn.training.solver import TrainingError

TINY = {
    "weights": "none",
    "width": 1 / 64,
    "batch_size": 2,
    "steps": 4,
    "policy": "fixed",
    "data_options": {"size": (32, 48), "length": 4},
}


def tiny(**changes):
    return resolve("shapes", **{**TINY, **changes})


def test_every_rate_starts_from_the_same_weights_and_images(tmp_path):
    trials = search(tiny(), [1e-2, 1e-4], tmp_path)
    assert [trial.rate for trial in trials] == [1e-4, 1e-2]
    assert trials[0].losses[0] == trials[1].losses[0]
    assert trials[0].losses[1] != trials[1].losses[1]


@pytest.mark.parametrize("modality", MODALITIES)
def test_a_trial_is_the_training_that_it_stands_for(modality, tmp_path):
    options = {**TINY["data_options"], "depth": True}
    settings = tiny(modality=modality, data_options=options, warm_up=0)
    execute(settings, tmp_path)
    log = map(json.loads, (tmp_path / "log.jsonl").read_text().splitlines())
    trained = [line["pixel_loss"] for line in log if "pixel_loss" in line]
    assert try_rate(settings).losses == trained


def test_the_figures_and_a_plot_are_written(tmp_path):
    trials = search(tiny(), [1e-3], tmp_path)
    assert json.loads((tmp_path / "lr-search.json").read_text())[0]["score"] == trials[0].score
    with Image.open(tmp_path / "lr-search.png") as plot:
        assert plot.size == (1200, 480)


def test_a_run_that_diverges_is_told_and_loses(tmp_path):
    told = []
    settings = tiny(steps=30, rate=1e-6, normalization="none", momentum=0.99)
    trials = search(settings, [3e-6, 3e4], tmp_path, told.append)
    assert "diverged" in told[1]
    assert trials[1].score == float("inf")
    assert best(trials) is trials[0]
    assert json.loads((tmp_path / "lr-search.json").read_text())[1]["score"] is None


def test_the_score_is_the_mean_of_the_last_quarter():
    trial = try_rate(tiny(steps=8))
    assert trial.score == pytest.approx(sum(trial.losses[-2:]) / 2)


def trials(*scores):
    return [Trial(10.0**n, [1.0], score) for n, score in enumerate(scores)]


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ((2.0, 1.0, 1.5), "the next higher, 100, ends at 1.500"),
        ((2.0, 1.0, float("inf")), "the next higher, 100, diverges"),
        ((2.0, 1.0), "the highest tried"),
        ((1.0, 2.0), "the lowest tried"),
    ],
)
def test_the_choice_is_explained(scores, reason):
    assert reason in explain(trials(*scores))


def test_without_a_rate_that_works_there_is_no_choice():
    with pytest.raises(TrainingError, match=re.escape("every rate from 1 to 10 diverged")):
        best(trials(float("inf"), float("inf")))


def test_the_command_searches_and_trains_nothing(tmp_path, capsys):
    given = ["--width", "0.015625", "--weights", "none", "--batch-size", "1", "--steps", "2"]
    out = tmp_path / "search"
    assert train.main(["shapes", *given, "--lr-search", "1e-3", "1e-2", "--out", str(out)]) == 0
    assert "chosen: --lr" in capsys.readouterr().out
    assert {file.name for file in out.iterdir()} == {"lr-search.json", "lr-search.png"}
