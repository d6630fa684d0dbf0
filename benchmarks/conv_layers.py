"""Time each convolution of an FCN in its three passes, against PyTorch.

Forward with bias and ReLU; the gradient of the input; those of the weights and the bias. The
GFLOP/s count the products of the definition (2 N F OH OW C KH KW), so Winograd's fewer products can
exceed the peak of sgemm, measured in the same run. Rows at the end add up the kernels of one size,
as often as they are in the net. With `--each-path` the paths that were not chosen are timed too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

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

from minifcn.functional.arguments import Pair
from minifcn.functional.conv import ConvCache, conv2d_backward, conv2d_forward
from minifcn.functional.fast.paths import PATHS, choose_path, path_forced, ruled_out
from minifcn.layers import Conv2d
from minifcn.models.build import BACKBONES, ModelSpec, build

WIDTHS = {
    "case": 30, "count": 5, "path": 9, "ours_ms": 8, "peer_ms": 8, "speedup": 8,
    "gflops": 7, "of_sgemm": 8, "max_rel_error": 13,
}  # fmt: skip
PASSES = ("forward", "dx", "dweight")
Runs = dict[str, Callable[[], np.ndarray]]


class Convolution(NamedTuple):
    """A convolution of a net."""

    name: str
    x_shape: tuple[int, ...]
    layer: Conv2d
    count: int  # how often it is in the net


def convolutions(backbone: str, size: Pair, width: float) -> list[Convolution]:
    """Return the convolutions of an FCN-8s that differ from each other."""
    net = build(ModelSpec("fcn8s", backbone=backbone, width=width))
    shapes = net.shapes(data=(1, 3, *size))
    found: dict[tuple, Convolution] = {}
    for node in net.nodes:
        if isinstance(node.layer, Conv2d):
            shape, layer = shapes[node.bottoms[0]], node.layer
            kind = shape, layer.params["weight"].shape, layer.window, layer.groups
            first = found.get(kind, Convolution(node.name, shape, layer, 0))
            found[kind] = first._replace(count=first.count + 1)
    return list(found.values())


def measure(conv: Convolution, rounds: int, *, peer: bool, each_path: bool) -> list[Row]:
    """Return a row for each pass, or each path of each pass."""
    layer, rng = conv.layer, np.random.default_rng(0)
    weight = rng.standard_normal(layer.params["weight"].shape, dtype=np.float32)
    weight *= np.sqrt(2 / weight[0].size).astype(np.float32)
    bias = rng.standard_normal(len(weight), dtype=np.float32)
    x = np.maximum(rng.standard_normal(conv.x_shape, dtype=np.float32), 0)
    y, cache = conv2d_forward(x, weight, bias, **layer.options)
    dy = rng.standard_normal(y.shape, dtype=np.float32)
    ours: Runs = {
        "forward": lambda: conv2d_forward(x, weight, bias, **layer.options, relu=True)[0],
        "dx": lambda: conv2d_backward(dy, cache, need_grads=False)[0],
        "dweight": lambda: conv2d_backward(dy, cache, need_dx=False)[1],
    }
    theirs = _peer(cache, bias, dy) if peer else {}
    rows: list[Row] = []
    for kind in PASSES:
        given = x.shape, weight, layer.window, layer.groups
        chosen = choose_path(*given, gradients=kind != "forward")
        able = PATHS.keys() - ruled_out(*given) - {"im2col"}
        others = sorted(able - {chosen}) if each_path else []
        runs = {path: _forced(path, ours[kind]) for path in (chosen, *others)}
        seconds = alternate(runs, rounds)
        if peer:  # by itself: its threads stay awake for a while and would slow the next run down
            seconds |= alternate({"peer": theirs[kind]}, rounds)
        for path, run in runs.items():
            row: Row = {"case": f"{conv.name} {kind}", "layer": conv.name, "pass": kind}
            row |= {"input": x.shape, "count": conv.count, "path": path, "chosen": path == chosen}
            row |= {"kernel": layer.window.kernel_size, "flop": 2 * y[0, 0].size * weight.size}
            row["ours_ms"] = 1000 * seconds[path]
            if peer:
                row["peer_ms"] = 1000 * seconds["peer"]
                row["max_rel_error"] = relative_error(run(), theirs[kind]())
            rows.append(row)
    return rows


def _forced(path: str, run: Callable[[], np.ndarray]) -> Callable[[], np.ndarray]:
    def forced() -> np.ndarray:
        with path_forced(path):
            return run()

    return forced


def _peer(cache: ConvCache, bias: np.ndarray, dy: np.ndarray) -> Runs:
    import torch

    arrays = cache.x, cache.weight, bias, dy
    tx, tw, tb, tdy = (torch.from_numpy(array) for array in arrays)
    geometry = cache.window.stride, cache.window.pad, cache.window.dilation

    def forward() -> np.ndarray:
        with torch.no_grad():
            y = torch.nn.functional.conv2d(tx, tw, tb, *geometry, cache.groups)
            return torch.relu_(y).numpy()

    def backward(which: int) -> np.ndarray:
        wanted = [which == 0, which == 1, which == 1]
        gradients = torch.ops.aten.convolution_backward(
            tdy, tx, tw, [len(bias)], *geometry, False, [0, 0], cache.groups, wanted
        )
        return gradients[which].numpy()

    return {"forward": forward, "dx": lambda: backward(0), "dweight": lambda: backward(1)}


def sums(rows: list[Row]) -> Iterator[Row]:
    """Yield a row for each size of kernel and pass: the time of all in the net, as chosen."""
    rows = [row for row in rows if row["chosen"]]
    for kernel in sorted({row["kernel"] for row in rows}):
        for kind in PASSES:
            own = [row for row in rows if (row["kernel"], row["pass"]) == (kernel, kind)]
            total: Row = {"case": f"all {kernel[0]} x {kernel[1]} {kind}"}
            total["count"] = sum(row["count"] for row in own)
            for name in ("ours_ms", "peer_ms", "flop"):
                if name in own[0]:
                    total[name] = sum(row["count"] * row[name] for row in own)
            yield total


def rate(row: Row, peak: float) -> Row:
    """Add to a row what follows from its times."""
    row["gflops"] = row["flop"] / row["ours_ms"] / 1e6
    row["of_sgemm"] = row["gflops"] / peak
    if "peer_ms" in row:
        row["speedup"] = row["peer_ms"] / row["ours_ms"]
    return row


def main() -> int:
    """Run the benchmark."""
    options = parser(__doc__ or "")
    options.add_argument("--backbone", choices=BACKBONES, default="vgg16")
    options.add_argument(
        "--size", type=int, nargs="+", default=[500], help="height and width of the image, or both"
    )
    options.add_argument("--width", type=float, default=1.0, help="factor on the channel counts")
    options.add_argument("--layer", nargs="+", help="only these, e.g. conv1_2 fc6")
    options.add_argument("--each-path", action="store_true", help="time those not chosen as well")
    options.add_argument("--no-peer", action="store_true", help="time minifcn alone")
    args = options.parse_args()
    peer = not args.no_peer and have_torch()
    use_threads(args.threads)
    peak = sgemm_peak()
    rows: list[Row] = []
    for conv in convolutions(args.backbone, (args.size[0], args.size[-1]), args.width):
        if args.layer is None or conv.name in args.layer:
            for row in measure(conv, args.rounds, peer=peer, each_path=args.each_path):
                rows.append(rate(row, peak))
                print_row(row, WIDTHS, header=len(rows) == 1)
    for row in list(sums(rows)):
        rows.append(rate(row, peak))
        print_row(row, WIDTHS, header=False)
    return finish(rows, args, sgemm_gflops=peak)


if __name__ == "__main__":
    raise SystemExit(main())
