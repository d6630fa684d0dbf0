"""Time training steps against PyTorch, eager, channels_last and compiled; or compare memory.

A step is a forward pass with dropout, the backward pass and the update by SGD with momentum 0.9 and
weight decay 0.0005, in float32, the upsampling fixed as in the reference. `rival` is the fastest of
PyTorch's modes, or the leanest, `speedup` its time divided by ours, `memory_ratio` our peak memory
divided by its.

With --gradients the loss and all gradients are compared with PyTorch's in double precision, in a
step without dropout, of a net as training finds it: biases of zero and, with 100 pixels around the
image, half of the map nothing but zeros. `grad_median` and `grad_worst` are of the errors
|ours - exact| / |exact| (Euclidean lengths) of all parameters, `peer_worst` is the worst of
PyTorch's own in single precision.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from common import (
    Row,
    compare,
    have_torch,
    peaks,
    ready,
    take_turns,
    use_threads,
    widths_of,
)
from nets import Case, case_options, chosen_cases, filled_net, make_batch, make_net
from sides import options_of, print_peak, tabulate

from minifcn.backend import Array, array_module
from minifcn.layers import Dropout
from minifcn.net import Net
from minifcn.training.optim import SGD

MOMENTUM, WEIGHT_DECAY, RATE = 0.9, 5e-4, 1e-6
GRADIENTS = {
    "case": 16, "loss_error": 10, "grad_median": 11, "grad_worst": 10, "peer_worst": 10,
}  # fmt: skip

Step = Callable[[], None]  # makes one update


class Task(NamedTuple):
    """What each side is given: a function that returns a net of its own, and a batch."""

    net: Callable[[], Net]
    batch: dict[str, Array]


def our_step(net: Net, batch: dict[str, Array]) -> Step:
    """Return a function that makes one update of the net, on the device of the batch."""
    optimiser = SGD(net.params, net.multipliers, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    rng = array_module(batch["data"]).random.default_rng(3)

    def step() -> None:
        _, tape = net.forward(batch, outputs=["loss"], train=True, rng=rng)
        for address, gradient in net.backward(tape):
            optimiser.update(address, gradient, RATE)

    return step


def peer_step(twin, batch: dict[str, np.ndarray], mode: str = "eager") -> Step:
    """Return a function that makes one update of the peer, on its device."""
    import torch

    device = next(twin.parameters()).device
    data = torch.from_numpy(batch["data"]).to(device)
    label = torch.from_numpy(batch["label"]).long().to(device)
    if mode == "channels_last":
        twin.to(memory_format=torch.channels_last)
        data = data.to(memory_format=torch.channels_last)
    elif mode == "compiled":
        twin = torch.compile(twin)
    optimiser = torch.optim.SGD(
        twin.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY
    )

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        scores = twin(data)
        torch.nn.functional.cross_entropy(scores, label, ignore_index=255).backward()
        optimiser.step()

    return step


def ours(task: Task) -> Step:
    """Return a step of minifcn."""
    return our_step(task.net(), task.batch)


def pytorch(task: Task, mode: str = "eager") -> Step:
    """Return a step of PyTorch in a mode."""
    from peer import TorchFCN

    return peer_step(TorchFCN(task.net()).train(), task.batch, mode)


RIVALS: dict[str, Callable[[Task], Step]] = {
    "pytorch": pytorch,
    "channels_last": partial(pytorch, mode="channels_last"),
    "compiled": partial(pytorch, mode="compiled"),
}
SIDES = {"ours": ours, **RIVALS}


def peer_gradients(
    twin, batch: dict[str, np.ndarray], dtype: str
) -> tuple[float, dict[str, np.ndarray]]:
    """Return the peer's loss and the gradients of all parameters, computed in a type."""
    import torch

    twin.to(getattr(torch, dtype)).zero_grad(set_to_none=True)
    data = torch.from_numpy(batch["data"].astype(dtype))
    label = torch.from_numpy(batch["label"]).long()
    loss = torch.nn.functional.cross_entropy(twin(data, dropout=0.0), label, ignore_index=255)
    loss.backward()
    return loss.item(), {name: weight.grad.numpy() for name, weight in twin.weights.items()}


def gradients(name: str, net: Net, batch: dict[str, np.ndarray]) -> Row:
    """Return the errors of the loss and of the gradients in a step without dropout."""
    from peer import TorchFCN

    for node in net.nodes:
        if isinstance(node.layer, Dropout):
            node.layer.ratio = 0.0
    twin = TorchFCN(net).train()
    loss, exact = peer_gradients(twin, batch, "float64")
    _, of_peer = peer_gradients(twin, batch, "float32")
    rng = np.random.default_rng(0)  # asked for, and not used
    outputs, tape = net.forward(batch, outputs=["loss"], train=True, rng=rng)

    def error(gradient: np.ndarray, address: str) -> float:
        length = np.linalg.norm(exact[address])
        return float(np.linalg.norm(gradient - exact[address]) / max(length, 1e-30))

    errors = {address: error(gradient, address) for address, gradient in net.backward(tape)}
    if errors.keys() != exact.keys():
        raise RuntimeError(f"other parameters: {sorted(errors.keys() ^ exact.keys())}")
    return {
        "case": name,
        "loss_error": abs(float(outputs["loss"]) / loss - 1),
        "grad_median": float(np.median(list(errors.values()))),
        "grad_worst": max(errors.values()),
        "peer_worst": max(error(gradient, address) for address, gradient in of_peer.items()),
    }


def measure(name: str, case: Case, args: argparse.Namespace) -> Row:
    """Return the row of a case."""
    if args.gradients:
        return gradients(name, make_net(case, biases=args.biases), make_batch(case))
    sides = ["ours", *args.rivals]
    if args.memory:
        values = peaks(sides, case_options(name, args))
    else:
        task = Task(partial(make_net, case), make_batch(case))
        runs, _ = ready({side: partial(SIDES[side], task) for side in sides})
        values = take_turns(runs, args.rounds)
    return compare(name, values, args.rivals, memory=args.memory)


def run_for_memory(side: str, case: Case, threads: int) -> None:
    """Make updates as one side does, and print the peak memory of this process."""
    print_peak(SIDES[side](Task(partial(filled_net, case), make_batch(case))), threads)


def main() -> int:
    """Run the benchmark."""
    options = options_of(__doc__ or "", *RIVALS)
    options.add_argument("--gradients", action="store_true", help="compare gradients, not time")
    options.add_argument(
        "--biases", type=float, default=0.0, help="their size where gradients are compared"
    )
    args = options.parse_args()
    cases = chosen_cases(args)
    if args.memory_of:
        (case,) = cases.values()
        run_for_memory(args.memory_of, case, args.threads)
        return 0
    if not have_torch():
        args.rivals, args.gradients = [], False
    use_threads(args.threads)
    widths = GRADIENTS if args.gradients else widths_of(args.rivals, memory=args.memory)
    rows = (measure(name, case, args) for name, case in cases.items())
    return tabulate(rows, widths, args)


if __name__ == "__main__":
    raise SystemExit(main())
