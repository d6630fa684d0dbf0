"""`--class-weights`: the loss of a run weighs classes by how often they occur."""

import pytest

from minifcn.data.shapes import ShapesDataset
from minifcn.net.heads import net_heads
from minifcn.training.prepare import make_model
from minifcn.training.settings import resolve


@pytest.mark.parametrize("two_heads", [False, True])
def test_the_loss_of_the_main_head_has_them(two_heads):
    dataset = ShapesDataset("train", length=10, two_heads=two_heads)
    net = make_model(resolve("shapes", class_weights="balanced"), dataset).net
    main, *others = [head.layer.class_weight for head in net_heads(net)]
    assert len(main) == len(dataset.class_names) and main[0] == main.min() < 1 < main.max()
    assert others == [None] * two_heads


def test_without_them_all_classes_weigh_the_same():
    net = make_model(resolve("shapes"), ShapesDataset("train", length=1)).net
    assert [head.layer.class_weight for head in net_heads(net)] == [None]
