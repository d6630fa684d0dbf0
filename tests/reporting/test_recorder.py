"""What a training keeps beside its log: pages, and events for TensorBoard."""

import json
import struct
import sys

import pytest
from helpers.tiny_run import TINY

from minifcn import demo, train
from minifcn.reporting import recorder
from minifcn.training.run import execute
from minifcn.training.settings import resolve

SETTINGS = {
    **{"weights": "none", "width": 1 / 64, "batch_size": 2, "steps": 4, "evaluate_every": 2},
    **{"evaluate_images": 1, "data_options": {"size": (32, 48), "length": 4}, "log_every": 1},
}


def run(folder, *, resume=False, tensorboard=False, **changes) -> None:
    settings = resolve("shapes", **{**SETTINGS, **changes})
    execute(settings, folder, resume=resume, reporter=recorder.Recorder(tensorboard=tensorboard))


def events(folder) -> list[tuple[str, int]]:
    """Return the tag and the number of each event in a folder, sorted."""
    event_pb2 = pytest.importorskip("tensorboardX.proto.event_pb2")
    found = []
    for path in folder.glob("events.out.tfevents.*"):
        content = path.read_bytes()
        while content:  # length, its checksum, an event, its checksum
            (length,) = struct.unpack("<Q", content[:8])
            event = event_pb2.Event.FromString(content[12 : 12 + length])
            found += [(value.tag, event.step) for value in event.summary.value]
            content = content[16 + length :]
    return sorted(found)


def test_pages_are_written_at_each_evaluation(tmp_path, monkeypatch, capsys):
    seen = []

    def write_pages(folder):
        written(folder)
        text = (folder / "report.html").read_text()
        seen.append((folder / "README.md").exists() and "2 of 4 updates, not finished" in text)

    written = recorder.write_pages
    monkeypatch.setattr(recorder, "write_pages", write_pages)
    run(tmp_path / "run")
    assert seen == [True, False]
    assert "finished after 4 updates" in (tmp_path / "run" / "report.html").read_text()
    assert f"open {tmp_path / 'run' / 'report.html'} in a browser" in capsys.readouterr().out


def test_a_training_goes_on_without_pages_and_says_so_once(tmp_path, monkeypatch, capsys):
    def write_pages(folder):
        raise ZeroDivisionError("no page")

    monkeypatch.setattr(recorder, "write_pages", write_pages)
    run(tmp_path / "run")
    said = capsys.readouterr().out
    assert said.count("README.md or events are not written (ZeroDivisionError('no page'))") == 1
    assert (tmp_path / "run" / "results.json").exists()


def test_events_are_those_of_the_log_once_each_however_often_it_is_resumed(tmp_path):
    pytest.importorskip("tensorboardX")
    run(tmp_path / "run")
    run(tmp_path / "run", resume=True, tensorboard=True, steps=6)
    run(tmp_path / "run", resume=True, tensorboard=True, steps=8)
    found = events(tmp_path / "run" / "tensorboard")
    assert len(found) == len(set(found))
    by_tag = {tag: [number for name, number in found if name == tag] for tag, _ in found}
    assert by_tag["loss/pixel"] == by_tag["rate"] == list(range(1, 9))
    log = (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    logged = [line["number"] for line in map(json.loads, log) if "mean_iu" in line]
    assert by_tag["mean_iu"] == [*logged, 8]
    assert by_tag["sample/0"] == [2, 4, 6, 8]


def test_that_tensorboard_is_missing_is_said_before_anything_is_done(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert train.main(["shapes", "--tensorboard", "--out", str(tmp_path / "run")]) == 1
    assert "pip install 'minifcn[tensorboard]'" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_folder_with_a_readme_is_not_written_over(tmp_path, capsys):
    (tmp_path / "README.md").write_text("mine")
    assert train.main(["shapes", *TINY, "--out", str(tmp_path)]) == 1
    assert "README.md, which a run would write over" in capsys.readouterr().err


def test_the_demo_has_a_report_for_each_stage():
    assert demo.Recorder is recorder.Recorder
