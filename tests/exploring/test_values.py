"""All values and all gradients of a net, kept whole."""

import numpy as np
from helpers.explored import drawn, small

from minifcn.exploring.values import gradients, net_data, stage_values, traced


def test_values_are_those_of_the_net(opened):
    data = net_data(opened.model, drawn().image)
    values = stage_values(opened.model.net, opened.stages, data)
    expected, _ = opened.model.net.forward(data, outputs=["score"])
    # With every map wanted, the border that padding makes is computed whole, by other sums.
    np.testing.assert_allclose(values["score"], expected["score"][0], atol=1e-4)
    assert list(values) == list(opened.stages)


def test_values_kept_for_gradients_are_the_same(opened):
    data = net_data(opened.model, drawn().image)
    values = stage_values(opened.model.net, opened.stages, data)
    trace = traced(opened.stages, data)
    for name, stage in opened.stages.items():
        scale = np.abs(values[name]).max()
        np.testing.assert_allclose(trace.values[stage.blob][0], values[name], atol=1e-5 * scale)


def test_the_gradient_of_the_image_is_the_nets(opened):
    opened.model.net.astype(np.float64)
    data = {"data": net_data(opened.model, drawn().image)["data"].astype(np.float64)}
    trace = traced(opened.stages, data)
    seed = np.random.default_rng(1).standard_normal(trace.values["score"].shape)
    found = gradients(opened.stages, trace, "score", seed)
    net = opened.model.net
    dropless = type(net)([node for node in undropped(net)])
    _, tape = dropless.forward(data, outputs=["score"], train=True, wrt=["data"])
    expected = dict(dropless.backward(tape, {"score": seed}))["data"][0]
    np.testing.assert_allclose(found["data"], expected, rtol=1e-9, atol=1e-12)


def undropped(net):
    """Yield the nodes of a net without dropout and without the loss."""
    renamed = {}
    for node in net.needed(["score"]):
        bottoms = tuple(renamed.get(bottom, bottom) for bottom in node.bottoms)
        if node.layer.draws:
            renamed[node.name] = bottoms[0]
        else:
            yield node.name, node.layer, bottoms


def test_the_gradient_of_a_stage_is_what_a_change_of_it_does():
    opened = small("8s")
    opened.model.net.astype(np.float64)
    data = {"data": net_data(opened.model, drawn().image)["data"].astype(np.float64)}
    trace = traced(opened.stages, data)
    seed = np.zeros_like(trace.values["score"])
    seed[0, 2, 20, 30] = 1
    found = gradients(opened.stages, trace, "score", seed)
    # Behind the last convolution of a skip all is linear, so a difference is exact.
    part, step = "score_pool3", np.zeros_like(trace.values["score_pool3"])
    step[0, 2] = np.random.default_rng(2).standard_normal(step.shape[2:])
    fused = trace.values["fuse_pool3"] + step
    last = opened.stages["upscore8"].layer.infer(fused)[0, 2, 20, 30]
    change = last - trace.values["upscore8"][0, 2, 20, 30]
    assert np.isclose((found[part] * step[0]).sum(), change)
