"""The strips that a convolution is cut into."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minifcn.functional.fast.strips import strips


@given(st.integers(1, 50), st.integers(1, 1 << 22), st.integers(0, 1 << 24))
def test_strips_cover_every_row_once(height, row_bytes, weight_bytes):
    cuts = list(strips(np, height, row_bytes=row_bytes, weight_bytes=weight_bytes))
    assert [row for cut in cuts for row in range(cut.start, cut.stop)] == list(range(height))
