"""Time each convolution of VGG16's FCN in its three passes, against PyTorch.

Forward with bias and ReLU; the gradient of the input; the gradient of the weights. The GFLOP/s
count the products of the definition (2 N F OH OW C KH KW), so Winograd's fewer products can exceed
the peak of sgemm, measured in the same run.
"""

from __future__ import annotations

import numpy as np
from common import (
    Row,
    alternate,
    finish,
    have_torch,
    parser,
    print_row,
    relative_error,
    sgemm_peak,
    use_threads,
)

from minifcn.functional.conv import ConvCache, conv2d_backward, conv2d_forward
from minifcn.functional.fast.paths import choose_path
from minifcn.functional.window import Window
from minifcn.layers import Conv2d
from minifcn.models import ModelSpec, build

WIDTHS = {
    "case": 22, "path": 9, "ours_ms": 8, "peer_ms": 8, "speedup": 8,
    "gflops": 7, "of_sgemm": 8, "max_rel_error": 13,
}  # fmt: skip
PASSES = ("forward", "dx", "dweight")


def conv_cases(size: int, width: float) -> list[tuple[str, tuple[int, ...], Conv2d]]:
    """Return name, input shape and layer of each convolution that differs from the one before."""
    net = build(ModelSpec("fcn8s", width=width))
    shapes = net.shapes(data=(1, 3, size, size))
    cases: list[tuple[str, tuple[int, ...], Conv2d]] = []
    for node in net.nodes:
        if isinstance(node.layer, Conv2d):
            shape = shapes[node.bottoms[0]]
            same = [c for c in cases if c[1] == shape and _kind(c[2]) == _kind(node.layer)]
            if not same:
                cases.append((node.name, shape, node.layer))
    return cases


def _kind(layer: Conv2d) -> tuple:
    return layer.params["weight"].shape, layer.window


def measure(
    name: str, shape: tuple[int, ...], layer: Conv2d, rounds: int, peak: float, *, peer: bool
) -> list[Row]:
    """Return a row for each pass."""
    rng = np.random.default_rng(0)
    window: Window = layer.window
    weight = rng.standard_normal(layer.params["weight"].shape, dtype=np.float32)
    weight *= np.sqrt(2 / weight[0].size).astype(np.float32)
    bias = rng.standard_normal(len(weight), dtype=np.float32)
    x = np.maximum(rng.standard_normal(shape, dtype=np.float32), 0)
    y, _ = conv2d_forward(x, weight, bias, pad=window.pad)
    dy = rng.standard_normal(y.shape, dtype=np.float32)
    cache = ConvCache(x, weight, window, 1)
    ours = {
        "forward": lambda: conv2d_forward(x, weight, bias, pad=window.pad, relu=True)[0],
        "dx": lambda: conv2d_backward(dy, cache, need_grads=False)[0],
        "dweight": lambda: conv2d_backward(dy, cache, need_dx=False)[1],
    }
    theirs = _peer(x, weight, bias, dy, window) if peer else {}
    rows: list[Row] = []
    for kind in PASSES:
        runs = {"ours": ours[kind]}
        row: Row = {"case": f"{name} {kind}", "layer": name, "pass": kind, "input": shape}
        row["path"] = choose_path(shape, weight, window, 1, backward=kind != "forward")
        if peer:
            runs["peer"] = theirs[kind]
            row["max_rel_error"] = relative_error(ours[kind](), theirs[kind]().numpy())
        seconds = alternate(runs, rounds)
        row["ours_ms"] = 1000 * seconds["ours"]
        row["gflops"] = 2 * y[0, 0].size * weight.size / seconds["ours"] / 1e9
        row["of_sgemm"] = row["gflops"] / peak
        if peer:
            row["peer_ms"] = 1000 * seconds["peer"]
            row["speedup"] = seconds["peer"] / seconds["ours"]
        rows.append(row)
    return rows


def _peer(x, weight, bias, dy, window: Window) -> dict:
    import torch

    tx, tw, tb, tdy = (torch.from_numpy(array) for array in (x, weight, bias, dy))

    def forward() -> torch.Tensor:
        with torch.no_grad():
            return torch.relu_(torch.nn.functional.conv2d(tx, tw, tb, padding=window.pad))

    def backward(which: int) -> torch.Tensor:
        wanted = [number == which for number in range(3)]
        return torch.ops.aten.convolution_backward(
            tdy, tx, tw, [len(bias)], [1, 1], list(window.pad), [1, 1], False, [0, 0], 1, wanted
        )[which]

    return {"forward": forward, "dx": lambda: backward(0), "dweight": lambda: backward(1)}


def main() -> int:
    """Run the benchmark."""
    options = parser(__doc__ or "")
    options.add_argument("--size", type=int, default=500, help="pixels on each side of the image")
    options.add_argument("--width", type=float, default=1.0, help="factor on the channel counts")
    options.add_argument("--layer", nargs="+", help="only these, e.g. conv1_2 fc6")
    options.add_argument("--no-peer", action="store_true", help="time minifcn alone")
    args = options.parse_args()
    peer = not args.no_peer and have_torch()
    use_threads(args.threads)
    peak = sgemm_peak()
    rows: list[Row] = []
    for name, shape, layer in conv_cases(args.size, args.width):
        if args.layer is None or name in args.layer:
            for row in measure(name, shape, layer, args.rounds, peak, peer=peer):
                rows.append(row)
                print_row(row, WIDTHS, header=len(rows) == 1)
    return finish(rows, args, sgemm_gflops=peak)


if __name__ == "__main__":
    raise SystemExit(main())
