"""What a score is made of."""

import numpy as np
import pytest
from helpers.explored import drawn, small

from minifcn.exploring.branches import answer, contributions, find_branches
from minifcn.exploring.stages import find_stages
from minifcn.exploring.values import net_data, stage_values


def looked_at(opened, image):
    values = stage_values(opened.model.net, opened.stages, net_data(opened.model, image))
    return values, contributions(opened.stages, opened.branches, values)


def test_the_parts_add_up_to_the_scores(opened):
    image = drawn().image
    values, parts = looked_at(opened, image)
    scores = answer(opened.stages, opened.branches, sum(parts), image.shape[:2])
    scale = np.abs(values["score"]).max()
    np.testing.assert_allclose(scores, values["score"], atol=1e-5 * scale)
    assert all(part.dtype == np.float64 for part in parts)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_part_is_what_is_missing_without_its_layer(number):
    opened, image = small("8s"), drawn().image
    values, parts = looked_at(opened, image)
    layer = opened.model.net.layer(opened.branches.parts[number])
    for array in layer.params.values():
        array[:] = 0
    without, _ = looked_at(opened, image)
    at = opened.branches.at
    missing = values[at].astype(np.float64) - without[at]
    np.testing.assert_allclose(parts[number], missing, atol=1e-4 * np.abs(values[at]).max())


def test_the_parts_are_the_layers_that_predict():
    assert small("8s").branches.parts == ("score_fr", "score_pool4", "score_pool3")
    assert small("16s").branches.parts == ("score_fr", "score_pool4")
    assert small("32s").branches == ("upscore", "score_fr", (0, 0), ("score_fr",))


def test_values_that_are_not_upsampled_have_no_parts():
    net = small("8s").model.net
    assert find_branches(find_stages(net, "pool3"), "pool3") is None
