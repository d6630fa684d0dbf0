"""Each statement's verdict, from figures that are made up: those the paper prints, and others."""

import pytest
from helpers.canned_lab import CannedLab

from minifcn.experiments import at_once, layers_alone, table2
from minifcn.experiments.at_once import at_once as try_at_once
from minifcn.experiments.augment import augment
from minifcn.experiments.dropout import dropout
from minifcn.experiments.experiment import FAILS, HOLDS
from minifcn.experiments.fusion import fusion
from minifcn.experiments.layers_alone import layers_alone as try_layers_alone
from minifcn.experiments.lower_rate import lower_rate
from minifcn.experiments.momentum import momentum
from minifcn.experiments.rate import rate
from minifcn.experiments.sampling import sampling
from minifcn.experiments.scores import scores
from minifcn.experiments.table2 import table2 as try_table2


@pytest.fixture(autouse=True)
def nothing_to_see(monkeypatch):
    """Made-up runs have no nets to draw or to look into."""
    monkeypatch.setattr(table2, "figure4", lambda lab, runs: None)
    monkeypatch.setattr(at_once, "feature_sizes", lambda model, dataset: {"drop7": 10.0})
    monkeypatch.setattr(layers_alone, "skips_of", lambda run: {16: "pool4", 8: "pool3"})


def verdict(measure, mean_iu, **others):
    """Return the verdict if runs have the mean IU that a function of their making returns.

    `others` are such functions, too: of the losses and the seconds.
    """

    def figures(made):
        found = mean_iu(made)
        if found is None:
            return None
        return {"mean_iu": found, **{name: rule(made) for name, rule in others.items()}}

    return measure(CannedLab(figures)).verdict


def of_arch(fixed, coarse, middle, fine):
    archs = {"fcn32s": coarse, "fcn16s": middle, "fcn8s": fine}
    return lambda made: fixed if "freeze" in made else archs[made["arch"]]


@pytest.mark.parametrize(
    ("ius", "expected"),
    [
        ((45.4, 59.4, 62.4, 62.7), HOLDS),
        ((59.4, 59.4, 62.4, 62.7), FAILS),
        ((45.4, 59.4, 59.9, 62.7), FAILS),
        ((45.4, 59.4, 62.4, 62.3), FAILS),
    ],
)
def test_table2(ius, expected):
    assert verdict(try_table2, of_arch(*ius)) == expected


@pytest.mark.parametrize(
    ("iu", "losses", "expected"),
    [(50.0, [1, 0.5], HOLDS), (54.0, [1, 0.5], FAILS), (50.0, [1, 0.4], FAILS)],
)
def test_score_layers_from_zeros_are_as_good_and_no_slower(iu, losses, expected):
    drawn = lambda made: "score_init" in made  # noqa: E731
    found = verdict(
        scores,
        lambda made: iu if drawn(made) else 50.0,
        losses=lambda made: losses if drawn(made) else [1, 0.5],
    )
    assert found == expected


@pytest.mark.parametrize(
    ("without", "skipped", "expected"),
    [(59.8, 62.4, HOLDS), (62.4, 64.0, FAILS), (59.8, 60.0, FAILS)],
)
def test_a_lower_rate_gains_nothing_without_a_skip(without, skipped, expected):
    def ius(made):
        if made["after"] is None:
            return 59.4
        assert made["rate"] == pytest.approx(0.002) and made["steps"] == 800
        return {"fcn32s": without, "fcn16s": skipped}[made["arch"]]

    assert verdict(lower_rate, ius) == expected


@pytest.mark.parametrize(
    ("ius", "expected"), [((50.0, 22.4, 9.2), HOLDS), ((20.0, 22.4, 9.2), FAILS)]
)
def test_layers_alone(ius, expected):
    frozen = {None: ius[0], "score_fr": ius[1], "score_fr,score_pool4": ius[2]}
    assert verdict(try_layers_alone, lambda made: frozen[made.get("freeze")]) == expected


@pytest.mark.parametrize(("iu", "expected"), [(40.0, HOLDS), (62.0, FAILS)])
def test_a_maximum_is_worse_than_a_sum(iu, expected):
    assert verdict(fusion, lambda made: iu if "fuse" in made else 60.0) == expected


@pytest.mark.parametrize(
    ("scaled", "plain", "expected"),
    [(65.4, None, HOLDS), (65.4, 40.0, HOLDS), (60.0, None, FAILS), (65.4, 66.0, FAILS)],
)
def test_at_once(scaled, plain, expected):
    def ius(made):
        if made["arch"] != "fcn8s-at-once":
            return 65.5
        assert made["steps"] == 800
        return plain if "skip_scale" in made else scaled

    assert verdict(try_at_once, ius) == expected


@pytest.mark.parametrize(
    ("ius", "expected"),
    [((51.9, 60.7, 63.6), HOLDS), ((60.7, 60.7, 63.6), FAILS), ((51.9, 63.6, 60.7), FAILS)],
)
def test_momentum(ius, expected):
    seen = set()

    def found(made):
        seen.add(made["steps"] * made["batch_size"] * made["accumulate"])
        if made["accumulate"] > 1:
            return ius[0]
        return ius[2] if "momentum" in made else ius[1]

    assert verdict(momentum, found) == expected
    assert seen == {1200}


@pytest.mark.parametrize(
    ("by_rate", "once", "expected"),
    [
        ({0.002: 20, 0.006: 40, 0.02: 50, 0.06: 45, 0.2: None}, 50.5, HOLDS),
        ({0.002: 50, 0.006: 50, 0.02: 50, 0.06: 50, 0.2: None}, 50.5, FAILS),
        ({0.002: 20, 0.006: 40, 0.02: 50, 0.06: 45, 0.2: None}, 40.0, FAILS),
    ],
)
def test_the_rate_decides_and_the_biases_do_not(by_rate, once, expected):
    def found(made):
        if "bias_rate" in made:
            return once
        return by_rate[round(made.get("rate", 0.02), 6)]

    assert verdict(rate, found) == expected


@pytest.mark.parametrize(
    ("sampled", "expected"),
    [
        ([1, 0.8, 0.5, 0.5], HOLDS),
        ([0.5, 0.5, 0.5, 0.5], FAILS),  # at the end from the start: as good by images, too
        ([1, 0.8, 0.3, 0.2], FAILS),
    ],
)
def test_sampling_the_loss(sampled, expected):
    def losses(made):
        assert made["batch_size"] * made["sample_loss"] == 2
        return sampled if made["sample_loss"] < 1 else [1, 0.8, 0.5, 0.5]

    assert verdict(sampling, lambda made: 50.0, losses=losses) == expected


@pytest.mark.parametrize(("iu", "expected"), [(50.4, HOLDS), (53.0, FAILS), (47.0, FAILS)])
def test_dropout_makes_little_difference(iu, expected):
    assert verdict(dropout, lambda made: iu if "dropout" in made else 50.0) == expected


@pytest.mark.parametrize(
    ("mirrored", "shifted", "expected"),
    [(50.5, 50.0, HOLDS), (48.0, 48.0, HOLDS), (50.5, 53.0, FAILS), (53.0, 50.5, FAILS)],
)
def test_augmentation_gains_nothing(mirrored, shifted, expected):
    def found(made):
        if "jitter" in made:
            return shifted
        return mirrored if made.get("mirror", True) else 50.0

    assert verdict(augment, found) == expected
