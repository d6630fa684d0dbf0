"""A tiny training that anything may happen to, and what must have become of it in the end."""

import contextlib
import io
import json
import multiprocessing
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from helpers.data_files import add_pair

from minifcn import train
from minifcn.data import DATASETS
from minifcn.system import files
from minifcn.weights.checkpoint import checkpoints, load_checkpoint
from minifcn.weights.store import load_weights

STEPS = 6
OPTIONS = (
    "--weights none --arch fcn32s --width 0.015625 --batch-size 1 --accumulate 1 --lr 0.1 "
    f"--steps {STEPS} --evaluate-every 2 --evaluate-images 1 --device cpu --threads 1"
)
# What differs from one run to the next in a line of the log, and in the results.
UNEQUAL = ("seconds", "waited", "time", "memory")


class Outcome(NamedTuple):
    """How a command ended: its exit status, negative for a signal, and what it said."""

    status: int | None
    said: str

    @property
    def sentence(self) -> str | None:
        """The one sentence that it failed with; None if it said anything else."""
        lines = [line for line in re.split(r"[\r\n]+", self.said) if line.startswith("error: ")]
        is_clear = self.status == 1 and len(lines) == 1 and "Traceback" not in self.said
        return lines[0] if is_clear else None


class Sandbox:
    """A folder with a data set, and the run that nothing happened to.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        files.BUFFER_BYTES = 8192  # so that a checkpoint of a small net takes many writes
        for number in range(8):
            name = f"{number:02d}.png"
            add_pair(folder / "images" / name, folder / "labels" / name, seed=number)
        (folder / "classes.txt").write_text("nothing\nsomething\n")
        (folder / "train.txt").write_text("".join(f"{number:02d}\n" for number in range(6)))
        (folder / "val.txt").write_text("06\n07\n")
        self.reference = self.new_run()
        outcome = self.train(self.reference)
        assert outcome.status == 0, outcome.said

    def arguments(self, run: Path, *more: str) -> list[str]:
        """Return the arguments of the command that trains in a folder."""
        data = ["folder", "--data-dir", str(self.folder)]
        return [*data, *OPTIONS.split(), "--out", str(run), *more]

    def new_run(self, copied: Path | None = None) -> Path:
        """Return a folder for a run that is not there, or a copy of one."""
        run = self.folder / "runs" / str(time.monotonic_ns())
        if copied is not None:
            shutil.copytree(copied, run)
        return run

    def train(self, run: Path, *more: str) -> Outcome:
        """Train in this process."""
        return _captured(lambda: train.main(self.arguments(run, *more)))

    def resumed(self, run: Path) -> str | None:
        """Resume a run; return in what it differs from the one that nothing happened to."""
        outcome = self.train(run, "--resume")
        if outcome.status != 0:
            return f"--resume: status {outcome.status}, {outcome.said}"
        return self.difference(run)

    def difference(self, run: Path, reference: Path | None = None) -> str | None:
        """Return in what a finished run differs from another; None if it is the same."""
        expected = _content(reference or self.reference)
        try:
            found = _content(run)
        except (OSError, ValueError, IndexError) as error:
            return f"it cannot be read: {error!r}"
        for name, value in expected.items():
            if name not in found:
                return f"{name} is missing"
            if found[name] != value:
                return f"{name} is {str(found[name])[:300]} and not {str(value)[:300]}"
        more = set(found) - set(expected)
        return f"left over: {more}" if more else None

    def clean_up(self, run: Path) -> None:
        """Delete a run."""
        shutil.rmtree(run, ignore_errors=True)


def _content(run: Path) -> dict[str, Any]:
    """Return what a run has computed, and the names of its files."""
    files = {name: load_weights(run / name) for name in ("weights.h5", "last.h5")}
    newest, *older = checkpoints(run / "checkpoints")
    last = load_checkpoint(newest)
    arrays = {
        f"{name} {address}": array.tobytes()
        for name, weights in files.items()
        for address, array in weights.params.items()
    }
    arrays |= {f"params {a}": array.tobytes() for a, array in last.params.items()}
    arrays |= {f"momentum {a}": array.tobytes() for a, array in last.momentum.items()}
    lines = (run / "log.jsonl").read_text().splitlines()
    log = [json.loads(line) for line in lines]
    kept = [{k: v for k, v in r.items() if k not in UNEQUAL} for r in log if "note" not in r]
    # Which checkpoint is the one before depends on where the run was stopped; so does whether that
    # of the best evaluation is one more.
    paths = [path for path in run.rglob("*") if path.is_file() and path not in older]
    names = {str(p.relative_to(run)) for p in paths if not p.name.startswith("damaged-")}
    text = (run / "results.json").read_text()
    results = {k: v for k, v in json.loads(text).items() if k not in UNEQUAL}
    facts = {"log": kept, "results": results, "checkpoints": 1 <= len(older) <= 2}
    return {**facts, **arrays, **dict.fromkeys(sorted(names), "there")}


def _captured(command: Callable[[], int]) -> Outcome:
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        status = command()
    return Outcome(status, output.getvalue())


# ---------------------------------------------------------------------------------------------
# Processes
# ---------------------------------------------------------------------------------------------

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["minifcn.train", *(path.partition(":")[0] for path in DATASETS.values())]
)


class Child:
    """A training in a process of its own, which starts at once: its modules are loaded already.

    Parameters
    ----------
    sandbox : Sandbox
    run : Path
    more : str
        Further arguments.
    prepare : callable, optional
        Is called in the process before it trains.
    """

    def __init__(
        self, sandbox: Sandbox, run: Path, *more: str, prepare: Callable[[], None] | None = None
    ) -> None:
        self.output = sandbox.folder / f"output-{time.monotonic_ns()}"
        arguments = (sandbox.arguments(run, *more), self.output, prepare)
        self.process: BaseProcess = _context.Process(target=_work, args=arguments)
        self.process.start()

    def wait_until_ready(self) -> None:
        """Wait until the command has begun."""
        while not self.output.exists() and self.process.is_alive():
            time.sleep(0.001)

    def send(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.process.is_alive():
            assert self.process.pid is not None
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, number)

    def kill(self) -> None:
        """End the process at once."""
        self.send(signal.SIGKILL)

    def end(self, seconds: float = 60) -> Outcome:
        """Wait for the end, and return how it was; None as status if it did not come in time."""
        self.process.join(seconds)
        status = self.process.exitcode
        if status is None:
            self.kill()
            self.process.join()
        said = self.output.read_text() if self.output.exists() else ""
        self.output.unlink(missing_ok=True)
        return Outcome(status, said)


def _work(arguments: list[str], output: Path, prepare: Callable[[], None] | None) -> None:
    train.parser()  # what it imports is part of the start
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    for number in (1, 2):
        os.dup2(descriptor, number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", 1, closefd=False) for number in (1, 2))
    if prepare:
        prepare()
    sys.exit(train.main(arguments))
