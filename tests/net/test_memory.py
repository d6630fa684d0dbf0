"""The memory of a pass: what is estimated from shapes, and what a process takes."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from minifcn.models.build import ModelSpec, build
from minifcn.net import Net
from minifcn.net.memory import inference_bytes, training_bytes

PIXELS = 320
SHAPES = {"data": (1, 3, PIXELS, PIXELS), "label": (1, PIXELS, PIXELS)}


@cache
def net(**fields) -> Net:
    return build(ModelSpec(**{"width": 1 / 8, **fields}))


def training(**how) -> int:
    return training_bytes(net(), ["loss"], SHAPES, **how)


def test_more_pixels_take_more_memory():
    sizes = [
        inference_bytes(net(), ["score"], {"data": (1, 3, n, n)}) for n in (200, 400, 800, 1600)
    ]
    assert sizes == sorted(sizes)
    assert 3 < (sizes[3] - sizes[2]) / (sizes[2] - sizes[1]) < 5


def test_training_takes_more_than_inference_and_less_with_recomputation():
    inference = inference_bytes(net(), ["score"], {"data": SHAPES["data"]})
    assert inference < training(recompute=True) < training()


def test_the_sums_of_gradients_are_as_large_as_momentum():
    multipliers = net().multipliers
    trained = sum(p.nbytes for address, p in net().params.items() if multipliers[address][0])
    assert training(accumulate=2) - training() == trained


def test_frozen_layers_keep_no_caches_in_training():
    frozen = build(ModelSpec(width=1 / 8))
    frozen.freeze("conv*", "fc*")
    assert training_bytes(frozen, ["loss"], SHAPES) < 0.9 * training()


@pytest.mark.parametrize("backbone", ["vgg16", "alexnet", "googlenet"])
@pytest.mark.parametrize("recompute", [False, True])
def test_every_net_can_be_estimated(backbone, recompute):
    one = net(backbone=backbone, padding="same")
    assert training_bytes(one, ["loss"], SHAPES, recompute=recompute) > 50 << 20


MEASURE = """
import sys
import numpy as np
from minifcn.backend import set_threads
from minifcn.models.build import ModelSpec, build, initialise
from minifcn.net.memory import inference_bytes, training_bytes
from minifcn.training.optim import SGD
backbone, pixels, training = sys.argv[1], int(sys.argv[2]), sys.argv[3] != "inference"
how = {"recompute": sys.argv[3] == "recomputing"}
set_threads(2)
net = build(ModelSpec(backbone=backbone, width=1 / 8))
initialise(net)
for address, array in net.params.items():
    if address.endswith("bias"):
        array += 0.1
rng = np.random.default_rng(0)
inputs = {"data": rng.standard_normal((1, 3, pixels, pixels), np.float32)}
if training:
    inputs["label"] = rng.integers(0, 21, (1, pixels, pixels), np.int32)
shapes = {name: array.shape for name, array in inputs.items()}
def field(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))
open("/proc/self/clear_refs", "w").write("5")  # forget the highest mark so far
before = field("VmRSS")
if training:
    optimiser = SGD(net.params, net.multipliers, momentum=0.9, weight_decay=0)
    for _ in range(2):
        tape = net.forward(inputs, outputs=["loss"], train=True, rng=rng, **how)[1]
        for address, gradient in net.backward(tape):  # each used at once, as the solver does
            optimiser.update(address, gradient, 1e-10)
    estimate = training_bytes(net, ["loss"], shapes, **how)
else:
    net.forward(inputs, outputs=["score"])
    estimate = inference_bytes(net, ["score"], shapes)
print(estimate / (field("VmHWM") - before))
"""


@pytest.mark.host  # a process of its own computes
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("backbone", ["vgg16", "alexnet", "googlenet"])
@pytest.mark.parametrize(("pixels", "what"), [("1000", "inference"), ("600", "training")])
def test_the_estimate_is_what_a_process_takes(backbone, pixels, what):
    assert 0.85 < estimated_over_taken(backbone, pixels, what) < 1.3


@pytest.mark.host  # a process of its own computes
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("backbone", ["vgg16", "googlenet"])
def test_the_estimate_of_recomputation_is_what_a_process_takes(backbone):
    assert 0.85 < estimated_over_taken(backbone, "600", "recomputing") < 1.3


def estimated_over_taken(backbone: str, pixels: str, what: str) -> float:
    """Return the estimate for a pass, as a multiple of what a process of its own takes."""
    command = [sys.executable, "-c", MEASURE, backbone, pixels, what]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
