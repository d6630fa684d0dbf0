"""The nets and pictures that the tests of the page look at."""

import pytest
from helpers.explored import KINDS, small


@pytest.fixture(params=KINDS)
def opened(request):
    """A net of each kind in turn."""
    return small(request.param)
