"""The model of training on many workers, where its answer is known."""

import importlib.util
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "scaling_model.py"
spec = importlib.util.spec_from_file_location("scaling_model", FILE)
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)

FAST = model.Network("fast", 1e12, 0.0)
SLOW = model.Network("slow", 1e6, 0.0)
# Gradients of 1 MB after 4, 6 and 10 of 10 seconds.
WORKER = model.Worker(10.0, [(4.0, 10**6), (6.0, 10**6), (10.0, 10**6)])


@pytest.mark.parametrize(
    ("workers", "seconds"),
    [(1, 0.0), (2, 1.0 + 2 * 0.1), (4, 1.5 + 6 * 0.1)],  # 2 (n - 1) messages of 1 / n MB
)
def test_a_ring(workers, seconds):
    network = model.Network("", 1e6, 0.1)
    assert model.ring_seconds(1e6, workers, network) == pytest.approx(seconds)


def test_gradients_fill_buckets_and_the_rest_is_one():
    sizes = [(1.0, 3), (2.0, 5), (3.0, 20), (4.0, 1)]
    assert model.in_buckets(sizes, 8) == [(2.0, 8), (3.0, 20), (4.0, 1)]


@pytest.mark.parametrize(
    ("worker", "workers", "network", "seconds"),
    [
        (WORKER, 1, SLOW, 10),  # one waits for nobody
        # Two workers, a second for each sum: at 4..5, 6..7 and, after the end, 10..11.
        (WORKER, 2, SLOW, 11),
        # Of five seconds each, one after another: at 4..9, 9..14, 14..19.
        (WORKER, 2, SLOW._replace(bandwidth=2e5), 19),
        (WORKER, 512, FAST, 10),  # fast enough costs nothing
        (WORKER.faster(2), 2, SLOW, 6),
    ],
)
def test_the_seconds_of_a_step(worker, workers, network, seconds):
    assert model.step_seconds(worker, workers, network, 1) == pytest.approx(seconds, rel=1e-5)
    efficiency = model.efficiency(worker, workers, network, 1)
    assert efficiency == pytest.approx(worker.seconds / seconds, rel=1e-5)


def test_so_many_batches_keep_the_waiting_small():
    # A second of waiting for ten of computing: with nine batches, 1 in 91 would be more than 1 %.
    assert model.batches_for(0.9, WORKER, 2, SLOW, 1) == 1
    assert model.batches_for(0.99, WORKER, 2, SLOW, 1) == 10
