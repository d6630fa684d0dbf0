"""Pictures of images beside their truth and what nets make of them."""

import numpy as np
import pytest
from helpers.segmenters import NAMES, small_model

from minifcn.data.dataset import NOTHING, DataError, Sample
from minifcn.data.palette import voc_palette
from minifcn.inference.side_by_side import side_by_side

IMAGE = np.zeros((40, 50, 3), np.uint8)


class OneSample:
    """A data set of one sample."""

    class_names = NAMES
    palette = voc_palette()

    def __init__(self, extras=NOTHING) -> None:
        self.sample = Sample("one", IMAGE, IMAGE[..., 0], extras=extras)

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> Sample:
        return self.sample


def test_a_net_gets_what_it_sees_beside_colour():
    columns = {"truth": None, "net": small_model(modality="hha")}
    assert side_by_side(OneSample({"hha": IMAGE}), columns, 3).ndim == 3
    with pytest.raises(DataError, match="without hha"):
        side_by_side(OneSample(), columns, 3)
