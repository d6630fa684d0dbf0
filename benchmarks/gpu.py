"""Time FCNs on a GPU, in each precision of the products, against PyTorch on the same GPU.

A step is a forward pass with dropout, the backward pass and the update, as in fcn_training.py; the
image lies on the device already. The clock stops when the device has done its work. `ours_gb` is
what CuPy's memory pool has taken from the device, `peer_gb` what PyTorch's has. On the other side
float16 is PyTorch's autocast.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

from common import (
    Row,
    alternate,
    finish,
    have_torch,
    parser,
    print_row,
)
from fcn_training import our_step, peer_step
from nets import Case, add_case_options, chosen_cases, make_batch, make_net

from minifcn.backend import PRECISIONS, Array, set_product_precision, synchronize, to_device
from minifcn.net import Net
from minifcn.system.devices import DeviceError, describe_device, device_module

WIDTHS = {
    "case": 24, "precision": 9, "ours_ms": 8, "peer_ms": 8, "speedup": 8,
    "ours_gb": 8, "peer_gb": 8,
}  # fmt: skip


def our_runs(net: Net, batch: dict[str, Array], xp: ModuleType) -> dict[str, Callable[[], None]]:
    """Return functions that segment an image and make an update, and wait until it is done."""
    step = our_step(net, batch)

    def inference() -> None:
        net.forward({"data": batch["data"]}, outputs=["score"])
        synchronize(xp)

    def training() -> None:
        step()
        synchronize(xp)

    return {"inference": inference, "training": training}


def peer_runs(twin: Any, batch: dict[str, Any], precision: str) -> dict[str, Callable[[], None]]:
    """Return the functions that do the same with the peer."""
    import torch

    torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    torch.backends.cudnn.allow_tf32 = precision == "tf32"
    half = precision == "float16"
    step, image = peer_step(twin, batch), torch.from_numpy(batch["data"]).cuda()

    def products() -> AbstractContextManager[Any]:
        return torch.autocast("cuda", torch.float16) if half else nullcontext()

    def inference() -> None:
        with torch.no_grad(), products():
            twin.eval()(image)
        torch.cuda.synchronize()

    def training() -> None:
        twin.train()
        with products():
            step()
        torch.cuda.synchronize()

    return {"inference": inference, "training": training}


def measure(
    name: str, case: Case, precision: str, rounds: int, xp: ModuleType, *, peer: bool
) -> list[Row]:
    """Return two rows of the table: an inference and a step of training."""
    set_product_precision(precision)
    net, batch = make_net(case), make_batch(case)
    twin = None
    if peer:
        from peer import TorchFCN

        twin = TorchFCN(net).cuda()
    net.to(xp)
    ours = our_runs(net, {name: to_device(array, xp) for name, array in batch.items()}, xp)
    theirs = {} if twin is None else peer_runs(twin, batch, precision)
    rows = []
    for kind, run in ours.items():
        row: Row = {"case": f"{name} {kind}", "precision": precision}
        runs = {"ours": run} | ({"peer": theirs[kind]} if theirs else {})
        xp.get_default_memory_pool().free_all_blocks()
        seconds = alternate(runs, rounds)
        row["ours_ms"] = 1e3 * seconds["ours"]
        row["ours_gb"] = xp.get_default_memory_pool().total_bytes() / 1e9
        if theirs:
            import torch

            row["peer_ms"] = 1e3 * seconds["peer"]
            row["speedup"] = seconds["peer"] / seconds["ours"]
            row["peer_gb"] = torch.cuda.memory_reserved() / 1e9
        rows.append(row)
    return rows


def main() -> int:
    """Run the benchmark."""
    options = parser(__doc__ or "")
    add_case_options(options, "fcn8s-224", "fcn8s-500", "googlenet")
    options.add_argument("--no-peer", action="store_true", help="time minifcn alone")
    options.add_argument("--precision", nargs="+", choices=PRECISIONS, default=list(PRECISIONS))
    args = options.parse_args()
    try:
        xp = device_module("gpu")
    except DeviceError as error:
        print(error)
        return 1
    peer = not args.no_peer and have_torch()
    rows: list[Row] = []
    for name, case in chosen_cases(args).items():
        for precision in args.precision:
            for row in measure(name, case, precision, args.rounds, xp, peer=peer):
                print_row(row, WIDTHS, header=not rows)
                rows.append(row)
    return finish(rows, args, device=describe_device(xp))


if __name__ == "__main__":
    raise SystemExit(main())
