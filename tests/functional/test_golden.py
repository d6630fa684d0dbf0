"""The layers against numbers that PyTorch gave; see `torch_twins.py` for how they were made."""

from __future__ import annotations

import json

import pytest
from helpers.torch_twins import EXAMPLES, GOLDEN, digest, ours

NUMBERS = json.loads(GOLDEN.read_text())["digests"]


def test_every_example_has_its_numbers():
    assert NUMBERS.keys() == EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_output_and_gradients_are_those_of_torch(name):
    found = {key: digest(array) for key, array in ours(EXAMPLES[name]).items()}
    assert found.keys() == NUMBERS[name].keys()
    for key, numbers in found.items():
        assert numbers == pytest.approx(NUMBERS[name][key], rel=1e-10, abs=1e-10), key
