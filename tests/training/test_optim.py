"""SGD: by hand, against Caffe's update restated number by number, and its state."""

import numpy as np
import pytest
from helpers.arrays import taking_less_than
from hypothesis import given
from hypothesis import strategies as st

from minifcn.backend import to_device, to_host
from minifcn.training import optim
from minifcn.training.optim import SGD, GradientAccumulator

f32 = np.float32


def caffe_update(weight, history, diff, rate, lr_mult, momentum, weight_decay, decay_mult):
    """Caffe's Regularize, ComputeUpdateValue and Update for one float32 number, in its order."""
    local_decay = f32(weight_decay * decay_mult)
    diff = diff + local_decay * weight  # caffe_axpy(local_decay, data, diff)
    local_rate = f32(rate * lr_mult)
    history = local_rate * diff + f32(momentum) * history  # caffe_cpu_axpby
    return weight - history, history


def test_two_updates_by_hand(xp):
    weight = xp.asarray([1.0, -2.0])
    sgd = SGD({"conv/weight": weight}, {}, momentum=0.5, weight_decay=0.1)
    sgd.update("conv/weight", xp.asarray([0.9, 0.2]), lr=0.1)
    # g = (0.9 + 0.1, 0.2 - 0.2) = (1, 0), V = (0.1, 0)
    np.testing.assert_allclose(to_host(weight), [0.9, -2.0], rtol=1e-15)
    sgd.update("conv/weight", xp.asarray([0.91, 1.2]), lr=0.2)
    # g = (0.91 + 0.09, 1.2 - 0.2) = (1, 1), V = (0.05 + 0.2, 0.2)
    np.testing.assert_allclose(to_host(weight), [0.65, -2.2], rtol=1e-15)
    np.testing.assert_allclose(to_host(sgd.state()["conv/weight"]), [0.25, 0.2], rtol=1e-14)


numbers = st.floats(-100, 100, width=32).filter(lambda x: x == 0 or abs(x) > 1e-6)


@given(
    st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=7),
    st.floats(1e-6, 1),
    st.sampled_from([0.0, 0.9, 0.99]),
    st.sampled_from([0.0, 5e-4]),
    st.sampled_from([(1, 1), (2, 0), (10, 0.5)]),
)
def test_equals_caffe_bit_for_bit(rows, rate, momentum, weight_decay, multipliers):
    weight, first, second = np.array(rows, f32).T.copy()
    expected = weight.copy()
    sgd = SGD({"a/b": weight}, {"a/b": multipliers}, momentum=momentum, weight_decay=weight_decay)
    for grad in (first, second):
        sgd.update("a/b", grad, rate)
    for i, (w, g1, g2) in enumerate(zip(expected, first, second, strict=True)):
        history = f32(0)
        for grad in (g1, g2):
            w, history = caffe_update(
                w, history, grad, rate, multipliers[0], momentum, weight_decay, multipliers[1]
            )
        expected[i] = w
    np.testing.assert_array_equal(weight, expected)


@pytest.mark.host
@pytest.mark.parametrize("shape", [(1,), (7,), (8,), (9,), (24,), (25,), (5, 13)])
def test_chunks_and_strips_leave_nothing_out(shape, monkeypatch, threads, rng):
    monkeypatch.setattr(optim, "_CHUNK", 4)
    monkeypatch.setattr(optim, "_STRIP", 8)
    threads(2)
    weight, grad = rng.normal(size=shape).astype(f32), rng.normal(size=shape).astype(f32)
    expected, velocity = weight.copy(), np.zeros(shape, f32)
    sgd = SGD({"a/b": weight}, {}, momentum=0.9, weight_decay=0.01)
    for _ in range(3):
        sgd.update("a/b", grad, 0.1)
        optim._update_whole(expected, velocity, grad, 0.1, 0.9, 0.01)
    np.testing.assert_array_equal(weight, expected)


def test_a_strided_gradient_is_read_in_its_own_order(rng):
    weight, grad = np.zeros((3, 4)), rng.normal(size=(4, 3)).T
    SGD({"a/b": weight}, {}, momentum=0, weight_decay=0).update("a/b", grad, 1)
    np.testing.assert_array_equal(weight, -grad)


def test_multipliers_scale_rate_and_decay(xp):
    params = {name: xp.ones(1) for name in ("conv/weight", "conv/bias", "up/weight", "no/weight")}
    multipliers = {"conv/bias": (2, 0), "up/weight": (0, 0)}
    sgd = SGD(params, multipliers, momentum=0, weight_decay=0.5)
    sgd.step({address: xp.ones(1) for address in params if address != "no/weight"}, lr=0.1)
    assert float(params["conv/weight"][0]) == pytest.approx(1 - 0.1 * 1.5)
    assert float(params["conv/bias"][0]) == pytest.approx(1 - 0.2)
    # What is frozen neither moves nor has momentum; nor does what has no gradient move.
    assert float(params["up/weight"][0]) == float(params["no/weight"][0]) == 1
    assert "up/weight" not in sgd.state()


def test_state_resumes_bit_for_bit(xp, rng):
    grads = [to_device(rng.normal(size=5).astype(f32), xp) for _ in range(4)]
    start = rng.normal(size=5).astype(f32)

    def trained(weight, grads, state=None):
        sgd = SGD({"a/b": weight}, {}, momentum=0.9, weight_decay=0.01)
        if state is not None:
            sgd.load_state(state)
        for grad in grads:
            sgd.update("a/b", grad, 0.1)
        return {address: to_host(velocity) for address, velocity in sgd.state().items()}

    straight, resumed = (to_device(start.copy(), xp) for _ in range(2))
    trained(straight, grads)
    saved = trained(resumed, grads[:2])
    before = {address: velocity.copy() for address, velocity in saved.items()}
    trained(resumed, grads[2:], saved)
    np.testing.assert_array_equal(to_host(resumed), to_host(straight))
    np.testing.assert_array_equal(saved["a/b"], before["a/b"])  # a loaded state is a copy


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({}, r"\['a/b'\] are in one of the two only"),
        ({"a/b": np.ones(2), "c/d": np.ones(2)}, r"\['c/d'\] are in one"),
        ({"a/b": np.ones(3)}, r"momentum of a/b must have the shape \(2,\), not \(3,\)"),
    ],
)
def test_a_foreign_state_is_refused(state, message):
    sgd = SGD({"a/b": np.zeros(2)}, {}, momentum=0.9, weight_decay=0)
    with pytest.raises(ValueError, match=message):
        sgd.load_state(state)


@pytest.mark.parametrize(
    ("address", "shape", "mult", "message"),
    [
        ("a/bias", (2, 3), 1, "'a/bias', which is no parameter"),
        ("a/b", (1, 3), 0, r"a/b must have the parameter's shape \(2, 3\), not"),
        ("a/b", (1, 3), 1, r"a/b must have the parameter's shape \(2, 3\), not"),
    ],
)
def test_a_gradient_of_something_else_is_refused(address, shape, mult, message):
    sgd = SGD({"a/b": np.zeros((2, 3))}, {"a/b": (mult, 1)}, momentum=0, weight_decay=0)
    with pytest.raises(ValueError, match=message):
        sgd.update(address, np.ones(shape), 1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"momentum": 1.0}, "momentum must be at least 0 and below 1, not 1.0"),
        ({"momentum": float("nan")}, "momentum"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0, not -1.0"),
        ({"multipliers": {"x/y": (1, 1)}}, r"\['x/y'\], which are no parameters"),
        ({"params": {"a/b": np.zeros((2, 3)).T}}, "a/b is not C-contiguous"),
    ],
)
def test_impossible_settings_are_refused(changed, message):
    settings = {"params": {}, "multipliers": {}, "momentum": 0.9, "weight_decay": 0.0} | changed
    with pytest.raises(ValueError, match=message):
        SGD(**settings)


def test_accumulated_step_is_that_of_the_mean_gradient():
    together, one_by_one = np.ones(2), np.ones(2)
    SGD({"a/b": together}, {}, momentum=0.9, weight_decay=0.1).step({"a/b": np.full(2, 3.0)}, 0.1)
    accumulator, means = GradientAccumulator(3), {}
    for value in (1.0, 3.0, 5.0):
        means.update(accumulator.through([("a/b", np.full(2, value))]))
    SGD({"a/b": one_by_one}, {}, momentum=0.9, weight_decay=0.1).step(means, 0.1)
    np.testing.assert_array_equal(together, one_by_one)


def test_passes_that_go_through_an_accumulator_come_out_as_means_in_the_last(xp):
    accumulator = GradientAccumulator(2)
    for first, second in ((1, 3), (5, 9)):  # it starts again
        one = [("a", xp.full(2, first, f32)), ("b", xp.full(3, second, f32))]
        assert not list(accumulator.through(one))
        for _, grad in one:
            grad[...] = 99  # the net may use its memory again
        last = accumulator.through([("a", xp.full(2, 3, f32)), ("b", xp.full(3, 5, f32))])
        address, mean = next(last)  # before the pass has come to b
        assert (address, mean.tolist()) == ("a", [(first + 3) / 2] * 2)
        address, mean = next(last)
        assert (address, mean.tolist()) == ("b", [(second + 5) / 2] * 3)
        assert not list(last)


def test_accumulator_refuses_passes_of_other_parameters_or_shapes_and_none():
    accumulator = GradientAccumulator(2)
    list(accumulator.through([("a", np.ones((2, 3))), ("b", np.ones(1))]))
    with pytest.raises(ValueError, match=r"a must have the shape \(2, 3\)"):
        list(accumulator.through([("a", np.ones((1, 3)))]))
    accumulator = GradientAccumulator(2)
    list(accumulator.through([("a", np.ones(1)), ("b", np.ones(1))]))
    with pytest.raises(ValueError, match=r"not every pass has a gradient of each of \['a', 'b'\]"):
        list(accumulator.through([("a", np.ones(1))]))
    with pytest.raises(ValueError, match="at least 1, not 0"):
        GradientAccumulator(0)


@pytest.mark.host
def test_a_large_parameter_needs_no_large_temporary():
    weight, grad = np.ones(1 << 21, f32), np.ones(1 << 21, f32)
    sgd = SGD({"a/b": weight}, {}, momentum=0.9, weight_decay=0.1)
    with taking_less_than(weight.nbytes // 4):
        sgd.update("a/b", grad, 0.1)
