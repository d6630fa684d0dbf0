"""Time FCNs on VGG16 segmenting an image, against PyTorch, and compare peak memory and scores.

One image at a time, float32, the faithful net (pad 100). Both sides take turns in one process;
peak memory is that of a process of its own for each.
"""

from __future__ import annotations

import argparse

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
    relative_error,
    use_threads,
)
from nets import make_batch, make_net

from minifcn.net import Net

WIDTHS = {
    "case": 14, "ours_s": 8, "peer_s": 8, "speedup": 8,
    "ours_gb": 8, "peer_gb": 8, "memory_ratio": 12, "max_rel_error": 13,
}  # fmt: skip


def segment(net: Net, data: np.ndarray) -> np.ndarray:
    """Return our scores (1, C, H, W)."""
    outputs, _ = net.forward({"data": data}, outputs=["score"])
    return np.asarray(outputs["score"])


def measure(arch: str, size: int, args: argparse.Namespace, *, peer: bool) -> Row:
    """Return a row of the table."""
    net, data = make_net(arch, args.width), make_batch(size)["data"]
    runs = {"ours": lambda: segment(net, data)}
    row: Row = {"case": f"{arch} {size}", "arch": arch, "size": size, "width": args.width}
    options = ["--arch", arch, "--size", str(size), "--width", str(args.width)]
    options += ["--threads", str(args.threads)]
    row["ours_gb"] = memory_of("ours", options) / 1e9
    if peer:
        import torch
        from peer import TorchFCN

        twin, image = TorchFCN(arch, net.params).eval(), torch.from_numpy(data)

        def infer() -> torch.Tensor:
            with torch.no_grad():
                return twin(image)

        runs["peer"] = infer
        row["max_rel_error"] = relative_error(segment(net, data), infer().numpy())
        row["peer_gb"] = memory_of("peer", options) / 1e9
        row["memory_ratio"] = row["ours_gb"] / row["peer_gb"]
    seconds = alternate(runs, args.rounds)
    row["ours_s"] = seconds["ours"]
    if peer:
        row["peer_s"] = seconds["peer"]
        row["speedup"] = seconds["peer"] / seconds["ours"]
    return row


def run_for_memory(side: str, arch: str, size: int, width: float) -> None:
    """Segment two images as one side does, and print the peak memory of this process."""
    net, data = make_net(arch, width), make_batch(size)["data"]
    if side == "ours":
        for _ in range(2):
            segment(net, data)
    else:
        import torch
        from peer import TorchFCN

        twin, image = TorchFCN(arch, net.params).eval(), torch.from_numpy(data)
        del net
        with torch.no_grad():
            for _ in range(2):
                twin(image)
    print(peak_memory())


def main() -> int:
    """Run the benchmark."""
    options = parser(__doc__ or "")
    add_net_options(options)
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
