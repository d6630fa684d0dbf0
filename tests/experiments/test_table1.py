"""The geometry of the paper's three nets, as its Table 1 has it."""

import pytest

from minifcn.experiments.table1 import NETS, PAPER, SCORES, Geometry, geometry
from minifcn.layers import Conv2d
from minifcn.models import ModelSpec, build
from minifcn.models.backbone import chain
from minifcn.net import Net


@pytest.mark.parametrize(
    ("name", "parameters", "field"),
    [
        ("FCN-AlexNet", 56_954_261, 355),
        ("FCN-VGG16", 134_346_581, 404),
        ("FCN-GoogLeNet", 5_995_077, 715),
    ],
)
def test_the_geometry_is_the_paper_s_but_for_googlenet_s_field(name, parameters, field):
    printed = PAPER[name]
    assert geometry(build(ModelSpec("fcn32s", NETS[name]))) == printed._replace(
        parameters=parameters, receptive_field=field
    )
    assert round(parameters, -6) == printed.parameters


def test_the_longest_way_counts_and_only_convolutions_that_learn():
    nodes = chain("data", [("a", Conv2d(3, 4, 3)), ("b", Conv2d(4, 4, 3, stride=2))])
    nodes += [("side", Conv2d(3, 4, 5), "data"), (SCORES, Conv2d(4, 2, 1), "b")]
    weights = (27 * 4 + 4) + (36 * 4 + 4) + (75 * 4 + 4) + (4 * 2 + 2)
    assert geometry(Net(nodes)) == Geometry(3, weights, 5, 2)
