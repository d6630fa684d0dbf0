"""Show the share of each layer and pass in the time of a training step, or of an inference."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from common import Row, finish, parser, print_row, use_threads
from nets import add_case_options, chosen_cases, make_batch, make_net

from minifcn.training.optim import SGD

WIDTHS = {"case": 28, "forward_ms": 10, "backward_ms": 11, "update_ms": 9, "share": 7}


def main() -> int:
    """Run the benchmark."""
    import time

    options = parser(__doc__ or "")
    add_case_options(options, "fcn8s-500")
    options.add_argument("--inference", action="store_true", help="forward only, with all fusing")
    args = options.parse_args()
    use_threads(args.threads)
    case = next(iter(chosen_cases(args).values()))
    net, batch = make_net(case), make_batch(case)
    optimiser = SGD(net.params, net.multipliers, momentum=0.9, weight_decay=5e-4)
    rng = np.random.default_rng(0)
    seconds: dict[tuple[str, str], list[float]] = defaultdict(list)

    def clock(layer: str, direction: str, spent: float) -> None:
        seconds[layer, direction].append(spent)

    for number in range(args.rounds + 1):
        net.clock = clock if number else None  # the first run is not counted
        if args.inference:
            net.forward(batch, outputs=["score"])
            continue
        _, tape = net.forward(batch, outputs=["loss"], train=True, rng=rng)
        for address, gradient in net.backward(tape):
            began = time.perf_counter()
            optimiser.update(address, gradient, 1e-6)
            if number:
                clock(address.rpartition("/")[0], "update", time.perf_counter() - began)
    # A layer's two updates, of weight and bias, belong to one run.
    median = {
        key: float(np.median(np.sum(np.reshape(values, (args.rounds, -1)), axis=1)))
        for key, values in seconds.items()
    }
    whole = sum(median.values())
    rows: list[Row] = []
    for node in net.nodes:
        spent = [median.get((node.name, kind)) for kind in ("forward", "backward", "update")]
        if any(value is not None for value in spent):
            row: Row = {"case": node.name, "share": sum(value or 0 for value in spent) / whole}
            for kind, value in zip(("forward", "backward", "update"), spent, strict=True):
                row[f"{kind}_ms"] = None if value is None else 1000 * value
            rows.append(row)
            print_row(row, WIDTHS, header=len(rows) == 1)
    return finish(rows, args, case=str(case), seconds=whole)


if __name__ == "__main__":
    raise SystemExit(main())
