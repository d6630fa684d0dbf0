"""Show how time and memory of FCN-8s inference grow with pixels, up to 2000 x 2000, and threads.

Each size runs in a process of its own, whose peak memory is reported. `per_megapixel` counts the
pixels of the padded image (pad 100), which is what the first layers work on.
"""

from __future__ import annotations

import argparse

from common import (
    Row,
    alternate,
    finish,
    memory_of,
    parser,
    peak_memory,
    print_row,
    use_threads,
)
from nets import Case, filled_net, make_batch, make_net

from minifcn.backend import available_threads

SIZES = (128, 250, 500, 1000, 2000)
WIDTHS = {"case": 24, "ours_s": 8, "per_megapixel": 13, "ours_gb": 8, "speedup_of_threads": 18}


def main() -> int:
    """Run the benchmark."""
    options = parser(__doc__ or "", rounds=3)
    options.add_argument("--size", nargs="+", type=int, default=SIZES, help="pixels on each side")
    options.add_argument("--width", type=float, default=1.0, help="factor on the channel counts")
    options.add_argument("--memory-of", choices=("ours",), help=argparse.SUPPRESS)
    args = options.parse_args()
    use_threads(args.threads)
    case = Case(width=args.width)
    if args.memory_of:
        batch = make_batch(case._replace(size=(args.size[0],) * 2))
        filled_net(case).forward(batch, outputs=["score"])
        print(peak_memory())
        return 0
    net = make_net(case)
    rows: list[Row] = []
    of_one_thread = None
    runs = [(args.threads, size) for size in args.size]
    runs += [(threads, runs[len(runs) // 2][1]) for threads in range(1, available_threads() + 1)]
    for number, (threads, size) in enumerate(runs):
        use_threads(threads)
        data = make_batch(case._replace(size=(size, size)))["data"]
        run = {"ours": lambda data=data: net.forward({"data": data}, outputs=["score"])}
        seconds = alternate(run, args.rounds)["ours"]
        row: Row = {"case": f"fcn8s {size}, {threads} thread(s)", "size": size, "ours_s": seconds}
        row["per_megapixel"] = seconds / ((size + 198) ** 2 / 1e6)
        if number < len(args.size):
            choice = ["--size", str(size), "--width", str(args.width)]
            row["ours_gb"] = memory_of("ours", [*choice, "--threads", str(threads)]) / 1e9
        else:
            of_one_thread = of_one_thread or seconds
            row["speedup_of_threads"] = of_one_thread / seconds
        rows.append(row)
        print_row(row, WIDTHS, header=number == 0)
    return finish(rows, args)


if __name__ == "__main__":
    raise SystemExit(main())
