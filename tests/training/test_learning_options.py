"""The settings of how a net learns: what is frozen, sampled, dropped, and how biases learn."""

import json

import numpy as np
import pytest

from minifcn.data.shapes import ShapesDataset
from minifcn.layers import Dropout
from minifcn.net.heads import net_heads
from minifcn.reporting.fitting import fit
from minifcn.training.prepare import make_model
from minifcn.training.reporter import Reporter
from minifcn.training.run import execute
from minifcn.training.settings import Settings, SettingsError, resolve
from minifcn.weights.checkpoint import checkpoints, load_checkpoint

TINY = {"weights": "none", "width": 1 / 64, "batch_size": 2, "steps": 4, "evaluate_every": 2}
TINY |= {"evaluate_images": 1, "final_images": 1, "data_options": {"size": [32, 48], "length": 4}}
ODD_RATES = ("conv*=0", "conv*=-1", "conv*=nan", "conv*=inf", "conv*", "=2", "", "a=1,,b=1")
ODD_RATES += ("conv*=1,conv*=2",)  # which of the two?
DATA = ShapesDataset("train", length=2)


def net_of(**given):
    return make_model(resolve("shapes", **{**TINY, **given}), DATA).net


def state(folder):
    return load_checkpoint(checkpoints(folder / "checkpoints")[0])


class Stopping(Reporter):
    """Ctrl-C after the second update."""

    def step(self, step, total):
        if step.number == 2:
            raise KeyboardInterrupt


def test_an_older_run_has_the_defaults_of_what_was_added_later():
    settings = resolve("shapes", **TINY)
    added = {n for n, one in Settings.__dataclass_fields__.items() if one.metadata["added"]}
    assert {
        "freeze",
        "layer_rates",
        "fc_kernel",
        "sample_loss",
        "dropout",
        "bias_rate",
        "score_init",
    } <= added
    older = {name: v for name, v in settings.to_dict().items() if name not in added}
    assert Settings.from_dict(older) == settings


def test_an_older_run_is_resumed(tmp_path):
    settings = resolve("shapes", **TINY)
    execute(settings, tmp_path / "run")
    path = tmp_path / "run" / "config.json"
    config = json.loads(path.read_text())
    for name, one in Settings.__dataclass_fields__.items():
        if one.metadata["added"]:
            del config["settings"][name]
    path.write_text(json.dumps(config))
    fitted = fit("shapes", tmp_path / "run", resume=True, reporter=Reporter(), steps=5)
    assert fitted.settings.to_dict() == {**settings.to_dict(), "steps": 5}
    assert json.loads(path.read_text())["settings"] == fitted.settings.to_dict()


RANDOM = {"sample_loss": 0.5}, {"freeze": "*,!score*", "dropout": 0.25}
RANDOM += ({"layer_rates": "conv*=0.1", "fc_kernel": 3},)


@pytest.mark.parametrize("given", RANDOM, ids=str)
def test_a_run_that_is_resumed_repeats_what_it_would_have_done(given, tmp_path):
    settings = resolve("shapes", **{**TINY, **given, "score_init": "random"})
    execute(settings, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        execute(settings, tmp_path / "killed", reporter=Stopping())
    execute(settings, tmp_path / "killed", resume=True)
    whole, killed = state(tmp_path / "whole"), state(tmp_path / "killed")
    for kind in ("params", "momentum"):
        for address, array in getattr(whole, kind).items():
            assert np.array_equal(array, getattr(killed, kind)[address]), address


def test_frozen_layers_stay_as_they_were_and_have_no_momentum(tmp_path):
    before = {name: array.copy() for name, array in net_of(freeze="*,!score*").params.items()}
    execute(resolve("shapes", **{**TINY, "freeze": "*,!score*"}), tmp_path / "run")
    after = state(tmp_path / "run")
    changed = {name for name in before if not np.array_equal(before[name], after.params[name])}
    scores = {f"score_{part}/{p}" for part in ("fr", "pool4", "pool3") for p in ("weight", "bias")}
    assert changed == scores == set(after.momentum)


def test_the_backward_pass_ends_where_nothing_below_learns():
    net, timed = net_of(freeze="conv*,!conv5*"), []
    net.clock = lambda name, direction, seconds: timed.append((name, direction))
    batch = {"data": np.zeros((1, 3, 32, 32), np.float32), "label": np.zeros((1, 32, 32), int)}
    rng = np.random.default_rng(0)
    dict(net.backward(net.forward(batch, outputs=["loss"], train=True, rng=rng)[1]))
    backwards = [name for name, direction in timed if direction == "backward"]
    assert backwards[-1] == "conv5_1" and "conv4_3" not in backwards


def test_how_much_is_frozen_is_told():
    told = []
    settings = resolve("shapes", **{**TINY, "arch": "fcn32s", "freeze": " * , !score_fr "})
    net = make_model(settings, DATA, told.append).net
    scores = sum(net.params[f"score_fr/{name}"].size for name in ("weight", "bias"))
    frozen = sum(p.size for name, p in net.params.items() if not name.startswith(("up", "score")))
    assert told == [f"frozen: {frozen:,} parameters ( * , !score_fr ); {scores:,} learn"]


@pytest.mark.parametrize(
    ("patterns", "words"),
    [
        ("conv9*", "--freeze: no layer with parameters matches 'conv9\\*'; there are conv1_1, co"),
        ("*,!conv9*", "no layer with parameters matches 'conv9"),
        ("*", "leaves nothing to learn: take layers out again"),
        ("upscore*", "freezes nothing that would learn: begin with the layers to freeze"),
        ("!conv*", "freezes nothing that would learn"),
        (" , ", "--freeze must be patterns of layers' names, such as 'conv\\*,fc6', not"),
    ],
)
def test_patterns_that_cannot_be_meant_are_refused(patterns, words):
    with pytest.raises(SettingsError, match=words):
        net_of(freeze=patterns)


def test_single_layers_learn_at_other_rates():
    usual, net = net_of(), net_of(layer_rates="conv*=0.1, conv5*=0.5,score_fr=4", freeze="conv1*")
    factors = {"conv2_1": 0.1, "conv5_3": 0.5, "score_fr": 4, "score_pool4": 1, "conv1_1": 0}
    for layer, factor in factors.items():
        for name in ("weight", "bias"):
            rate, decay = usual.multipliers[f"{layer}/{name}"]
            expected = (rate * factor, decay if factor else 0)
            assert net.multipliers[f"{layer}/{name}"] == expected


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ("conv9*=2", "--layer-rates: no layer with parameters matches 'conv9\\*'; there are conv1"),
        ("upscore*=2", "--layer-rates: all that matches 'upscore\\*' is frozen"),
        *((odd, "--layer-rates must be patterns .* --freeze is for layers") for odd in ODD_RATES),
    ],
)
def test_rates_that_cannot_be_meant_are_refused(rates, words):
    with pytest.raises(SettingsError, match=words):
        net_of(layer_rates=rates)


def test_the_loss_of_every_head_is_sampled():
    data = ShapesDataset("train", length=1, two_heads=True)
    net = make_model(resolve("shapes", **TINY, sample_loss=0.25), data).net
    assert [head.layer.sample for head in net_heads(net)] == [0.25, 0.25]


def test_the_rate_of_dropout_is_the_nets_or_as_given():
    def ratios(**given):
        nodes = net_of(**given).nodes
        return {node.layer.ratio for node in nodes if isinstance(node.layer, Dropout)}

    assert (ratios(), ratios(dropout=0.1), ratios(dropout=0)) == ({0.5}, {0.1}, {0})
    assert ratios(backbone="googlenet") == {0.4}


def test_biases_learn_at_the_factor_that_is_given():
    usual, net = net_of(), net_of(bias_rate=3)
    for address, factors in net.multipliers.items():
        assert factors == ((3, 0) if address.endswith("/bias") else usual.multipliers[address])
    assert usual.multipliers["conv1_1/bias"] == (2, 0)


def test_biases_that_do_not_learn_stay_at_zero():
    net = net_of(bias_rate=0)
    assert not any(net.multipliers[a][0] for a in net.params if a.endswith("/bias"))
    assert net.multipliers["conv1_1/weight"] == (1, 1)


def test_score_layers_start_at_zero_or_at_random_and_the_others_do_not_change():
    zero, random = net_of().params, net_of(score_init="random").params
    differ = {address for address in zero if not np.array_equal(zero[address], random[address])}
    assert differ == {"score_fr/weight", "score_pool4/weight", "score_pool3/weight"}
    drawn = np.concatenate([random[address].ravel() for address in differ])
    assert not any(zero[address].any() for address in differ)
    assert abs(drawn.std() / 0.01 - 1) < 5 / np.sqrt(2 * drawn.size)
