"""A few trials of each fault of the campaign; `make chaos` makes them all."""

import multiprocessing
from random import Random

import pytest
from chaos.campaign import FAULTS
from chaos.sandbox import Sandbox

from minifcn.system import files

pytestmark = pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="POSIX only"
)

FEW = {
    "killed before an operation on a file": 2,
    "killed in the middle of a write": 2,
    "the machine ends before an operation": 2,
    "killed, and killed again when resumed": 1,
    "killed at any instant (SIGKILL)": 1,
    "disk full from a write on": 2,
    "files limited by the system": 1,
    "short write": 1,
    "bit changed in a weight file, read": 50,
    "bit changed in a checkpoint, resumed": 1,
    "bits changed in all checkpoints": 1,
    "end of the log damaged": 2,
    "bit changed in the settings or the log": 2,
    "stopped by Ctrl-C or SIGTERM": 2,
    "three trainings at once in a folder": 1,
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """The tiny training that all of it happens to."""
    before = files.BUFFER_BYTES
    yield Sandbox(tmp_path_factory.mktemp("chaos"))
    files.BUFFER_BYTES = before


@pytest.mark.parametrize("fault", FEW)
def test_nothing_is_lost(sandbox, fault):
    lost = list(FAULTS[fault](sandbox, Random(0), FEW[fault]))
    assert len(lost) >= FEW[fault]
    assert [text for text in lost if text] == []
