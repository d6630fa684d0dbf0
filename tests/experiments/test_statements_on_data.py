"""The verdicts on what nets are trained on, from figures that are made up."""

from types import SimpleNamespace

import pytest
from helpers.canned_lab import CannedLab

from minifcn.experiments import balance, context, masks
from minifcn.experiments.data import data
from minifcn.experiments.experiment import FAILS, HOLDS, OPEN
from minifcn.experiments.fine_tune import fine_tune
from minifcn.experiments.heads import heads
from minifcn.experiments.modalities import modalities


class DataLab(CannedLab):
    """With a training split that can be counted."""

    prepared = SimpleNamespace(settings={"data_options": {}})

    def dataset(self, split="val"):
        return [None] * 2000


def conducted(measure, rule):
    """Return the result if a run has the mean IU, or the figures, that a function of it returns."""

    def figures(made):
        found = rule(made)
        return found if isinstance(found, dict) else {"mean_iu": found}

    return measure(DataLab(figures))


@pytest.mark.parametrize(
    ("full", "scores", "scratch", "expected"),
    [
        (59.4, 45.4, 10.0, HOLDS),
        (59.4, 45.4, 50.0, FAILS),  # learned from nothing
        (59.4, 20.0, 10.0, FAILS),  # a third is not about 70 percent
        (45.4, 45.4, 10.0, FAILS),
    ],
)
def test_fine_tuning(full, scores, scratch, expected):
    def rule(made):
        return scores if "freeze" in made else scratch if made.get("weights") == "none" else full

    result = conducted(fine_tune, rule)
    assert result.verdict == expected
    assert f"{100 * scores / full:.0f} (" in result.reason


@pytest.mark.parametrize(("most", "expected"), [(40.0, HOLDS), (30.5, FAILS)])
def test_more_data(most, expected):
    result = conducted(data, lambda made: 30.0 if "images" in made else most)
    assert result.verdict == expected
    assert [row.name for row in result.rows] == [
        "16 images",
        "64 images",
        "250 images",
        "2,000 images",
    ]
    assert result.charts[0].curves[0].ys == [[30.0, 30.0, 30.0, most]] * 3


@pytest.mark.parametrize(
    ("balanced", "expected"), [(59.0, HOLDS), (62.0, FAILS), ((62.0, 59.0, 60.0), OPEN)]
)
def test_balance(balanced, expected, monkeypatch):
    monkeypatch.setattr(balance, "imbalance", lambda confusion, names: "")
    monkeypatch.setattr(DataLab, "dataset", lambda *_: SimpleNamespace(class_names=()))

    def rule(made):
        each = balanced if isinstance(balanced, tuple) else (balanced,) * 3
        iu = each[made["seed"]] if made["class_weights"] == "balanced" else 60.0
        return {"mean_iu": iu, "results": {"confusion": []}}

    assert conducted(balance.balance, rule).verdict == expected


@pytest.mark.parametrize(("hha", "expected"), [(24.2, HOLDS), (32.5, FAILS)])
def test_modalities(hha, expected):
    ius = {"rgb": 29.2, "rgbd": 30.5, "hha": hha, "rgb-hha": 32.8}
    assert conducted(modalities, lambda made: ius[made["modality"]]).verdict == expected


@pytest.mark.parametrize(
    ("kinds", "turns", "seconds", "expected"),
    [(60, 70, 0.1, HOLDS), (50, 70, 0.1, FAILS), (60, 60, 0.1, FAILS), (60, 70, 0.2, FAILS)],
)
def test_heads(kinds, turns, seconds, expected):
    def rule(made):
        head = made["data_options"]["head"]
        if head == "both":
            geo = {"heads": {"geo": {"mean_iu": turns / 100}}}
            return {"mean_iu": kinds, "results": geo, "seconds": seconds}
        return {"mean_iu": {"sem": 60.5, "geo": 70.5}[head], "seconds": 0.1}

    assert conducted(heads, rule).verdict == expected


@pytest.mark.parametrize(
    ("printed", "expected"), [({}, HOLDS), ({"around": 81.0}, FAILS), ({"bg_only": 15.0}, FAILS)]
)
def test_masks(printed, expected, monkeypatch):
    ius = {"none": 84.8, "objects": 81.0, "around": 19.8, "bg_only": 37.8, **printed}
    tested = {
        ("none", "none"): ius["none"],
        ("none", "background"): ius["objects"],
        ("none", "foreground"): ius["around"],
        ("background", "background"): 76.1,
        ("foreground", "foreground"): ius["bg_only"],
        ("both", "both"): 29.1,
    }
    monkeypatch.setattr(masks, "_tested", lambda lab, run, train, test: tested[train, test])
    assert conducted(masks.masks, lambda made: 0.0).verdict == expected


@pytest.mark.parametrize(
    ("near", "far", "expected"), [(20.0, 2.0, HOLDS), (20.0, 25.0, FAILS), (0.5, -5.0, FAILS)]
)
def test_context(near, far, expected, monkeypatch):
    gained = {"fcn32s": 0.0, "fcn16s": 0.5, "fcn8s": 1.0}

    def bands(lab, run):
        part = gained[run.made["arch"]]
        return [40 + part * near] * len(context.WIDTHS), 60 + part * far

    monkeypatch.setattr(context, "_bands", bands)
    assert conducted(context.context, lambda made: 50.0).verdict == expected
