"""What is said of a run in words."""

import json

import pytest
from helpers.run_folders import make_run

from minifcn.reporting.run_record import read_run
from minifcn.reporting.words import command_line, duration, facts


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (
            ["/x/minifcn/train.py", "shapes", "--out", "a b"],
            "python -m minifcn.train shapes --out 'a b'",
        ),
        (["/x/minifcn/__main__.py", "train", "shapes"], "python -m minifcn train shapes"),
        (["/x/bin/minifcn", "train", "shapes"], "minifcn train shapes"),
        (["notebook.py"], "notebook.py"),
        ([], ""),
    ],
)
def test_a_command_is_shown_as_it_is_typed(argv, line):
    assert command_line({"command": argv}) == line


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (59.4, "59 s"), (90, "2 min"), (3720, "1 h 2 min")]
)
def test_a_time_is_said_in_round_numbers(seconds, words):
    assert duration(seconds) == words


def test_when_a_run_was_resumed_and_what_changed_is_told(tmp_path):
    folder = make_run(tmp_path / "run")
    config = json.loads((folder / "config.json").read_text())
    config["history"] = [{"started": "later", "changed": {"rate": [0.1, 0.2]}}, "damaged"]
    (folder / "config.json").write_text(json.dumps(config))
    assert facts(read_run(folder))["resumed"] == "later (rate: 0.1 → 0.2)"


@pytest.mark.parametrize("name", ["machine", "versions", "history", "images", "classes", "command"])
def test_damaged_facts_are_left_out(name, tmp_path):
    folder = make_run(tmp_path / "run")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, name: 7}))
    run = read_run(folder)
    assert facts(run)["state"] == "finished after 4 updates"
    assert not command_line(run.config) or name != "command"
