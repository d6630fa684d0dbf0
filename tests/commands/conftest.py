"""What tests of several commands begin with."""

import pytest
from helpers.tiny_run import TINY

from minifcn import train


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a finished run on shapes."""
    folder = tmp_path_factory.mktemp("run") / "shapes"
    assert train.main(["shapes", *TINY, "--out", str(folder)]) == 0
    return folder
