"""A changed bit in a weight file is noticed, or it is of no consequence."""

import h5py
import numpy as np
import pytest

from minifcn.weights.store import WeightsError, load_weights, save_weights

PARAMS = {
    "conv1_1/weight": np.random.default_rng(0).random((8, 3, 11, 11), np.float32),
    "conv1_1/bias": np.ones(8, np.float32),
    "upscore/weight": np.eye(40, dtype=np.float32).reshape(40, 40, 1, 1),  # compressed
}
ATTRIBUTES = {f"attribute {number}": [number / 7] * 30 for number in range(12)}


@pytest.fixture
def path(tmp_path):
    """A small file of everything that is stored."""
    save_weights(tmp_path / "weights.h5", PARAMS, ATTRIBUTES)
    return tmp_path / "weights.h5"


def test_any_changed_bit_is_noticed(path):
    content = path.read_bytes()
    rng = np.random.default_rng(1)
    everywhere = rng.integers(0, len(content), 200)
    ends = [*range(64), *range(len(content) - 64, len(content))]
    for place in (*everywhere, *ends):
        changed = bytearray(content)
        changed[place] ^= 1 << rng.integers(8)
        path.write_bytes(changed)
        with pytest.raises(WeightsError, match="cannot be read as a weight file"):
            load_weights(path)


def test_a_file_that_lacks_some_bytes_is_refused(path):
    content = path.read_bytes()
    for missing in (1, 15, 17, len(content) // 2):
        path.write_bytes(content[:-missing])
        with pytest.raises(WeightsError, match="truncated"):
            load_weights(path)


def test_a_file_without_a_checksum_is_taken_as_it_is(path):
    path.write_bytes(path.read_bytes()[:-16])
    params, attributes = load_weights(path)
    assert attributes == ATTRIBUTES
    for address, array in PARAMS.items():
        np.testing.assert_array_equal(params[address], array)


@pytest.mark.parametrize("place", ["conv1_1/bias", "conv1_1/another"])
def test_a_file_that_another_program_has_changed_is_taken_as_it_is(path, place):
    with h5py.File(path, "r+") as file:
        if place in file:
            file[place][0] = 5.0
        else:
            file[place] = np.full(3, 5.0, np.float32)
    assert load_weights(path).params[place][0] == 5.0
