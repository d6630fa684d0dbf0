"""What a resumed run takes from the command, and what it refuses."""

import json
import shutil

import pytest

from minifcn import train
from minifcn.training import stages
from minifcn.training.reporter import Reporter
from minifcn.training.resuming import changed, settings_of, steps_made
from minifcn.training.run import execute
from minifcn.training.settings import Settings, SettingsError, resolve

TINY = {"weights": "none", "width": 1 / 64, "steps": 4, "batch_size": 1, "evaluate_every": 2}
TINY |= {"evaluate_images": 1, "final_images": 1}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of a finished run on shapes, to be copied."""
    folder = tmp_path_factory.mktemp("run") / "run"
    execute(resolve("shapes", **TINY), folder)
    return folder


@pytest.fixture
def run(finished, tmp_path):
    """A run to go on with."""
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def config(folder):
    return json.loads((folder / "config.json").read_text())


def test_a_finished_run_goes_on_to_more_steps_at_a_lower_rate_and_says_so(run, capsys):
    before = config(run)
    given = ["--steps", "6", "--lr", "0.001", "--resume", "--out", str(run)]
    assert train.main(["shapes", *given]) == 0
    out = capsys.readouterr().out
    assert "steps: 4 -> 6\n" in out
    assert f"rate: {before['settings']['rate']} -> 0.001\n" in out
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["number"] for line in lines if "loss" in line] == [1, 2, 3, 4, 5, 6]
    assert steps_made(run) == 6
    after = config(run)
    assert after["settings"] == before["settings"] | {"steps": 6, "rate": 0.001}
    (once,) = after["history"]
    assert once["changed"] == {"steps": [4, 6], "rate": [before["settings"]["rate"], 0.001]}
    assert {name: after[name] for name in ("command", "started")} == {
        name: before[name] for name in ("command", "started")
    }


def test_a_run_that_is_resumed_as_it_was_stays_as_it_was(run):
    settings = settings_of(run, "shapes", {}, resume=True)
    assert settings.to_dict() == config(run)["settings"]
    assert settings_of(run, "shapes", TINY, resume=True) == settings
    execute(settings, run, resume=True)
    assert config(run)["history"][0]["changed"] == {}


MAY_CHANGE = {
    **{"rate": 1e-3, "policy": "fixed", "warm_up": 3, "steps": 9, "evaluate_every": 3},
    **{"evaluate_images": 5, "final_images": 7, "threads": 1, "device": "cpu"},
    **{"precision": "tf32", "log_every": 5, "recompute": True, "data_dir": "elsewhere"},
    **{"stop_when_flat": 4},
}
MAY_NOT = {
    **{"seed": 1, "batch_size": 2, "accumulate": 3, "width": 1 / 32, "backbone": "alexnet"},
    **{"arch": "fcn16s", "momentum": 0.5, "weight_decay": 0.1, "mirror": False, "jitter": 3},
    **{"weights": "shipped", "padding": "faithful", "mean": [1.0, 2.0, 3.0], "recipe": "heavy"},
    **{"normalization": "none", "train_split": "val", "data_options": {"length": 3}},
    **{"learn_upsampling": True, "modality": "hha", "val_split": "train", "fc_channels": 8},
    **{"weights_hha": "x.h5", "scale": "0.5,2", "class_weights": "sqrt"},
    **{"freeze": "conv1*", "sample_loss": 0.5, "dropout": 0.1, "bias_rate": 1.0},
    **{"score_init": "random", "images": "0.5", "patches": 32, "mask": "both"},
    **{"fuse": "max", "skip_scale": "one", "fc_kernel": 3, "layer_rates": "conv*=0.1"},
}


def test_each_setting_may_change_or_may_not():
    assert {*MAY_CHANGE, *MAY_NOT, "dataset"} == set(Settings.__dataclass_fields__)


@pytest.mark.parametrize("name", MAY_CHANGE)
def test_how_a_run_goes_on_may_change(name):
    kept = resolve("shapes", **TINY)
    new = changed(kept, {name: MAY_CHANGE[name]})
    assert new.to_dict() == kept.to_dict() | {name: MAY_CHANGE[name]}


@pytest.mark.parametrize("name", MAY_NOT)
def test_what_makes_a_run_what_it_is_may_not_change(name):
    kept = resolve("shapes", **TINY, rate=1e-8, normalization="valid")
    called = f"--{name.replace('_', '-')}" if name != "data_options" else name
    with pytest.raises(SettingsError, match=rf"^{called} was .* when this run began and cannot"):
        changed(kept, {name: MAY_NOT[name]})


def test_another_data_set_is_refused(run):
    with pytest.raises(SettingsError, match="dataset was shapes when this run began and cannot"):
        settings_of(run, "voc", {}, resume=True)


def test_what_is_refused_leaves_the_run_alone(run, capsys):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    for given in (["--seed", "1"], ["--steps", "3"]):
        assert train.main(["shapes", *given, "--resume", "--out", str(run)]) == 1
    assert "has made 4 steps already; give --steps that or more" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_paths_in_other_words_are_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    kept = resolve("shapes", **{**TINY, "weights": "a/w.h5"})
    assert changed(kept, {"weights": str(tmp_path / "a" / "w.h5")})


def test_the_accumulation_is_that_of_each_rank():
    kept = resolve("shapes", ranks=3, **TINY, accumulate=2)
    assert changed(kept, {"accumulate": 3}, ranks=2).accumulate == 6
    with pytest.raises(SettingsError, match="--accumulate was 6"):
        changed(kept, {"accumulate": 2}, ranks=2)


def test_finished_stages_keep_what_may_change_and_the_others_take_it(tmp_path, monkeypatch):
    for arch in ("fcn32s", "fcn16s"):
        weights = "none" if arch == "fcn32s" else str(tmp_path / "fcn32s")
        settings = resolve("shapes", **{**TINY, "arch": arch, "weights": weights})
        (tmp_path / arch).mkdir()
        text = json.dumps({"settings": settings.to_dict()})
        (tmp_path / arch / "config.json").write_text(text)
    (tmp_path / "fcn32s/weights.h5").write_bytes(b"finished")
    runs = []
    monkeypatch.setattr(stages, "execute", lambda settings, *_, **__: runs.append(settings))
    more = {**TINY, "steps": 8}
    stages.train_stages("shapes", more, tmp_path, resume=True, reporter=Reporter())
    assert [settings.steps for settings in runs] == [4, 8, 8]


ODD = {
    **{"steps": "4", "rate": None, "width": 1e9, "seed": -1, "mirror": 1, "weights": 3},
    **{"arch": [], "mean": [1, 2], "data_options": 3, "dataset": {}, "threads": 10**40},
    **{"momentum": True, "fc_channels": 10**9, "data_dir": 1.5, "policy": "none", "jitter": 0.5},
}


@pytest.mark.parametrize("name", ODD)
def test_a_config_that_was_tampered_with_is_refused_and_left_alone(name, run, capsys):
    text = json.dumps({"settings": {**config(run)["settings"], name: ODD[name]}})
    (run / "config.json").write_text(text)
    assert train.main(["shapes", "--resume", "--out", str(run)]) == 1
    assert "config.json does not hold the settings of a run" in capsys.readouterr().err
    assert (run / "config.json").read_text() == text


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"3", b"null", b'{"settings": 3}', b'{"settings": []}', b"\xff\xfe"),
        *(b'{"settings": {}}', b'{"settings": {"steps": NaN}}', b"[" * 100_000),
    ],
    ids=range(11),
)
def test_a_config_that_is_none_is_refused(content, run, capsys):
    (run / "config.json").write_bytes(content)
    assert train.main(["shapes", "--resume", "--out", str(run)]) == 1
    assert "config.json does not hold the settings of a run" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [{"size": "large"}, {"length": 2.5}, {"size": ["a", "b"]}, {"hue": 1}, {"size": [1]}],
)
def test_options_of_the_data_that_were_tampered_with_are_refused(options, run, capsys):
    settings = config(run)["settings"] | {"data_options": options}
    (run / "config.json").write_text(json.dumps({"settings": settings}))
    assert train.main(["shapes", "--resume", "--out", str(run)]) == 1
    assert capsys.readouterr().err.startswith("error: ")
