"""The model of training on many workers, where its answer is known."""

from __future__ import annotations

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


def test_one_worker_waits_for_nobody():
    assert model.step_seconds(WORKER, 1, SLOW, 1) == 10.0


def test_sums_are_hidden_behind_the_computation_but_for_the_last():
    # Two workers, a second for each: at 4..5, 6..7 and, after the end, 10..11.
    assert model.step_seconds(WORKER, 2, SLOW, 1) == pytest.approx(11.0)


def test_sums_wait_for_one_another():
    # Of five seconds each: at 4..9, 9..14, 14..19.
    assert model.step_seconds(WORKER, 2, SLOW._replace(bandwidth=2e5), 1) == pytest.approx(19.0)


def test_a_network_that_is_fast_enough_costs_nothing():
    assert model.efficiency(WORKER, 512, FAST, 1) == pytest.approx(1.0, abs=1e-5)


def test_a_worker_twice_as_fast_waits_the_longer():
    assert model.step_seconds(WORKER.faster(2), 2, SLOW, 1) == pytest.approx(6.0)


def test_so_many_batches_keep_the_waiting_small():
    # A second of waiting for ten of computing: with nine batches, 1 in 91 would be more than 1 %.
    assert model.batches_for(0.9, WORKER, 2, SLOW, 1) == 1
    assert model.batches_for(0.99, WORKER, 2, SLOW, 1) == 10
