"""Time training steps of FCNs on VGG16 against PyTorch; compare memory, loss and gradients.

A step is a forward pass with dropout, the backward pass and the update by SGD with momentum 0.9 and
weight decay 0.0005, of one image, float32, the faithful net (pad 100), the upsampling fixed as in
the reference.

The loss and all gradients are compared with PyTorch's in double precision, in a step without
dropout, of a net as training finds it: biases of zero, and half of the map nothing but zeros.
`grad_median` and `grad_worst` are of the errors |ours - exact| / |exact| (Euclidean lengths) of
all parameters, `peer_worst` is the worst of the peer's own in single precision.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from common import (
    Row,
    add_net_options,
    alternate,
    cases,
    finish,
    have_torch,
    memory_of,
    parser,
    peak_memory,
    print_row,
    use_threads,
)
from nets import make_batch, make_net

from minifcn.backend import Array, array_module
from minifcn.layers import Dropout
from minifcn.net import Net
from minifcn.training.optim import SGD

MOMENTUM, WEIGHT_DECAY, RATE = 0.9, 5e-4, 1e-6
WIDTHS = {
    "case": 14, "ours_s": 8, "peer_s": 8, "speedup": 8, "ours_gb": 8, "peer_gb": 8,
    "memory_ratio": 12, "loss_error": 10, "grad_median": 11, "grad_worst": 10, "peer_worst": 10,
}  # fmt: skip


def our_step(net: Net, batch: dict[str, Array]) -> Callable[[], None]:
    """Return a function that makes one update of the net, on the device of the batch."""
    optimiser = SGD(net.params, net.multipliers, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY)
    rng = array_module(batch["data"]).random.default_rng(3)

    def step() -> None:
        _, tape = net.forward(batch, outputs=["loss"], train=True, rng=rng)
        for address, gradient in net.backward(tape):
            optimiser.update(address, gradient, RATE)

    return step


def peer_step(twin, batch: dict[str, np.ndarray]) -> Callable[[], None]:
    """Return a function that makes one update of the peer, on its device."""
    import torch

    optimiser = torch.optim.SGD(
        twin.parameters(), lr=RATE, momentum=MOMENTUM, weight_decay=WEIGHT_DECAY
    )
    device = next(twin.parameters()).device
    data = torch.from_numpy(batch["data"]).to(device)
    label = torch.from_numpy(batch["label"]).long().to(device)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        scores = twin(data)
        torch.nn.functional.cross_entropy(scores, label, ignore_index=255).backward()
        optimiser.step()

    return step


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
    return loss.item(), {
        f"{name}/{kind}": getattr(conv, kind).grad.numpy()
        for name, conv in twin.convs.items()
        for kind in ("weight", "bias")
    }


def compare(net: Net, twin, batch: dict[str, np.ndarray]) -> Row:
    """Return the errors of the loss and of the gradients in a step without dropout."""
    for node in net.nodes:
        if isinstance(node.layer, Dropout):
            node.layer.ratio = 0.0
    loss, exact = peer_gradients(twin, batch, "float64")
    _, of_peer = peer_gradients(twin, batch, "float32")
    rng = np.random.default_rng(0)  # asked for, and not used
    outputs, tape = net.forward(batch, outputs=["loss"], train=True, rng=rng)

    def error(gradient: np.ndarray, address: str) -> float:
        return float(np.linalg.norm(gradient - exact[address]) / np.linalg.norm(exact[address]))

    errors = {address: error(gradient, address) for address, gradient in net.backward(tape)}
    if errors.keys() != exact.keys():
        raise RuntimeError(f"other parameters: {sorted(errors.keys() ^ exact.keys())}")
    return {
        "loss_error": abs(float(outputs["loss"]) / loss - 1),
        "grad_median": float(np.median(list(errors.values()))),
        "grad_worst": max(errors.values()),
        "peer_worst": max(error(gradient, address) for address, gradient in of_peer.items()),
    }


def measure(arch: str, size: int, args: argparse.Namespace, *, peer: bool) -> Row:
    """Return a row of the table."""
    net, batch = make_net(arch, args.width), make_batch(size)
    runs = {"ours": our_step(net, batch)}
    row: Row = {"case": f"{arch} {size}", "arch": arch, "size": size, "width": args.width}
    options = ["--arch", arch, "--size", str(size), "--width", str(args.width)]
    options += ["--threads", str(args.threads)]
    row["ours_gb"] = memory_of("ours", options) / 1e9
    if peer:
        from peer import TorchFCN

        untrained = make_net(arch, args.width, biases=args.biases)
        row |= compare(untrained, TorchFCN(arch, untrained.params).train(), batch)
        del untrained
        runs["peer"] = peer_step(TorchFCN(arch, net.params).train(), batch)
        row["peer_gb"] = memory_of("peer", options) / 1e9
        row["memory_ratio"] = row["ours_gb"] / row["peer_gb"]
    seconds = alternate(runs, args.rounds)
    row["ours_s"] = seconds["ours"]
    if peer:
        row["peer_s"] = seconds["peer"]
        row["speedup"] = seconds["peer"] / seconds["ours"]
    return row


def run_for_memory(side: str, arch: str, size: int, width: float) -> None:
    """Make two updates as one side does, and print the peak memory of this process."""
    net, batch = make_net(arch, width), make_batch(size)
    if side == "ours":
        step = our_step(net, batch)
    else:
        from peer import TorchFCN

        step = peer_step(TorchFCN(arch, net.params).train(), batch)
        del net
    for _ in range(2):
        step()
    print(peak_memory())


def main() -> int:
    """Run the benchmark."""
    options = parser(__doc__ or "")
    add_net_options(options)
    options.add_argument(
        "--biases", type=float, default=0.0, help="their size where gradients are compared"
    )
    args = options.parse_args()
    if args.memory_of:
        if args.memory_of == "peer":
            have_torch()
        use_threads(args.threads)
        run_for_memory(args.memory_of, args.arch[0], args.size[0], args.width)
        return 0
    peer = not args.no_peer and have_torch()
    use_threads(args.threads)
    rows: list[Row] = []
    for arch, size in cases(args):
        rows.append(measure(arch, size, args, peer=peer))
        print_row(rows[-1], WIDTHS, header=len(rows) == 1)
    return finish(rows, args)


if __name__ == "__main__":
    raise SystemExit(main())
