"""Runs that diverge are told of, and are worth nothing."""

import math

from helpers.canned_lab import CannedLab

from minifcn.experiments.diverging import runs_or_none, worth
from minifcn.experiments.lab import mean_ius


def test_runs_that_diverge_are_none_and_told_of():
    lab = CannedLab(lambda made: None if made["seed"] == 1 else {"mean_iu": 50.0})
    found = runs_or_none(lab, "fcn32s", rate=0.2)
    assert [run and run.seed for run in found] == [0, None, 2]
    assert lab.notes == ["fcn32s, seed 1, diverged: the loss is nan"]
    assert [math.isnan(iu) for iu in mean_ius(found)] == [False, True, False]
    assert worth(mean_ius(found)) == [50.0, 0.0, 50.0]
