"""Time minifcn segmenting images against PyTorch, ONNX Runtime and OpenVINO; or compare memory.

All have the same layers and weights and compute in float32. They take turns in one process; peak
memory is that of a process of its own for each. `rival` is the fastest of the others, or the
leanest, `speedup` its time divided by ours, `memory_ratio` our memory divided by its.
`max_rel_error` is the largest difference from PyTorch's scores as a share of their largest.

Where a processor has units for it, OpenVINO computes in bfloat16 unless it is told not to. That is
a row of its own, with its error, and not among the rivals.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from common import (
    Row,
    compare,
    have_torch,
    peaks,
    ready,
    relative_error,
    take_turns,
    use_threads,
    widths_of,
)
from nets import Case, case_options, chosen_cases, filled_net, make_batch, make_net
from sides import options_of, print_peak, tabulate

from minifcn.net import Net

Run = Callable[[], np.ndarray]  # returns scores (N, C, H, W)


class Task(NamedTuple):
    """What each side is given: a function that returns the net, images, the net as ONNX."""

    net: Callable[[], Net]
    data: np.ndarray
    model: Path
    threads: int


def ours(task: Task) -> Run:
    """Return a function that segments the images with minifcn."""
    net = task.net()

    def run() -> np.ndarray:
        outputs, _ = net.forward({"data": task.data}, outputs=["score"])
        return np.asarray(outputs["score"])

    return run


def pytorch(task: Task, mode: str = "eager") -> Run:
    """Return the same with PyTorch: eager, channels_last, or compiled with frozen weights."""
    import torch
    from peer import TorchFCN

    twin, images = TorchFCN(task.net()).eval(), torch.from_numpy(task.data)
    if mode == "channels_last":
        twin.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    elif mode == "compiled":
        torch._inductor.config.freezing = True
        twin = torch.compile(twin)

    def run() -> np.ndarray:
        with torch.no_grad():
            return twin(images).numpy()

    return run


def onnxruntime(task: Task) -> Run:
    """Return the same with ONNX Runtime."""
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = task.threads
    session = InferenceSession(task.model, options, providers=["CPUExecutionProvider"])
    (image,) = session.get_inputs()
    return lambda: session.run(None, {image.name: task.data})[0]


def openvino(task: Task, **hints: str) -> Run:
    """Return the same with OpenVINO."""
    from openvino import Core

    hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": str(task.threads), **hints}
    request = Core().compile_model(str(task.model), "CPU", hints).create_infer_request()
    return lambda: request.infer([task.data])[0].copy()  # it writes to the same array again


RIVALS: dict[str, Callable[[Task], Run]] = {
    "pytorch": pytorch,
    "channels_last": partial(pytorch, mode="channels_last"),
    "compiled": partial(pytorch, mode="compiled"),
    "onnxruntime": onnxruntime,
    "openvino": partial(openvino, INFERENCE_PRECISION_HINT="f32"),
}
AS_IT_COMES = "openvino_as_it_comes"
SIDES = {"ours": ours, **RIVALS, AS_IT_COMES: openvino}


def write_onnx(net: Net, data: np.ndarray, file: Path) -> None:
    """Write a net for images of this shape as an ONNX model."""
    import torch
    from peer import TorchFCN

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is deprecated
        torch.onnx.export(TorchFCN(net).eval(), torch.from_numpy(data), file, dynamo=False)


def times(name: str, task: Task, sides: list[str], args: argparse.Namespace) -> list[Row]:
    """Return the row of a case, and that of OpenVINO as it comes."""
    runs, scores = ready({side: partial(SIDES[side], task) for side in sides})
    seconds = take_turns(runs, args.rounds)
    rows = [compare(name, seconds, [side for side in sides if side in RIVALS], memory=False)]
    if "pytorch" in runs:
        errors = {side: relative_error(scores[side], scores["pytorch"]) for side in runs}
        rows[0] |= {"max_rel_error": errors["ours"], "errors": errors}
        if AS_IT_COMES in runs:
            row = {"openvino_s": seconds[AS_IT_COMES], "max_rel_error": errors[AS_IT_COMES]}
            rows.append({"case": f"as it comes: {name}", **row})
    return rows


def memory(name: str, task: Task, sides: list[str], args: argparse.Namespace) -> list[Row]:
    """Return the row of a case."""
    options = [*case_options(name, args), "--model", str(task.model)]
    values = peaks([side for side in sides if side != AS_IT_COMES], options)
    return [compare(name, values, [side for side in sides if side in RIVALS], memory=True)]


def run_for_memory(side: str, case: Case, model: Path, threads: int) -> None:
    """Segment as one side does, and print the peak memory of this process."""
    task = Task(partial(filled_net, case), make_batch(case)["data"], model, threads)
    print_peak(SIDES[side](task), threads)


def measured(cases: dict[str, Case], sides: list[str], args: argparse.Namespace) -> Iterator[Row]:
    """Yield the rows of all cases."""
    for name, case in cases.items():
        with TemporaryDirectory() as folder:
            net, data = make_net(case), make_batch(case)["data"]
            task = Task(lambda net=net: net, data, Path(folder, "net.onnx"), args.threads)
            if args.rivals:
                write_onnx(net, data, task.model)
            use_threads(args.threads)
            yield from (memory if args.memory else times)(name, task, sides, args)


def main() -> int:
    """Run the benchmark."""
    options = options_of(__doc__ or "", *RIVALS, AS_IT_COMES)
    options.add_argument("--model", type=Path, help=argparse.SUPPRESS)
    args = options.parse_args()
    cases = chosen_cases(args)
    if args.memory_of:
        (case,) = cases.values()
        run_for_memory(args.memory_of, case, args.model, args.threads)
        return 0
    if not have_torch():  # of whose module the others get their model
        args.rivals = []
    sides = ["ours", *args.rivals]
    rivals = [side for side in args.rivals if side in RIVALS]
    widths = widths_of(rivals, memory=args.memory)
    if not args.memory:
        widths["max_rel_error"] = 13
    return tabulate(measured(cases, sides, args), widths, args)


if __name__ == "__main__":
    raise SystemExit(main())
