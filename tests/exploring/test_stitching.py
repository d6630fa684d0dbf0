"""A coarse net by shift-and-stitch."""

import numpy as np
from helpers.explored import drawn, small

from minifcn.exploring.stitching import STRIDE, nearest, stitched_answers
from minifcn.exploring.values import net_data
from minifcn.net.stitch import shift_and_stitch


def test_a_pixel_takes_the_score_of_the_square_that_it_lies_in():
    opened, subject = small("32s"), drawn((64, 96))
    found, _ = opened.model.net.forward(net_data(opened.model, subject.image), outputs=["score_fr"])
    classes = found["score_fr"][0].argmax(axis=0)
    assert classes.shape == (2, 3)
    squares = np.kron(classes, np.ones((32, 32), int))
    assert np.array_equal(nearest(opened.model, subject.image), squares)


def test_stitched_scores_hold_the_nets_own():
    opened, subject = small("32s"), drawn((64, 96))
    data = net_data(opened.model, subject.image)
    whole = shift_and_stitch(opened.model.net, data, STRIDE)
    own, _ = opened.model.net.forward(data, outputs=["score_fr"])
    step = 32 // STRIDE
    np.testing.assert_allclose(whole[..., ::step, ::step], own["score_fr"], atol=1e-5)
    coarse, stitched = stitched_answers(opened, subject.image)
    assert (coarse.kind, stitched.kind) == ("coarse", "stitched")
    assert stitched.classes.shape == (64, 96)


def test_a_net_without_an_fcn_32s_has_nothing_to_stitch():
    assert not list(stitched_answers(small("8s"), drawn().image))
