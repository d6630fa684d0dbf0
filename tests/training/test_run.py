"""A run from the first step to the last: what it writes, how it resumes, what it refuses."""

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest

import minifcn.training.prepare
import minifcn.training.run
from minifcn.data import open_dataset
from minifcn.inference.model import load_model
from minifcn.training.reporter import Reporter
from minifcn.training.run import execute
from minifcn.training.settings import SettingsError, resolve
from minifcn.training.solver import TrainingError
from minifcn.weights.checkpoint import checkpoints, load_checkpoint
from minifcn.weights.store import WeightsError

TINY = {
    "weights": "none",
    "width": 1 / 64,
    "batch_size": 2,
    "steps": 4,
    "evaluate_every": 2,
    "evaluate_images": 1,
    "data_options": {"size": (32, 48), "length": 4},
}


def tiny(**changes):
    return resolve("shapes", **{**TINY, **changes})


def records(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def losses(folder):
    return [record.get("loss") for record in records(folder)]


def assert_same_state(folder, other):
    """Compare weights and momentum of the last checkpoints of two runs, bit for bit."""
    ours, theirs = (load_checkpoint(checkpoints(f / "checkpoints")[0]) for f in (folder, other))
    for kind in ("params", "momentum"):
        for address, array in getattr(ours, kind).items():
            assert np.array_equal(array, getattr(theirs, kind)[address]), address


class Listener(Reporter):
    def __init__(self, stop_after: int | None = None) -> None:
        self.notes: list[str] = []
        self.steps: list[int] = []
        self.evaluations: list[int] = []
        self.stop_after = stop_after

    def note(self, text):
        self.notes.append(text)

    def step(self, step, total):
        self.steps.append(step.number)
        if step.number == self.stop_after:
            raise KeyboardInterrupt

    def evaluation(self, step, scores, head=""):
        self.evaluations.append(step)


def test_a_run_is_a_folder_with_everything(tmp_path):
    listener = Listener()
    scores = execute(tiny(), tmp_path / "run", reporter=listener)
    names = {str(p.relative_to(tmp_path / "run")) for p in (tmp_path / "run").rglob("*.*")}
    assert {"config.json", "log.jsonl", "results.json", "weights.h5"} <= names
    assert {"checkpoints/step_00000002.h5", "checkpoints/step_00000004.h5"} <= names
    assert "samples/00_step_00000004.png" in names
    assert not [name for name in names if "partial" in name]
    assert listener.steps == [1, 2, 3, 4]
    assert listener.evaluations == [2, 4]
    results = json.loads((tmp_path / "run/results.json").read_text())
    assert results["mean_iu"] == scores.mean_iu
    assert next(iter(results["class_iu"])) == "background"
    lines = records(tmp_path / "run")
    assert [line["number"] for line in lines] == [1, 2, 2, 3, 4]  # one evaluation in between
    assert lines[0]["pixel_loss"] == pytest.approx(np.log(7), abs=1e-4)  # score layers are zero


def test_a_killed_run_resumes_bit_for_bit(tmp_path):
    execute(tiny(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        execute(tiny(), tmp_path / "killed", reporter=Listener(stop_after=3))
    listener = Listener()
    execute(tiny(), tmp_path / "killed", resume=True, reporter=listener)
    assert listener.steps == [3, 4]  # step 3 was after the last checkpoint
    assert_same_state(tmp_path / "whole", tmp_path / "killed")
    assert losses(tmp_path / "whole") == losses(tmp_path / "killed")


def test_an_evaluation_that_was_killed_is_made_when_the_run_goes_on(tmp_path):
    execute(tiny(), tmp_path / "whole")
    listener = Listener()
    listener.evaluation = lambda *_: [][0]
    with pytest.raises(IndexError):
        execute(tiny(), tmp_path / "killed", reporter=listener)
    assert checkpoints(tmp_path / "killed/checkpoints")[0].name == "step_00000002.h5"
    execute(tiny(), tmp_path / "killed", resume=True)
    assert losses(tmp_path / "whole") == losses(tmp_path / "killed")


def test_a_stopped_run_is_saved_and_goes_on_bit_for_bit(tmp_path):
    settings = tiny(steps=6, evaluate_every=4)
    execute(settings, tmp_path / "whole")
    listener = Listener()

    def step(report, total):
        if report.number == 2:
            os.kill(os.getpid(), signal.SIGINT)

    listener.step = step
    with pytest.raises(KeyboardInterrupt, match=r"saved are the updates up to .*step_00000003\.h5"):
        execute(settings, tmp_path / "stopped", reporter=listener)
    assert losses(tmp_path / "stopped") == losses(tmp_path / "whole")[:3]
    execute(settings, tmp_path / "stopped", resume=True)
    assert losses(tmp_path / "stopped") == losses(tmp_path / "whole")
    assert_same_state(tmp_path / "stopped", tmp_path / "whole")


def test_a_run_that_is_stopped_in_its_last_evaluation_says_so(tmp_path):
    listener = Listener()

    def evaluation(step, scores, head=""):
        if step == 4:
            os.kill(os.getpid(), signal.SIGINT)

    listener.evaluation = evaluation
    with pytest.raises(KeyboardInterrupt, match=r"saved are the updates up to .*step_00000004\.h5"):
        execute(tiny(), tmp_path, reporter=listener)
    assert not (tmp_path / "weights.h5").exists()
    execute(tiny(), tmp_path, resume=True)
    assert (tmp_path / "weights.h5").exists()


def test_a_run_that_is_stopped_before_its_first_checkpoint_says_so(tmp_path):
    listener = Listener(stop_after=1)
    with pytest.raises(KeyboardInterrupt, match="stopped before the first checkpoint, so nothing"):
        execute(tiny(), tmp_path, reporter=listener)


def damage(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 16
    path.write_bytes(content)


def test_a_damaged_checkpoint_is_told_of_and_the_one_before_is_gone_on_from(tmp_path):
    execute(tiny(), tmp_path / "whole")
    execute(tiny(), tmp_path / "damaged")
    damage(tmp_path / "damaged/checkpoints/step_00000004.h5")
    listener = Listener()
    execute(tiny(), tmp_path / "damaged", resume=True, reporter=listener)
    said = "step_00000004.h5 is damaged, so it goes on from step_00000002.h5"
    assert any(said in note for note in listener.notes)
    found = records(tmp_path / "damaged")
    (note,) = [record for record in found if "note" in record]
    assert said in note["note"] and note["number"] == 2
    found.remove(note)
    assert [record.get("loss") for record in found] == losses(tmp_path / "whole")
    assert_same_state(tmp_path / "damaged", tmp_path / "whole")
    names = {path.name for path in (tmp_path / "damaged/checkpoints").iterdir()}
    assert names == {"step_00000002.h5", "step_00000004.h5", "damaged-step_00000004.h5"}


def gone(path):
    path.unlink()


@pytest.mark.parametrize(
    ("happens", "message"),
    [
        (damage, r"none of its checkpoints is whole \(step_00000004.h5, step_00000002.h5\)"),
        (gone, "its checkpoints are gone, so the run cannot be resum"),
    ],
)
def test_a_run_without_a_whole_checkpoint_is_not_started_again(tmp_path, happens, message):
    execute(tiny(), tmp_path)
    for path in checkpoints(tmp_path / "checkpoints"):
        happens(path)
    before = [(tmp_path / name).read_bytes() for name in ("log.jsonl", "weights.h5")]
    with pytest.raises(WeightsError, match=message):
        execute(tiny(), tmp_path, resume=True)
    assert [(tmp_path / name).read_bytes() for name in ("log.jsonl", "weights.h5")] == before


def test_that_there_is_nothing_to_go_on_from_is_said(tmp_path):
    listener = Listener()
    execute(tiny(), tmp_path, resume=True, reporter=listener)
    assert f"{tmp_path}: there is no checkpoint yet, so it starts from the first step" in (
        listener.notes
    )


def test_what_a_killed_process_left_half_written_is_removed(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        execute(tiny(), tmp_path, reporter=Listener(stop_after=3))
    for name in ("checkpoints/.partial-step_00000003.h5", ".partial-weights.h5"):
        (tmp_path / name).write_bytes(b"half")
    execute(tiny(), tmp_path, resume=True)
    assert not list(tmp_path.rglob(".partial-*"))


@pytest.mark.parametrize("resume", [False, True])
def test_a_second_training_in_a_folder_is_refused(tmp_path, resume):
    listener = Listener()

    def step(report, total):
        with pytest.raises(SettingsError, match=f"{tmp_path}: (another training|holds a run)"):
            execute(tiny(), tmp_path, resume=resume)

    listener.step = step
    execute(tiny(), tmp_path, reporter=listener)


def test_reports_are_as_rare_as_asked_for_but_for_evaluations_and_the_last_step(tmp_path):
    listener = Listener()
    settings = tiny(steps=7, log_every=2, evaluate_every=3)
    execute(settings, tmp_path / "whole", reporter=listener)
    assert listener.steps == [2, 3, 4, 6, 7]
    with pytest.raises(KeyboardInterrupt):
        execute(settings, tmp_path / "killed", reporter=Listener(stop_after=4))
    execute(settings, tmp_path / "killed", resume=True)
    assert losses(tmp_path / "whole") == losses(tmp_path / "killed")
    execute(replace(settings, log_every=1), tmp_path / "each")
    each = [loss for loss in losses(tmp_path / "each") if loss is not None]
    some = [loss for loss in losses(tmp_path / "whole") if loss is not None]
    assert some == pytest.approx(
        [np.mean(each[a:b]) for a, b in ((0, 2), (2, 3), (3, 4), (4, 6), (6, 7))]
    )


def test_the_weights_of_a_run_can_be_used(tmp_path):
    execute(tiny(), tmp_path)
    model = load_model(tmp_path)
    assert model.spec == tiny().spec(7)
    assert model.class_names == open_dataset("shapes", "val").class_names
    checkpoint = load_checkpoint(checkpoints(tmp_path / "checkpoints")[0])
    for address, array in model.net.params.items():
        assert np.array_equal(array, checkpoint.params[address]), address


def test_the_next_stage_starts_with_the_predictions_of_the_one_before(tmp_path):
    execute(tiny(arch="fcn16s"), tmp_path / "fcn16s")
    settings = tiny(arch="fcn8s", weights=str(tmp_path / "fcn16s"))
    listener = Listener()
    train_data, _ = minifcn.training.prepare.open_splits(settings)
    model = minifcn.training.prepare.make_model(settings, train_data, listener.note)
    before = load_model(tmp_path / "fcn16s").net.params
    for address, array in model.net.params.items():
        if address.startswith("score_pool3/"):
            assert not array.any()
        elif not address.startswith("upscore"):
            assert np.array_equal(array, before[address]), address
    assert listener.notes


def test_a_folder_with_a_run_is_not_overwritten(tmp_path):
    execute(tiny(), tmp_path)
    with pytest.raises(SettingsError, match="holds a run already; give --resume"):
        execute(tiny(), tmp_path)


def test_weights_of_another_width_are_refused(tmp_path):
    execute(tiny(), tmp_path / "small")
    settings = tiny(width=1 / 32, weights=str(tmp_path / "small"))
    with pytest.raises(SettingsError, match=r"width 0.015625, the net is a vgg16 of width 0.03125"):
        execute(settings, tmp_path / "large")


def test_validation_images_among_the_training_ones_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(
        minifcn.training.prepare, "open_dataset", lambda name, split, **_: open_dataset(name, "val")
    )
    with pytest.raises(SettingsError, match="200 validation images are among the training ones"):
        execute(tiny(), tmp_path)


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")  # what is provoked here
def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(tmp_path):
    settings = tiny()
    with pytest.raises(KeyboardInterrupt):
        execute(settings, tmp_path, reporter=Listener(stop_after=3))
    before = checkpoints(tmp_path / "checkpoints")[0].read_bytes()
    explosive = replace(settings, rate=1e30)
    with pytest.raises(TrainingError, match=r"the loss of step \d is (nan|inf).*lower --lr"):
        execute(explosive, tmp_path, resume=True)
    assert checkpoints(tmp_path / "checkpoints")[0].read_bytes() == before


def test_a_net_that_gives_every_pixel_one_class_is_told_of(tmp_path):
    listener = Listener()
    execute(tiny(rate=1e-8), tmp_path, reporter=listener)
    assert sum("gives every pixel the same class" in note for note in listener.notes) == 1


def test_accumulating_images_one_by_one_is_a_batch(tmp_path):
    options = {"size": (32, 32), "length": 4}
    same = {"data_options": options, "mirror": False, "steps": 2, "normalization": "batch"}
    nets = []
    for name, batch_size, accumulate in (("batch", 4, 1), ("single", 1, 4)):
        settings = tiny(**same, batch_size=batch_size, accumulate=accumulate, rate=1e-5)
        train_data, _ = minifcn.training.prepare.open_splits(settings)
        model = minifcn.training.prepare.make_model(settings, train_data)
        model.net.layer("drop6").ratio = model.net.layer("drop7").ratio = 0.0
        (tmp_path / name).mkdir()
        minifcn.training.run.fit(
            model, settings, (train_data, train_data), tmp_path / name, np, Reporter()
        )
        nets.append(model.net.params)
    for address, array in nets[0].items():
        np.testing.assert_allclose(nets[1][address], array, rtol=1e-4, atol=1e-6)
