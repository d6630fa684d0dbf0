"""The operations against numbers that PyTorch gave; see `torch_twins.py` for how they were made."""

import json

import pytest
from helpers.ladder import arrays_of, called, ours
from helpers.torch_twins import GOLDEN, TWINS, digest

NUMBERS = json.loads(GOLDEN.read_text())["digests"]


def test_every_example_has_its_numbers():
    assert list(NUMBERS) == [called(*example) for example in TWINS]


@pytest.mark.parametrize(("operation", "case"), TWINS, ids=NUMBERS)
def test_output_and_gradients_are_those_of_torch(operation, case):
    found = ours(operation, case, arrays_of(operation, case))
    for array, numbers in zip(found, NUMBERS[called(operation, case)], strict=True):
        assert digest(array) == pytest.approx(numbers, rel=1e-10, abs=1e-10)
