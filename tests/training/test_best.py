"""The best evaluation becomes weights.h5, whenever the run is killed; a flat one may be stopped."""

import json
import zlib

import numpy as np
import pytest

from minifcn.inference.metrics import ConfusionMatrix
from minifcn.training import finish, run, run_files
from minifcn.training.best import best_of, comparable, flat_for
from minifcn.training.reporter import Reporter
from minifcn.training.run import execute
from minifcn.training.settings import resolve
from minifcn.weights.checkpoint import checkpoints, load_checkpoint
from minifcn.weights.store import load_weights

DATA = {"size": (32, 32), "length": 4}
TINY = {
    "weights": "none",
    "arch": "fcn32s",
    "width": 1 / 64,
    "batch_size": 1,
    "rate": 1e-3,
    "data_options": DATA,
}
FILES = ("weights.h5", "last.h5", "results.json")


def tiny(**changes):
    settings = {
        **TINY,
        "data_options": DATA,
        "steps": 5,
        "evaluate_every": 1,
        "evaluate_images": 2,
        **changes,
    }
    return resolve("shapes", **settings)


def lines(*figures):
    return [{"number": 2 * n, "images": 5, "mean_iu": iu} for n, iu in enumerate(figures, 1)]


@pytest.mark.parametrize(
    ("figures", "best", "flat"),
    [
        ((), None, 0),
        ((0.2,), 2, 0),
        ((0.2, 0.5, 0.4), 4, 1),
        ((0.5, 0.4, 0.5, 0.3), 6, 3),  # as good is not better, but has been trained for longer
    ],
)
def test_the_best_and_how_long_there_was_no_better(figures, best, flat):
    assert (best_of(lines(*figures)), flat_for(lines(*figures))) == (best, flat)


def test_only_evaluations_of_as_many_images_are_compared():
    others = [{"number": 1, "images": 9, "mean_iu": 0.9}, {"number": 1, "mean_iu": 0.9}]
    damaged = [{"number": 1, "images": 5, "mean_iu": value} for value in (None, "0.9", [])]
    assert comparable([*others, *damaged, *lines(0.1)], 5) == lines(0.1)


@pytest.fixture(scope="module")
def digests(tmp_path_factory):
    """What stands for the weights after each of the five updates."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        watch(patch, lambda images, digest: found.append(digest) or 500)
        execute(tiny(), tmp_path_factory.mktemp("run") / "run")
    return found[:5]


def watch(patch, score):
    """Let evaluations count as many right pixels of a thousand as a function of the weights says.

    Its arguments are the number of images, or 0 for all, and what stands for the weights.
    """

    def evaluated(model, dataset, *, limit, **_):
        content = b"".join(array.tobytes() for array in model.net.params.values())
        right = score(limit, zlib.crc32(content))
        confusion = ConfusionMatrix(len(model.class_names))
        confusion.counts[0, :2] = right, 1000 - right
        return {"": confusion}

    patch.setattr(run_files, "SAMPLE_IMAGES", 0)
    for module in (run, finish):
        patch.setattr(module, "evaluate_together", evaluated)


@pytest.fixture
def scored(monkeypatch, digests):
    """Return the function that decides how good the nets of the updates are."""

    def decide(on_part, on_all):
        tables = {
            2: dict(zip(digests, on_part, strict=True)),
            0: dict(zip(digests, on_all, strict=True)),
        }
        watch(monkeypatch, lambda images, digest: tables[images][digest])

    return decide


MIDDLE = [300, 900, 500, 400, 200]


class Killer(Reporter):
    """Ends the run at the n-th report of a kind."""

    def __init__(self, kind, at):
        self.count = at
        setattr(self, kind, self._count_down)

    def _count_down(self, *_):
        self.count -= 1
        if not self.count:
            raise KeyboardInterrupt


class Notes(Reporter):
    def __init__(self):
        self.said = ""

    def note(self, text):
        self.said += f"{text}\n"


def content(path):
    """Return what is in a file, but for when it was written and what memory that took."""
    if path.suffix != ".json":
        return path.read_bytes()
    return {k: v for k, v in json.loads(path.read_text()).items() if k not in ("time", "memory")}


def results(folder):
    return json.loads((folder / "results.json").read_text())


def test_the_best_is_kept_and_a_killed_run_ends_with_the_same_files(tmp_path, scored):
    scored(MIDDLE, MIDDLE)
    whole = tmp_path / "whole"
    execute(tiny(), whole)
    assert (results(whole)["steps"], results(whole)["last"]["steps"]) == (2, 5)
    kept = {int(path.stem[5:]): path for path in checkpoints(whole / "checkpoints")}
    assert set(kept) == {5, 4, 2}
    for name, steps in (("weights.h5", 2), ("last.h5", 5)):
        weights, checkpoint = load_weights(whole / name), load_checkpoint(kept[steps])
        assert weights.attributes["steps"] == steps
        for address, array in weights.params.items():
            assert np.array_equal(array, checkpoint.params[address]), (name, address)
    for kind, at in (("evaluation", 2), ("step", 4), ("evaluation", 5)):
        killed = tmp_path / f"{kind}-{at}"
        with pytest.raises(KeyboardInterrupt):
            execute(tiny(), killed, reporter=Killer(kind, at))
        execute(tiny(), killed, resume=True)
        for name in FILES:
            assert content(killed / name) == content(whole / name), (kind, at, name)


def test_a_best_by_part_of_the_images_that_is_worse_on_all_is_not_taken(tmp_path, scored):
    scored(MIDDLE, [100, 100, 200, 300, 400])
    execute(tiny(), tmp_path, reporter=(notes := Notes()))
    assert "step 2 was the best on the way: it is scored on these images, too\n" in notes.said
    assert "weights.h5 is" not in notes.said
    assert results(tmp_path)["steps"] == 5
    assert (tmp_path / "weights.h5").read_bytes() == (tmp_path / "last.h5").read_bytes()


def test_a_best_that_is_lost_is_told_of_and_the_last_is_taken(tmp_path, scored):
    scored(MIDDLE, MIDDLE)
    execute(tiny(), tmp_path)
    (tmp_path / "checkpoints/step_00000002.h5").unlink()
    notes = Notes()
    execute(tiny(), tmp_path, resume=True, reporter=notes)
    assert "which is lost" in notes.said and results(tmp_path)["steps"] == 5


def test_a_flat_run_stops_says_so_and_goes_on_only_if_it_is_told_to(tmp_path, scored):
    scored(MIDDLE, MIDDLE)
    settings = tiny(stop_when_flat=2)
    execute(settings, tmp_path)
    assert (results(tmp_path)["steps"], results(tmp_path)["last"]["steps"]) == (2, 4)
    assert results(tmp_path)["stopped_when_flat"] == 2
    before, notes = {name: content(tmp_path / name) for name in FILES}, Notes()
    execute(settings, tmp_path, resume=True, reporter=notes)
    assert "stopped after 4 of 5 updates: 2 evaluations without a better mean IU" in notes.said
    assert {name: content(tmp_path / name) for name in FILES} == before
    execute(tiny(), tmp_path, resume=True)
    assert results(tmp_path)["last"]["steps"] == 5
