"""What a disk can do to a training."""

import resource
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from random import Random
from typing import Any

from chaos.sandbox import Child, Outcome, Sandbox
from helpers.faults import Disk, disk

# Each yields a text for a trial that was not held, and None for one that was.
Trials = Iterator[str | None]


@cache
def operations(sandbox: Sandbox, kind: str = "") -> list[int]:
    """Return the numbers of a training's operations on files, of all or of one kind."""
    run = sandbox.new_run()
    with disk() as watched:
        sandbox.train(run)
    sandbox.clean_up(run)
    return [n for n, done in enumerate(watched.operations, 1) if done.startswith(kind)]


def some(numbers: list[int], count: int | None, random: Random) -> list[int]:
    """Return all numbers, or if there is a count, so many of them."""
    return numbers if count is None else sorted(random.sample(numbers, min(count, len(numbers))))


def killed(
    sandbox: Sandbox, random: Random, count: int | None, *, fault: Callable[..., Any], kind: str
) -> Trials:
    """End a training at an operation, resume it, and look whether anything is lost."""
    for at in some(operations(sandbox, kind), count, random):
        run = sandbox.new_run()
        with disk(at, fault) as dying:
            sandbox.train(run)
        lost = sandbox.resumed(run) if dying.dead else "it was not killed"
        sandbox.clean_up(run)
        yield lost and f"at operation {at}, {dying.operations[-1]}: {lost}"


def killed_twice(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """End a training at an operation, and also the one that resumes it."""
    numbers = operations(sandbox)
    for at in some(numbers, count, random):
        # Half of them right at the beginning, where what the first has left is put in order.
        run, again = sandbox.new_run(), random.choice(random.choice([numbers[:16], numbers]))
        with disk(at, Disk.kill):
            sandbox.train(run)
        with disk(again, Disk.cut):
            sandbox.train(run, "--resume")
        lost = sandbox.resumed(run)
        sandbox.clean_up(run)
        yield lost and f"at operation {at} and {again} after it: {lost}"


def full(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Let the disk be full from a write on; then make room and resume."""
    for at in some(operations(sandbox, "write"), count, random):
        run = sandbox.new_run()
        with disk(at, Disk.fill):
            outcome = sandbox.train(run)
        lost = _refusal(outcome, "No space left on device") or sandbox.resumed(run)
        sandbox.clean_up(run)
        yield lost and f"at operation {at}: {lost}"


def short(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Let a write take a single byte."""
    for at in some(operations(sandbox, "write"), count, random):
        run = sandbox.new_run()
        with disk(at, Disk.shorten):
            outcome = sandbox.train(run)
        lost = outcome.said if outcome.status else sandbox.difference(run)
        sandbox.clean_up(run)
        yield lost and f"at operation {at}: {lost}"


def limited(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Let the system refuse files above a size, by `ulimit -f`; then raise it and resume."""
    for _ in range(count or 12):
        run, size = sandbox.new_run(), random.randrange(1, 300_000)
        outcome = Child(sandbox, run, prepare=partial(_limit_files, size)).end()
        lost = _refusal(outcome, "File too large") or sandbox.resumed(run)
        sandbox.clean_up(run)
        yield lost and f"files of {size} bytes: {lost}"


def small_disk(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Train on a disk that is really full, in memory; then enlarge it and resume.

    Where nothing may be mounted there are no trials.
    """
    for _ in range(count or 12):
        size = 4096 * random.randrange(1, 400)
        mounted = sandbox.folder / "mounted"
        run, kept = mounted / "run", sandbox.new_run()
        mounted.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "minifcn.train", *sandbox.arguments(run)]
        script = f"""
            mount -t tmpfs -o size={size} tmpfs {mounted} || exit 99
            {shlex.join(command)}; echo "status $?"
            mount -o remount,size=16m {mounted}
            {shlex.join([*command, "--resume"])} > {sandbox.folder}/second 2>&1
            cp -r {run} {kept}
        """
        done = subprocess.run(
            ["unshare", "--mount", "--map-root-user", "sh", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode == 99 or "unshare:" in done.stdout:
            return
        said, _, status = done.stdout.rpartition("status ")
        lost = None
        if int(status or -1):
            lost = _refusal(Outcome(int(status or -1), said), "No space left on device")
        if not lost:
            lost = sandbox.difference(kept)
        sandbox.clean_up(kept)
        yield lost and f"of {size} bytes: {lost}"


def can_mount() -> bool:
    """Return whether a disk in memory may be mounted here."""
    test = ["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(test, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _refusal(outcome: Outcome, reason: str) -> str | None:
    """Return what is wrong with how a training ended that could not write, if anything."""
    if outcome.sentence and outcome.sentence.endswith(f"cannot be written: {reason}"):
        return None
    return f"status {outcome.status}: {outcome.said}"


def _limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
