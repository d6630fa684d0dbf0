"""What experiments count on: layers that are kept out add nothing, images come in one order."""

import numpy as np
import pytest

from minifcn.data.loader import Loader
from minifcn.data.shapes import ShapesDataset
from minifcn.experiments.lab import Lab
from minifcn.training.prepare import FRESH_PREPROCESS


@pytest.mark.parametrize(
    ("arch", "freeze", "blind"),
    [
        ("fcn16s", "score_fr", "conv5_3"),
        ("fcn8s", "score_fr,score_pool4", "conv4_3"),
    ],
)
def test_a_layer_alone_predicts_from_nothing_above_it(arch, freeze, blind, tmp_path):
    model = Lab("shapes", tmp_path, smoke=True, note=str).train(0, arch, freeze=freeze).model
    image = np.random.default_rng(0).standard_normal((1, 3, 64, 64)).astype(np.float32)
    before = model.net.forward({"data": image}, outputs=["score"])[0]["score"]
    assert before.any()
    model.net.params[f"{blind}/weight"][...] = 1
    after = model.net.forward({"data": image}, outputs=["score"])[0]["score"]
    np.testing.assert_array_equal(after, before)


def test_images_come_in_the_same_order_one_by_one_and_by_four():
    dataset = ShapesDataset("train", size=(32, 32), length=12)

    def order(batch_size):
        loader = Loader(dataset, FRESH_PREPROCESS, batch_size=batch_size, seed=3, workers=0)
        return [name for number in range(12 // batch_size) for name in loader.batch(number).ids]

    assert order(1) == order(4)
