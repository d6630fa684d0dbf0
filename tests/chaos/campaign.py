"""Train under every fault that we know of, and print what was held: `make chaos`.

    python -m chaos.campaign [SEED]         from the folder `tests`, with the project importable

Takes about ten minutes. The exit status is 1 if anything was not held; what it was is printed.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from signal import SIGKILL, SIGSTOP

from chaos import damage, disks, processes
from chaos.disks import Trials
from chaos.sandbox import Sandbox
from helpers.faults import Disk

FAULTS: dict[str, Callable[[Sandbox, Random, int | None], Trials]] = {
    "killed before an operation on a file": partial(disks.killed, fault=Disk.kill, kind=""),
    "killed in the middle of a write": partial(disks.killed, fault=Disk.cut, kind="write"),
    "the machine ends before an operation": partial(disks.killed, fault=Disk.power_cut, kind=""),
    "killed, and killed again when resumed": disks.killed_twice,
    "killed at any instant (SIGKILL)": processes.killed,
    "disk full from a write on": disks.full,
    "disk really full (tmpfs)": disks.small_disk,
    "files limited by the system": disks.limited,
    "short write": disks.short,
    "bit changed in a weight file, read": damage.read,
    "bit changed in a checkpoint, resumed": damage.resumed,
    "bits changed in all checkpoints": damage.refused,
    "end of the log damaged": damage.log,
    "bit changed in the settings or the log": damage.other_files,
    "stopped by Ctrl-C or SIGTERM": processes.stopped,
    "stopped by Ctrl-C twice": processes.stopped_twice,
    "three trainings at once in a folder": processes.at_once,
    "one of two ranks killed": partial(processes.ranks, number=SIGKILL),
    "one of two ranks frozen (SIGSTOP)": partial(processes.ranks, number=SIGSTOP),
}


def campaign(sandbox: Sandbox, seed: int) -> list[str]:
    """Try every fault, printing a line of the table for each; return what was not held."""
    failures = []
    print(f"{'fault':40} {'tried':>6} {'held':>6} {'s':>5}", flush=True)
    for name, trials in FAULTS.items():
        began = time.monotonic()
        lost = list(trials(sandbox, Random(f"{seed} {name}"), None))
        failed = [text for text in lost if text]
        failures += [f"{name}: {text}" for text in failed]
        seconds = time.monotonic() - began
        print(f"{name:40} {len(lost):6} {len(lost) - len(failed):6} {seconds:5.0f}", flush=True)
    return failures


def main() -> int:
    """Run the campaign; return the exit status."""
    # Processes that are killed leave locks behind, of which Python would warn at the end.
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker"
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    with tempfile.TemporaryDirectory() as folder:
        failures = campaign(Sandbox(Path(folder)), seed)
    for text in failures:
        print(f"\nNOT HELD, {text}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
