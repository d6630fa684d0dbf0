"""Show how time and memory of FCN-8s inference grow with pixels, up to 2000 x 2000, and threads.

Each size runs in a process of its own, whose peak memory is reported. `per_megapixel` counts the
pixels of the padded image (pad 100), which is what the first layers work on.
"""

from __future__ import annotations

from common import (
    Row,
    add_net_options,
    alternate,
    finish,
    memory_of,
    parser,
    peak_memory,
    print_row,
    use_threads,
)
from nets import make_batch, make_net

from minifcn.backend import available_threads

SIZES = (128, 250, 500, 1000, 2000)
WIDTHS = {"case": 24, "ours_s": 8, "per_megapixel": 13, "ours_gb": 8, "speedup_of_threads": 18}


def main() -> int:
    """Run the benchmark."""
    options = parser(__doc__ or "", rounds=3)
    add_net_options(options)
    args = options.parse_args()
    arch = (args.arch or ["fcn8s"])[0]
    use_threads(args.threads)
    net = make_net(arch, args.width)
    if args.memory_of:
        net.forward({"data": make_batch(args.size[0])["data"]}, outputs=["score"])
        print(peak_memory())
        return 0
    rows: list[Row] = []
    of_one_thread = None
    runs = [(args.threads, size) for size in args.size or SIZES]
    runs += [(threads, runs[len(runs) // 2][1]) for threads in range(1, available_threads() + 1)]
    for number, (threads, size) in enumerate(runs):
        use_threads(threads)
        data = make_batch(size)["data"]
        run = {"ours": lambda data=data: net.forward({"data": data}, outputs=["score"])}
        seconds = alternate(run, args.rounds)["ours"]
        row: Row = {"case": f"{arch} {size}, {threads} thread(s)", "size": size, "ours_s": seconds}
        row["per_megapixel"] = seconds / ((size + 198) ** 2 / 1e6)
        if number < len(args.size or SIZES):
            choice = ["--arch", arch, "--size", str(size), "--width", str(args.width)]
            row["ours_gb"] = memory_of("ours", [*choice, "--threads", str(threads)]) / 1e9
        else:
            of_one_thread = of_one_thread or seconds
            row["speedup_of_threads"] = of_one_thread / seconds
        rows.append(row)
        print_row(row, WIDTHS, header=number == 0)
    return finish(rows, args)


if __name__ == "__main__":
    raise SystemExit(main())
