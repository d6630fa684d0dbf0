"""What may happen to the process of a training."""

import contextlib
import importlib.util
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

from chaos.disks import Trials
from chaos.sandbox import Child, Sandbox

from minifcn.weights.checkpoint import checkpoints


def duration(sandbox: Sandbox) -> float:
    """Return the seconds of a training in a process of its own, from when it is ready."""
    run = sandbox.new_run()
    child = Child(sandbox, run)
    child.wait_until_ready()
    began = time.monotonic()
    child.end()
    sandbox.clean_up(run)
    return time.monotonic() - began


def killed(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Kill a training, and those that resume it, at any instant until one comes to its end."""
    seconds, kills = duration(sandbox), 0
    while kills < (count or 250):
        run, more, kills_here = sandbox.new_run(), (), 0
        while True:
            child = Child(sandbox, run, *more)
            child.wait_until_ready()
            time.sleep(random.uniform(0, 1.1 * seconds))
            child.kill()
            outcome = child.end()
            if outcome.status != -signal.SIGKILL:
                break
            kills_here += 1
            more = ("--resume",)
        lost = sandbox.difference(run) if outcome.status == 0 else str(outcome)
        sandbox.clean_up(run)
        kills += kills_here
        for _ in range(kills_here):
            yield lost and f"killed {kills_here} times: {lost}"


def stopped(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Stop a training by Ctrl-C or SIGTERM at any instant; what it says is true, and it goes on."""
    seconds = duration(sandbox)
    for number in range(count or 60):
        run, kind = sandbox.new_run(), (signal.SIGINT, signal.SIGTERM)[number % 2]
        child = Child(sandbox, run)
        child.wait_until_ready()
        time.sleep(random.uniform(0.05, seconds))
        child.send(kind)
        outcome = child.end()
        if outcome.status in (0, -signal.SIGTERM):  # there was nothing to be saved
            lost = None
        else:
            lost = _untrue(outcome.status, outcome.said, run)
        lost = lost or sandbox.resumed(run)
        sandbox.clean_up(run)
        yield lost and f"{kind.name}: {lost}"


def stopped_twice(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Press Ctrl-C twice; it ends at once, and what it says is true."""
    seconds = duration(sandbox)
    for _ in range(count or 30):
        run = sandbox.new_run()
        child = Child(sandbox, run)
        child.wait_until_ready()
        time.sleep(random.uniform(0.05, seconds))
        for _ in range(2):
            child.send(signal.SIGINT)
            time.sleep(0.01)
        outcome = child.end(seconds=10)
        lost = _untrue(outcome.status, outcome.said, run) if outcome.status else None
        lost = lost or sandbox.resumed(run)
        sandbox.clean_up(run)
        yield lost


def _untrue(status: int | None, said: str, run: Path) -> str | None:
    """Return what is wrong with what a stopped training has said, if anything."""
    # Python itself reports, and drops, what is raised while it calls back.
    said = re.sub(r"Exception ignored in:? .*?KeyboardInterrupt: ?\n", "", said, flags=re.DOTALL)
    last = said.strip().splitlines()[-1] if said.strip() else ""
    if status != 130 or "Traceback" in said:
        return f"status {status}: {said}"
    found = checkpoints(run / "checkpoints")
    saved = re.search(r"stopped; saved are the updates up to (\S+); go on with: (.*)", last)
    nothing = re.search(r"stopped before the first checkpoint, .*; go on with: (.*)", last)
    if saved and found and saved[1] == str(found[0]):
        command = saved[2]
    elif nothing and not found:
        command = nothing[1]
    else:
        return None if last == "stopped" and not found else f"it is not true: {last}"
    is_whole = shlex.split(command)[:3] == ["python", "-m", "minifcn.train"]
    return None if is_whole and command.endswith("--resume") else f"no command: {command}"


def at_once(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Start several trainings in one folder; one trains, the others refuse in one sentence."""
    for _ in range(count or 25):
        run = sandbox.new_run()
        more = [random.choice([(), ("--resume",)]) for _ in range(3)]
        children = []
        for arguments in more:
            children.append(Child(sandbox, run, *arguments))
            time.sleep(random.choice([0, 0, random.uniform(0, 1)]))
        outcomes = [child.end() for child in children]
        unclear = [o for o in outcomes if o.status and not (o.sentence and str(run) in o.sentence)]
        lost = str(unclear[0]) if unclear else sandbox.difference(run)
        if all(outcome.status for outcome in outcomes):
            lost = f"none has trained: {outcomes}"
        sandbox.clean_up(run)
        yield lost and f"{more}: {lost}"


# ---------------------------------------------------------------------------------------------
# Ranks
# ---------------------------------------------------------------------------------------------


def mpirun() -> str | None:
    """Return the MPI launcher that belongs to this Python; None if there is none."""
    beside = Path(sys.executable).parent / "mpirun"
    found = str(beside) if beside.exists() else shutil.which("mpirun")
    return found if importlib.util.find_spec("mpi4py") else None


def ranks(sandbox: Sandbox, random: Random, count: int | None, *, number: int) -> Trials:
    """Kill or freeze one of two ranks; all end, and the job is resumed as if nothing had been."""
    launcher = mpirun()
    if launcher is None:
        return
    reference = sandbox.new_run()
    began = time.monotonic()
    assert _job(launcher, sandbox, reference).wait(120) == 0
    seconds = time.monotonic() - began
    for _ in range(count or 5):
        run = sandbox.new_run()
        job = _job(launcher, sandbox, run)
        while not checkpoints(run / "checkpoints") and job.poll() is None:
            time.sleep(0.005)
        time.sleep(random.uniform(0, 0.1))
        victim = random.choice([int(path.name) for path in _pids(sandbox).iterdir()])
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, number)
        try:
            status = job.wait(60 + 10 * seconds)
        except subprocess.TimeoutExpired:
            job.kill()
            status = None
        said = (sandbox.folder / "job").read_text()
        lost = None
        if status is None:
            lost = "it did not end"
        elif number == signal.SIGSTOP and status and "does not answer: it hangs" not in said:
            lost = f"nobody is named: {said}"
        else:
            again = _job(launcher, sandbox, run, "--resume").wait(120)
            lost = sandbox.difference(run, reference) if again == 0 else f"--resume: {again}"
        sandbox.clean_up(run)
        yield lost
    sandbox.clean_up(reference)


RANK = """
import os, sys
from pathlib import Path
from minifcn import train
Path(sys.argv[1], str(os.getpid())).touch()
sys.exit(train.main(sys.argv[2:]))
"""


def _job(launcher: str, sandbox: Sandbox, run: Path, *more: str) -> subprocess.Popen[bytes]:
    """Start two ranks, which write what they say to a file."""
    shutil.rmtree(_pids(sandbox), ignore_errors=True)
    _pids(sandbox).mkdir()
    more = ("--accumulate", "2", "--distributed", *more)
    command = [launcher, "-n", "2", sys.executable, "-c", RANK, str(_pids(sandbox))]
    with open(sandbox.folder / "job", "w") as output:
        return subprocess.Popen(
            [*command, *sandbox.arguments(run, *more)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "MINIFCN_RANK_TIMEOUT": "2", "OMP_NUM_THREADS": "1"},
        )


def _pids(sandbox: Sandbox) -> Path:
    """Return the folder in which each rank leaves a file of the name of its process."""
    return sandbox.folder / "pids"
