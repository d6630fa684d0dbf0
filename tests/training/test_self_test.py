"""The tests that `minifcn.doctor` runs find what is wrong with a device."""

import numpy as np
import pytest

from minifcn.layers import Deconv2d
from minifcn.system import resources
from minifcn.training import self_test
from minifcn.training.optim import SGD


def run(xp=np, expected=None) -> dict[str, self_test.Result]:
    return {outcome.name: outcome.result for outcome in self_test.self_test(xp, expected)}


def values(results: dict[str, self_test.Result]) -> dict[str, list[np.ndarray]]:
    return {name: list(result.values) for name, result in results.items()}


def test_all_is_right_here():
    results = run()
    assert list(results) == ["gradients", "training", "prediction"]
    assert all(result.right for result in results.values()), results


def test_a_wrong_derivative_is_named(monkeypatch):
    backward = Deconv2d.backward

    def doubled(self, dy, cache, **options):
        dx, grads = backward(self, dy, cache, **options)
        return dx, {kind: 2 * grad for kind, grad in grads.items()}

    monkeypatch.setattr(Deconv2d, "backward", doubled)
    result = run()["gradients"]
    assert not result.right
    assert "upscore/weight" in result.finding
    assert "conv/weight" not in result.finding


def test_a_net_that_does_not_learn_is_found(monkeypatch):
    monkeypatch.setattr(SGD, "step", lambda *_: None)
    assert [name for name, result in run().items() if not result.right] == ["training"]


def test_weights_that_do_not_fit_are_found(monkeypatch):
    load = self_test.load_model

    def mixed_up(path, xp):
        model = load(path, xp)
        model.net.layer("conv1_1").params["weight"][...] = 0
        return model

    monkeypatch.setattr(self_test, "load_model", mixed_up)
    assert [name for name, result in run().items() if not result.right] == ["prediction"]


def test_an_error_is_a_finding_and_the_other_tests_go_on(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "FOLDERS", (tmp_path,))
    results = run()
    assert [result.right for result in results.values()] == [True, True, False]
    assert "FileNotFoundError: no weights called 'vgg16-shapes'" in results["prediction"].finding


@pytest.mark.parametrize("name", self_test.TESTS)
def test_a_device_that_computes_something_else_is_found(name):
    expected = values(run())
    expected[name][0] = expected[name][0] * 1.01
    results = run(expected=expected)
    assert [other for other, result in results.items() if not result.right] == [name]
    assert "differs from the CPU by 1e-02" in results[name].finding


def test_what_is_not_known_is_not_compared():
    results = run(expected={"gradients": run()["gradients"].values})
    assert "differs from the CPU" in results["gradients"].finding
    assert "differs from the CPU" not in results["training"].finding
