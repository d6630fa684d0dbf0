r"""Train FCN-32s, 16s and 8s on VGG16 here and in PyTorch, and compare the trainings step by step.

Both sides start from the same weights, see the same images in the same order, drop the same
features (NumPy draws the masks for both) and go by the same recipe: the authors' "heavy" learning,
one image an update, the loss summed over its pixels, momentum 0.99, weight decay 0.0005, biases at
twice the rate and without decay, upsampling fixed. Each stage starts from what its own side has
made of the stage before. Nothing is taken over from one side to the other after the start.

    python benchmarks/trajectory.py --plot trajectory.png
    python benchmarks/trajectory.py --width 0.125 --size 64 --updates 5     a minute

Printed are the losses of every update, and for each stage:

    loss_32, loss_64      the largest |ours - peer| / peer of its losses, in each precision
    weights_32, _64       |ours - peer| / |exact - start|, over all parameters: how far the two are
                          apart at the end of the stage, as a share of the way that they have gone
    ours_32, peer_32      the same of each side in float32 against `exact`, the peer in float64

In double precision the two are the same training. In single precision two programs that add in
different orders drift apart; `ours_32` and `peer_32` say whether ours does so more than the peer.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from common import Row, finish, have_torch, peak_memory, print_row, use_threads

from minifcn.backend import available_threads
from minifcn.data.loader import Batch, Loader
from minifcn.data.shapes import ShapesDataset
from minifcn.models.build import build, initialise
from minifcn.net import Net
from minifcn.system.records import ABOVE_0, AT_LEAST_1, of_range
from minifcn.training.prepare import FRESH_PREPROCESS, make_optimiser
from minifcn.training.settings import STAGES, Settings, resolve
from minifcn.training.solver import random_numbers, train
from minifcn.weights.surgery import transplant

LR = 3e-4  # at which the loss falls within some updates, from random weights

Params = dict[str, np.ndarray]

DTYPES = {32: np.float32, 64: np.float64}
RUNS = [(side, bits) for bits in DTYPES for side in ("ours", "peer")]
LOSSES = {"stage": 8, "update": 6, **{f"{side}_{bits}": 22 for side, bits in RUNS}}
FIGURES = ("loss_32", "loss_64", "weights_32", "weights_64", "ours_32", "peer_32")


class Batches(Loader):
    """Single images of a data set, of one type of floating point number."""

    def __init__(self, size: int, settings: Settings, dtype: type) -> None:
        images = ShapesDataset("train", size=(size, size))
        super().__init__(images, FRESH_PREPROCESS, batch_size=1, seed=settings.seed)
        self.dtype = dtype

    def batch(self, number: int) -> Batch:
        """Return batch `number`."""
        batch = super().batch(number)
        return batch._replace(inputs={**batch.inputs, "data": batch.data.astype(self.dtype)})


def settings_of(arch: str, args: argparse.Namespace) -> Settings:
    """Return the recipe, and the net, of a stage."""
    return resolve(
        "shapes",
        arch=arch,
        width=args.width,
        padding="faithful",
        recipe="heavy",
        rate=args.lr / args.size**2,
        policy="fixed",
        steps=args.updates,
    )


def start_net(settings: Settings, before: Params | None, dtype: type) -> Net:
    """Return the net of a stage: with what the stage before has made, or with random weights."""
    net = build(settings.spec(len(ShapesDataset.class_names)), normalization="batch")
    if before is None:
        initialise(net, settings.seed)
    net.astype(dtype)
    if before is not None:
        new = ["score*", "upscore*"]
        transplant(net.params, before, may_be_missing=new, may_be_unexpected=["upscore*"])
    return net


def train_ours(net: Net, batches: Batches, settings: Settings) -> Iterator[float]:
    """Train a net as `minifcn.train` does; yield the loss of each update before it is made."""
    optimiser = make_optimiser(net, settings)
    steps = train(net, batches, optimiser, lambda step: settings.rate, steps=settings.steps)
    yield from (step.loss for step in steps)


def train_peer(twin: Any, batches: Batches, settings: Settings) -> Iterator[float]:
    """Train PyTorch's net; yield the loss of each update before it is made."""
    import torch
    from torch.nn.functional import cross_entropy

    parameters = dict(twin.named_parameters())
    weights, biases = (
        [p for name, p in parameters.items() if name.endswith(kind)] for kind in ("weight", "bias")
    )
    rate, decay = settings.rate, settings.weight_decay
    groups = [
        {"params": weights, "lr": rate, "weight_decay": decay},
        {"params": biases, "lr": 2 * rate, "weight_decay": 0.0},
    ]
    optimiser = torch.optim.SGD(groups, momentum=settings.momentum)
    for number in range(settings.steps):
        batch = batches.batch(number)
        twin.masks = random_numbers(np, 0, number, 0)
        optimiser.zero_grad(set_to_none=True)
        scores = twin(torch.from_numpy(batch.data))
        label = torch.from_numpy(batch.label).long()
        loss = cross_entropy(scores, label, ignore_index=255, reduction="sum")
        loss.backward()
        optimiser.step()
        yield loss.item()


def peer_params(twin: Any) -> Params:
    """Return the parameters of PyTorch's net by our addresses; those of fixed layers are not."""
    return {address: weight.detach().numpy() for address, weight in twin.weights.items()}


def run_stage(
    side: str, settings: Settings, before: Params | None, bits: int, size: int
) -> tuple[list[float], Params, float]:
    """Train a stage on one side; return its losses, its weights, and how far these have gone."""
    dtype = DTYPES[bits]
    net, batches = start_net(settings, before, dtype), Batches(size, settings, dtype)
    del before  # it is in the net; in float64 it takes a gigabyte
    trained = [address for address, (rate, _) in net.multipliers.items() if rate]
    start = {address: net.params[address].copy() for address in trained}
    if side == "ours":
        losses = list(train_ours(net, batches, settings))
        params = {address: net.params[address] for address in trained}
    else:
        from peer import TorchFCN

        twin = TorchFCN(net).train()
        del net
        losses = list(train_peer(twin, batches, settings))
        params = peer_params(twin)
    return losses, params, distance(params, start)


def distance(one: Params, other: Params) -> float:
    """Return the Euclidean distance over all parameters."""
    if one.keys() != other.keys():
        raise RuntimeError(f"other parameters: {sorted(one.keys() ^ other.keys())}")
    differences = (np.subtract(one[a], other[a], dtype=np.float64).ravel() for a in one)
    return sqrt(sum(float(d @ d) for d in differences))


def compare(arch: str, losses: dict[str, list[float]], ends: dict[str, Params], way: float) -> Row:
    """Return the row of a stage, from what its four runs have come to."""
    row: Row = {"case": arch, "losses": losses}
    for bits in DTYPES:
        ours, peer = (np.array(losses[f"{side}_{bits}"]) for side in ("ours", "peer"))
        row[f"loss_{bits}"] = float((abs(ours - peer) / peer).max())
        row[f"weights_{bits}"] = distance(ends[f"ours_{bits}"], ends[f"peer_{bits}"]) / way
    for side in ("ours_32", "peer_32"):
        row[side] = distance(ends[side], ends["peer_64"]) / way
    return row


def plot(rows: list[Row], path: Path) -> None:
    """Draw the losses, and how far apart those of the two sides are, over the updates."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 6), layout="constrained")
    curves, apart = figure.subplots(2, 1, sharex=True)
    joined = {name: np.concatenate([r["losses"][name] for r in rows]) for name in rows[0]["losses"]}
    updates = np.arange(1, len(joined["ours_64"]) + 1)
    for name, style in {"peer_64": "-", "ours_64": "--", "peer_32": "-.", "ours_32": ":"}.items():
        side, bits = name.split("_")
        label = f"{'minifcn' if side == 'ours' else 'PyTorch'}, float{bits}"
        curves.plot(updates, joined[name], style, label=label)
    curves.set(ylabel="loss, nats a pixel")
    curves.legend()
    for bits in DTYPES:
        ours, peer = joined[f"ours_{bits}"], joined[f"peer_{bits}"]
        error = abs(ours - peer) / peer
        error[error == 0] = np.nan  # the very same number: a logarithm has no place for it
        apart.semilogy(updates, error, ".-", label=f"float{bits}")
    apart.set(xlabel="update", ylabel="|ours - PyTorch| / PyTorch")
    apart.legend()
    for axes in (curves, apart):
        for place, row in enumerate(rows):
            first = 1 + place * len(updates) // len(rows)
            axes.axvline(first, color="grey", linewidth=0.5)
            axes.annotate(row["case"], (first, 1), xycoords=("data", "axes fraction"), va="bottom")
    figure.savefig(path, dpi=120)


def parser() -> argparse.ArgumentParser:
    """Return the options."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    count = of_range(int, AT_LEAST_1)
    options.add_argument("--size", type=count, default=224, help="pixels, each way, of an image")
    options.add_argument("--width", type=float, default=1.0, help="factor on the channel counts")
    options.add_argument("--updates", type=count, default=20, help="of each stage (20)")
    options.add_argument(
        "--lr", type=of_range(float, ABOVE_0), default=LR, help=f"for the mean over pixels ({LR:g})"
    )
    options.add_argument("--threads", type=int, default=available_threads(), help="of both sides")
    options.add_argument("--json", type=Path, metavar="FILE", help="write the rows to this file")
    options.add_argument("--plot", type=Path, metavar="FILE", help="draw the losses")
    return options


def main() -> int:
    """Run the benchmark."""
    args = parser().parse_args()
    if not have_torch():
        return 1
    use_threads(args.threads)
    rows: list[Row] = []
    ends: dict[str, Params] = {}
    for arch in STAGES:
        settings, losses, way = settings_of(arch, args), {}, 0.0
        for side, bits in RUNS:
            name = f"{side}_{bits}"
            result = run_stage(side, settings, ends.pop(name, None), bits, args.size)
            sums, ends[name], way = result
            losses[name] = [loss / args.size**2 for loss in sums]
        for number in range(args.updates):
            row = {"stage": arch, "update": number + 1}
            row |= {name: f"{values[number]:.15g}" for name, values in losses.items()}
            print_row(row, LOSSES, header=not (rows or number))
        rows.append(compare(arch, losses, ends, way))  # the last run is the exact one
    print()
    for row in rows:
        print_row(row, {"case": 8, **dict.fromkeys(FIGURES, 10)}, header=row is rows[0])
    if args.plot:
        plot(rows, args.plot)
    return finish(rows, args, peak_gb=peak_memory() / 1e9)


if __name__ == "__main__":
    raise SystemExit(main())
