"""Measure training on several ranks of this machine, and say what to expect on up to 512 workers.

Each rank makes a batch of one image a step (weak scaling), with a thread of its own. `compute_s` is
the step of a rank that does not wait for the others, while they compute beside it; `step_s` the
step with the gradients summed; `model_s` what the model says of it. The second table is the model's
alone: the share of the time that a worker computes; see docs/distributed.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import Row, finish, parser, print_row, use_threads
from fcn_training import MOMENTUM, RATE, WEIGHT_DECAY
from nets import Case, add_case_options, case_options, chosen_cases, make_batch, make_net
from scaling_model import Network, Worker, batches_for, efficiency, ring_seconds, step_seconds

from minifcn.distributed.communicator import ALONE, Communicator, DistributedError
from minifcn.distributed.connect import connect
from minifcn.distributed.mpi import BUCKET_BYTES
from minifcn.training.optim import SGD

NETWORKS = (
    Network("1 Gbit/s", 0.11e9, 50e-6),
    Network("10 Gbit/s", 1.1e9, 25e-6),
    Network("100 Gbit/s", 11e9, 5e-6),
)
WORKERS = (1, 2, 8, 16, 32, 64, 128, 256, 512)
IMAGES_OF_AN_UPDATE = 20  # the paper's
WIDTHS = {
    "case": 22, "ranks": 5, "compute_s": 9, "step_s": 8, "model_s": 8, "images_s": 8,
    "speedup": 8, "efficiency": 10,
}  # fmt: skip
ALLREDUCED = 64 << 20  # bytes whose sum is timed for the bandwidth between the ranks


def measure_as_rank(case: Case, args: argparse.Namespace) -> None:
    """Be one of the ranks; rank 0 prints what was measured, as JSON."""
    communicator = connect()
    use_threads(args.threads)
    net, batch = make_net(case), make_batch(case)
    optimiser = SGD(net.params, net.multipliers, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    rng = np.random.default_rng(3)

    def step(others: Communicator) -> tuple[float, list[tuple[float, int]]]:
        communicator.barrier()
        began, gradients = time.perf_counter(), []

        def timed(backward):
            for address, gradient in backward:
                gradients.append((time.perf_counter() - began, gradient.nbytes))
                yield address, gradient

        _, tape = net.forward(batch, outputs=["loss"], train=True, rng=rng)
        for address, gradient in others.mean(timed(net.backward(tape)), 1 / others.size):
            optimiser.update(address, gradient, RATE)
        return time.perf_counter() - began, gradients

    step(communicator)
    alone, together = [], []
    for _ in range(args.rounds):
        alone.append(step(ALONE))
        together.append(step(communicator)[0])
    seconds = statistics.median(seconds for seconds, _ in alone)
    middle = min(alone, key=lambda one: abs(one[0] - seconds))
    found: dict[str, Any] = {
        "compute_s": middle[0],
        "step_s": statistics.median(together),
        "gradients": middle[1],
        "small_s": sum_seconds(communicator, 4, args.rounds),
        "large_s": sum_seconds(communicator, ALLREDUCED, args.rounds),
    }
    if communicator.leads:
        print(json.dumps(found))


def sum_seconds(communicator: Communicator, size: int, rounds: int) -> float:
    """Return the median time of summing so many bytes."""
    array, times = np.ones(size // 4, np.float32), []
    for _ in range(rounds + 1):
        communicator.barrier()
        began = time.perf_counter()
        communicator.sum(array)
        times.append(time.perf_counter() - began)
        array[...] = 1
    return statistics.median(times[1:])


def measured(ranks: int, case: str, args: argparse.Namespace) -> dict[str, Any]:
    """Start the ranks and return what rank 0 has measured."""
    beside = Path(sys.executable).parent / "mpirun"
    mpirun = str(beside) if beside.exists() else shutil.which("mpirun")
    if mpirun is None:
        raise DistributedError("there is no mpirun: pip install 'minifcn[distributed]'")
    options = [*case_options(case, args), "--rounds", args.rounds, "--as-rank"]
    command = [mpirun, "-n", ranks, sys.executable, __file__, *options]
    # BLAS reads its own before anybody can tell it otherwise.
    environment = {**os.environ, "OMP_NUM_THREADS": str(args.threads)}
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        raise DistributedError(f"{ranks} ranks failed:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def between_ranks(found: dict[str, Any], ranks: int) -> Network:
    """Return bandwidth and latency such that the model's ring sums as fast as was measured."""
    latency = found["small_s"] / ring_seconds(0, ranks, Network("", 1.0, 1.0))
    without = found["large_s"] - found["small_s"]
    return Network("here", 2 * (ranks - 1) / ranks * ALLREDUCED / without, latency)


def print_model(worker: Worker, factors: list[float]) -> list[Row]:
    """Print the table of the model for workers some times as fast as this one."""
    rows: list[Row] = []
    for factor in factors:
        of_us = worker.faster(factor)
        size = sum(size for _, size in of_us.gradients) / 1e6
        print(f"\na worker of {of_us.seconds:.3g} s a step, gradients of {size:.3g} MB")
        widths = {"workers": 7, **{network.name: 10 for network in NETWORKS}}
        for number, workers in enumerate(WORKERS):
            row: Row = {"case": f"x{factor:g}, {workers} workers", "workers": workers}
            for network in NETWORKS:
                row[network.name] = efficiency(of_us, workers, network, BUCKET_BYTES)
            rows.append(row)
            print_row(row, widths, header=number == 0)
        for network in NETWORKS:
            print(f"{network.name}: {advice(of_us, network)}")
    return rows


def advice(worker: Worker, network: Network) -> str:
    """Say where more workers stop paying on a network."""
    shares = [efficiency(worker, workers, network, BUCKET_BYTES) for workers in WORKERS]
    paying = [workers for workers, share in zip(WORKERS, shares, strict=True) if share >= 0.5]
    batches = batches_for(0.9, worker, WORKERS[-1], network, BUCKET_BYTES)
    update = step_seconds(worker, IMAGES_OF_AN_UPDATE, network, BUCKET_BYTES)
    faster = IMAGES_OF_AN_UPDATE * worker.seconds / update
    return (
        f"up to {paying[-1]} workers compute half of the time; {WORKERS[-1]} compute 90 % of it "
        f"with --accumulate {batches}; an update of {IMAGES_OF_AN_UPDATE} images in all is "
        f"{faster:.1f} times as fast on {IMAGES_OF_AN_UPDATE} workers as on one"
    )


def main() -> int:
    """Run the benchmark."""
    options = parser(__doc__ or "", rounds=5)
    add_case_options(options, "fcn8s-500")
    options.add_argument("--ranks", nargs="+", type=int, default=[1, 2])
    options.add_argument(
        "--faster",
        nargs="+",
        type=float,
        default=[1, 100],
        help="the model's workers, in times as fast as one rank here",
    )
    options.add_argument("--as-rank", action="store_true", help=argparse.SUPPRESS)
    options.set_defaults(threads=1)
    args = options.parse_args()
    name, case = next(iter(chosen_cases(args).items()))
    if args.as_rank:
        measure_as_rank(case, args)
        return 0
    use_threads(args.threads)
    rows: list[Row] = []
    one = measured(1, name, args)
    worker = Worker(one["compute_s"], one["gradients"])
    for number, ranks in enumerate(args.ranks):
        found = one if ranks == 1 else measured(ranks, name, args)
        row: Row = {"case": f"{name}, {args.threads} thread(s)"}
        row |= {"ranks": ranks, "compute_s": found["compute_s"], "step_s": found["step_s"]}
        if ranks > 1:
            network = between_ranks(found, ranks)
            beside = Worker(found["compute_s"], found["gradients"])
            row["model_s"] = step_seconds(beside, ranks, network, BUCKET_BYTES)
            row |= {"gb_s": network.bandwidth / 1e9, "latency_us": network.latency * 1e6}
        row["images_s"] = ranks / found["step_s"]
        row["speedup"] = ranks * one["compute_s"] / found["step_s"]
        row["efficiency"] = row["speedup"] / ranks
        rows.append(row)
        print_row(row, WIDTHS, header=number == 0)
    rows += print_model(worker, args.faster)
    return finish(rows, args)


if __name__ == "__main__":
    raise SystemExit(main())
