"""Settings from a file: a run's, or written by hand."""

import json

import pytest

from minifcn import train
from minifcn.training.config_file import read_settings, with_config
from minifcn.training.settings import SettingsError, resolve

TINY = {"weights": "none", "width": 1 / 64, "steps": 2, "batch_size": 1, "evaluate_images": 1}


def written(path, text):
    path.write_text(text)
    return path


def test_a_run_starts_another_and_options_win(tmp_path):
    options = ["--weights", "none", "--width", "0.015625", "--seed", "3"]
    assert train.main(["shapes", *options, "--out", str(tmp_path / "a"), "--smoke"]) == 0
    config = ["--config", str(tmp_path / "a"), "--lr", "0.01", "--out", str(tmp_path / "b")]
    assert train.main(config) == 0
    first, second = (
        json.loads((tmp_path / name / "config.json").read_text())["settings"] for name in "ab"
    )
    assert second == first | {"rate": 0.01}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.toml", 'dataset = "voc"\nbatch-size = 3\nlr = 0.5\n[data_options]\nyear = 2011\n'),
        (
            "a.json",
            '{"dataset": "voc", "batch_size": 3, "rate": 0.5, "seed": null, '
            '"data_options": {"year": 2011}}',
        ),
    ],
)
def test_keys_are_called_as_settings_or_as_options(tmp_path, name, text):
    expected = {"dataset": "voc", "batch_size": 3, "rate": 0.5, "data_options": {"year": 2011}}
    assert read_settings(written(tmp_path / name, text)) == expected


def test_how_many_images_a_run_had_is_no_setting(tmp_path):
    text = '{"settings": {"steps": 3, "images": null}, "images": [2000, 200]}'
    assert read_settings(written(tmp_path / "config.json", text)) == {"steps": 3}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.json", '{"stepps": 3}', r"a\.json: there is no setting 'stepps'; did you mean 'steps'"),
        ("a.json", '{"steps": "3"}', r"a\.json, 'steps': --steps must be a whole number"),
        ("a.toml", 'recipe = "fast"', r"a\.toml, 'recipe': --recipe must be one of accumulate"),
        ("a.toml", "steps = = 3", r"a\.toml is not TOML"),
        ("a.json", "{", r"a\.json is not JSON"),
        ("a.json", "[3]", r"a\.json must be an object"),
        ("a.json", '{"lr": 0.1, "rate": 0.1}', r"'rate' is there twice"),
        ("a.json", '{"steps": 3, "lr": 0.1, "steps": 4}', r"a\.json .*'steps' is there twice"),
        ("a.json", '{"settings": {"lr": 1.0}, "steps": 3}', r"'steps' stands beside \"settings\""),
        ("a.yaml", "steps: 3", r"a .json or .toml file, or the folder of a run"),
    ],
)
def test_what_is_no_setting_is_refused_by_file_and_key(tmp_path, name, text, words):
    with pytest.raises(SettingsError, match=words):
        read_settings(written(tmp_path / name, text))


def test_a_file_that_is_not_there_is_told_of(tmp_path):
    with pytest.raises(SettingsError, match=r"config\.json does not exist"):
        read_settings(tmp_path)


def test_a_command_without_a_data_set_needs_a_file_that_names_one(capsys):
    assert train.main([]) == 1
    assert "name a data set, or a --config that says which" in capsys.readouterr().err


def test_what_belongs_to_another_data_set_is_left_out(tmp_path):
    of_voc = {
        "data_dir": "VOCdevkit",
        "train_split": "trainval",
        "val_split": "seg11valid",
        "class_weights": {"cat": 2.0},
        "data_options": {"year": 2011},
    }
    file = written(tmp_path / "a.json", json.dumps({"dataset": "voc", "steps": 5, **of_voc}))
    given = {"dataset": "shapes", "steps": None, "data_options": {"length": 4}}
    assert with_config(file, given) == {
        **{"dataset": "shapes", "steps": 5, "data_options": {"length": 4}}
    }
    for name in (None, "voc"):
        same = with_config(file, {"dataset": name, "data_options": None})
        assert same == {"dataset": "voc", "steps": 5, **of_voc}


def test_a_file_that_names_no_data_set_is_for_any(tmp_path):
    text = '{"data_dir": "mine", "class_weights": "sqrt", "data_options": {"year": 2011}}'
    file = written(tmp_path / "a.json", text)
    assert with_config(file, {"dataset": "voc"}) == {"dataset": "voc", **json.loads(text)}


def test_balanced_classes_are_not_of_one_data_set(tmp_path):
    file = written(tmp_path / "a.toml", 'dataset = "voc"\nclass-weights = "sqrt"\n')
    assert with_config(file, {"dataset": "shapes"})["class_weights"] == "sqrt"


def test_the_accumulation_of_a_file_is_that_of_all_processes(tmp_path):
    text = json.dumps(resolve("shapes", ranks=2, **TINY, accumulate=3).to_dict())
    file, given = written(tmp_path / "a.json", text), {"dataset": None}
    assert with_config(file, given, 3)["accumulate"] == 2
    with pytest.raises(SettingsError, match="the 6 batches of an update cannot be divided among 4"):
        with_config(file, given, 4)
    assert with_config(file, {**given, "accumulate": 5}, 4)["accumulate"] == 5
