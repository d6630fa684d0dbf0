"""Checkpoints: bit-exact, found again, pruned, never lost to an interruption."""

import numpy as np
import pytest
from helpers.arrays import assert_bits_equal
from helpers.faults import Disk, disk

from minifcn.training.optim import SGD
from minifcn.weights.checkpoint import (
    checkpoint_path,
    checkpoints,
    load_checkpoint,
    newest_whole,
    prune_checkpoints,
    save_checkpoint,
)
from minifcn.weights.store import WeightsError, save_weights

f32 = np.float32


def save(folder, *steps):
    for step in steps:
        save_checkpoint(
            checkpoint_path(folder, step),
            {"conv/weight": np.full(100, step, f32)},
            {"conv/weight": np.zeros(100, f32)},
            {"step": step},
        )


def steps_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_arrays_come_back_bit_by_bit(tmp_path, rng):
    # All bit patterns, the NaNs, infinities and denormals among them.
    def array():
        return rng.integers(0, 1 << 32, 4096, np.uint32).view(f32)

    params = {"b/1x1/weight": array(), "a/weight": array(), "a/bias": array()}
    momentum = {"b/1x1/weight": array()}
    path = tmp_path / "step_00000001.h5"
    save_checkpoint(path, params, momentum, {})
    loaded = load_checkpoint(path)
    assert_bits_equal(loaded.params, params)
    assert_bits_equal(loaded.momentum, momentum)


def test_random_state_comes_back_exactly(tmp_path, rng):
    path = tmp_path / "step_00000001.h5"
    state = {"step": 1, "rng": rng.bit_generator.state, "best": 0.1 + 0.2, "first": float("-inf")}
    save_checkpoint(path, {}, {}, state)
    expected = rng.random(5)
    loaded = load_checkpoint(path).state
    assert loaded == state
    again = np.random.default_rng(99)
    again.bit_generator.state = loaded["rng"]
    np.testing.assert_array_equal(again.random(5), expected)


def test_training_goes_on_bit_for_bit(tmp_path, rng):
    grads = rng.normal(size=(6, 10)).astype(f32)
    weight = rng.normal(size=10).astype(f32)
    sgd = SGD({"a/weight": weight}, {}, momentum=0.9, weight_decay=0.01)
    for step, grad in enumerate(grads):
        if step == 3:
            path = checkpoint_path(tmp_path, step)
            save_checkpoint(path, sgd.params, sgd.state(), {"step": step})
        sgd.update("a/weight", grad, 0.1)
    resumed = load_checkpoint(path)
    sgd = SGD(resumed.params, {}, momentum=0.9, weight_decay=0.01)
    sgd.load_state(resumed.momentum)
    for grad in grads[resumed.state["step"] :]:
        sgd.update("a/weight", grad, 0.1)
    np.testing.assert_array_equal(resumed.params["a/weight"], weight)


def test_newest_is_that_of_the_highest_step_as_a_number(tmp_path):
    assert newest_whole(tmp_path) == (None, None, {})
    assert newest_whole(tmp_path / "missing") == (None, None, {})
    save(tmp_path, 100, 99)
    assert newest_whole(tmp_path)[0] == tmp_path / "step_00000100.h5"
    save(tmp_path, 123_456_789, 99_999_999)
    assert newest_whole(tmp_path)[0] == tmp_path / "step_123456789.h5"


def test_damaged_and_foreign_files_are_passed_over_and_told_of(tmp_path):
    save(tmp_path, 1, 2)
    newest = tmp_path / "step_00000002.h5"
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    (tmp_path / ".partial-step_00000003.h5").write_bytes(b"")
    (tmp_path / "step_00000004.h5").write_bytes(b"")
    save_weights(tmp_path / "step_00000005.h5", {"conv/weight": np.ones(1, f32)}, {})
    save_weights(tmp_path / "step_last.h5", {}, {})
    path, checkpoint, damaged = newest_whole(tmp_path)
    assert path == tmp_path / "step_00000001.h5"
    assert checkpoint.state == {"step": 1}
    assert list(damaged) == [tmp_path / f"step_0000000{number}.h5" for number in (5, 4, 2)]
    assert "is not a checkpoint" in next(iter(damaged.values()))
    assert "its checksum does not fit" in damaged[newest]


def test_pruning_keeps_the_newest_and_other_files(tmp_path):
    save(tmp_path, 1, 2, 3, 4)
    (tmp_path / "damaged-step_00000005.h5").write_bytes(b"")
    prune_checkpoints(tmp_path, 2)
    kept = [f"step_0000000{step}.h5" for step in (3, 4)]
    kept.insert(0, "damaged-step_00000005.h5")
    assert steps_in(tmp_path) == kept
    with pytest.raises(ValueError, match="at least 1 checkpoint must be kept, not 0"):
        prune_checkpoints(tmp_path, 0)
    assert steps_in(tmp_path) == kept


@pytest.mark.parametrize("at", range(1, 5))  # open, write, sync, rename
def test_interrupted_saving_leaves_the_one_before(tmp_path, at):
    save(tmp_path, 1)
    with disk(at, Disk.cut):
        save(tmp_path, 2)
    assert checkpoints(tmp_path) == [tmp_path / "step_00000001.h5"]
    assert load_checkpoint(checkpoints(tmp_path)[0]).state == {"step": 1}


NAMED = {"format": "minifcn checkpoint 1"}


@pytest.mark.parametrize(
    ("address", "attributes", "words"),
    [
        ("conv/weight", {}, r"step_00000001\.h5 is not a checkpoint"),
        ("params/conv/weight", NAMED, "holds no state"),
        ("params/conv/weight", {**NAMED, "state": [1]}, "holds no state"),
        ("other/weight", {**NAMED, "state": {}}, "other/weight, which does not belong"),
    ],
)
def test_what_is_no_checkpoint_is_refused(tmp_path, address, attributes, words):
    path = tmp_path / "step_00000001.h5"
    save_weights(path, {address: np.ones(1, f32)}, attributes)
    with pytest.raises(WeightsError, match=words):
        load_checkpoint(path)
