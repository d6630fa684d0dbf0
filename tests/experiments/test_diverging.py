"""Runs that diverge are told of, and are worth nothing."""

import json
import math

import pytest
from helpers.canned_lab import CannedLab

from minifcn.experiments import lab as labs
from minifcn.experiments.diverging import runs_or_none, worth
from minifcn.experiments.lab import Lab, mean_ius
from minifcn.training.solver import Diverged, TrainingError


def test_runs_that_diverge_are_none_and_told_of():
    lab = CannedLab(lambda made: None if made["seed"] == 1 else {"mean_iu": 50.0})
    found = runs_or_none(lab, "fcn32s", rate=0.2)
    assert [run and run.seed for run in found] == [0, None, 2]
    assert lab.notes == ["fcn32s, seed 1, diverged: the loss is nan"]
    assert [math.isnan(iu) for iu in mean_ius(found)] == [False, True, False]
    assert worth(mean_ius(found)) == [50.0, 0.0, 50.0]


def test_what_diverged_is_trained_again_only_with_other_settings(tmp_path, monkeypatch):
    told: list[str] = []
    trained = []

    def fit(*_, rate, **__):
        trained.append(rate)
        raise Diverged("the loss of step 7 is inf", 7)

    monkeypatch.setattr(labs, "fit", fit)
    for _ in range(2):
        lab = Lab("shapes", tmp_path, smoke=True, note=told.append)
        assert runs_or_none(lab, "fcn32s", rate=1e-2) == [None]
    assert trained == [1e-2]
    (kept,) = tmp_path.glob("runs/*/diverged.json")
    said = json.loads(kept.read_text())
    assert said["step"] == 7
    assert told[0].endswith("the loss of step 7 is inf")
    assert told[1].endswith(f"(so {kept} says; delete it to try again)")
    assert lab.seconds[kept.parent] == said["seconds"]
    assert runs_or_none(lab, "fcn32s", rate=2e-2) == [None]
    assert trained == [1e-2, 2e-2]


def test_what_fails_otherwise_is_not_taken_for_a_divergence():
    def fails(made):
        raise TrainingError("the folder has gone")

    with pytest.raises(TrainingError, match="gone"):
        runs_or_none(CannedLab(fails), "fcn32s")
