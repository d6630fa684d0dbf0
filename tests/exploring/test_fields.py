"""Where a value looks, against what changes it."""

import numpy as np
import pytest
from helpers.explored import KINDS, small

from minifcn.exploring.fields import NOTHING, fields
from minifcn.layers import LRN, Deconv2d

SIZE = (70, 90)
STAGES = {
    "8s": ["conv2_1", "pool3", "score_fr", "upscore2", "fuse_pool4", "fuse_pool3", "score"],
    "16s": ["score"],
    "32s": ["score"],
    "at once": ["score"],
    "faithful": ["score_fr", "score_pool3", "score"],
    "GoogLeNet": ["inception_3b/output", "score"],
    "AlexNet": ["pool2", "score"],
}


def averaging(kind):
    """Return a net whose values are means of what they see: all of it counts, and only that."""
    opened = small(kind)
    for layer in opened.model.net.owners().values():
        weight = layer.params["weight"]
        if not isinstance(layer, Deconv2d):
            weight[:] = 1 / max(1, weight[0].size)
        if "bias" in layer.params:
            layer.params["bias"][:] = 0
    for stage in opened.stages.values():
        if isinstance(stage.layer, LRN):
            stage.layer.alpha = 0  # else what is very bright comes out dark, and no maximum sees it
    opened.model.net.astype(np.float64)
    return opened


@pytest.mark.parametrize(("kind", "name"), [(k, n) for k in KINDS for n in STAGES[k]])
def test_a_value_depends_on_all_of_its_field_and_on_nothing_else(kind, name):
    opened = averaging(kind)
    net, stages = opened.model.net, opened.stages
    shapes = net.shapes(data=(1, 3, *SIZE))
    sizes = {one: shapes[stage.blob][2:] for one, stage in stages.items()}
    data = np.random.default_rng(0).uniform(1, 2, (1, 3, *SIZE))

    def value(image, pixel):
        found, _ = net.forward({"data": image}, outputs=[stages[name].blob])
        return found[stages[name].blob][(0, slice(None), *pixel)].sum()

    height, width = sizes[name]
    for pixel in {(0, 0), (height // 2, width // 3), (height - 1, width - 1)}:
        rows, columns = fields(stages, name, pixel, sizes)["data"]
        area = np.ix_([0], range(3), range(*rows), range(*columns))
        outside = data + 1000
        outside[area] = data[area]
        expected = value(data, pixel)
        assert value(outside, pixel) == pytest.approx(expected, rel=1e-12)
        if rows == NOTHING or columns == NOTHING:  # it sees padding alone
            continue
        edges = [(rows[0], slice(*columns)), (rows[1] - 1, slice(*columns))]
        edges += [(slice(*rows), columns[0]), (slice(*rows), columns[1] - 1)]
        for edge in edges:
            changed = data.copy()
            changed[(0, slice(None), *edge)] += 1000
            assert abs(value(changed, pixel) / expected - 1) > 1e-10, edge


def test_the_field_in_a_crop_is_moved_by_its_offset():
    opened = small("faithful")
    shapes = opened.model.net.shapes(data=(1, 3, *SIZE))
    sizes = {one: shapes[stage.blob][2:] for one, stage in opened.stages.items()}
    top, left = opened.stages["score"].layer.offset
    rows, columns = fields(opened.stages, "score", (3, 5), sizes)["upscore8"]
    assert (rows, columns) == ((top + 3, top + 4), (left + 5, left + 6))
