"""Read damaged files of every kind, and print what came of it: `make fuzz`.

    python -m fuzz.campaign [TRIALS [SEED]]     from the folder `tests`

A thousand files of each kind, by default. The exit status is 1 if any was neither read nor refused
in one clear line, soon and in little memory; such files stay in the folder `fuzz-found`.
"""

from __future__ import annotations

import multiprocessing
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from fuzz.formats import FORMATS
from fuzz.worker import LAST, LOADED, REFUSED, work

WALL_SECONDS = 60  # without an answer: it hangs
FOUND = Path("fuzz-found")
IN_MEMORY = Path("/dev/shm")  # where there is such a folder, files need not go to a disk


class Workers:
    """One worker at a time; where one comes to harm, another goes on with the next file.

    Parameters
    ----------
    folder : Path
        For the files.
    seed : int
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed = folder, seed
        self._start()

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()
        self.process.join(WALL_SECONDS)
        self._end()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, far = context.Pipe()
        self.process = context.Process(target=work, args=(far, self.folder, self.seed))
        self.process.start()
        far.close()

    def _end(self) -> None:
        self.process.kill()
        self.process.join()

    def trials(self, name: str, count: int, keep: Path | None = None) -> Counter[str]:
        """Return how often each outcome came of damaged files of a kind; keep those that failed."""
        outcomes: Counter[str] = Counter()
        for number in range(count):
            outcome = self._answer(name, number)
            outcomes[outcome] += 1
            if keep and outcome not in (LOADED, REFUSED):
                keep.mkdir(exist_ok=True)
                shutil.copy(self.folder / LAST, keep / f"{name}-{self.seed}-{number}")
        return outcomes

    def _answer(self, name: str, number: int) -> str:
        """Return the worker's answer; where there is none, what became of the worker."""
        try:
            self._connection.send((name, number))
            if self._connection.poll(WALL_SECONDS):
                return str(self._connection.recv())
            outcome = f"no answer in {WALL_SECONDS} s"
        except (EOFError, ConnectionError):
            self.process.join()
            outcome = f"the process ended with status {self.process.exitcode}"
        self._end()
        self._connection.close()
        self._start()
        return outcome


def campaign(workers: Workers, count: int) -> dict[str, Counter[str]]:
    """Try every format, printing a line of the table for each; return what failed."""
    failures = {}
    print(f"{'format':32} {'tried':>6} {LOADED:>6} {REFUSED:>7} {'failed':>6} {'s':>5}", flush=True)
    for name in FORMATS:
        began = time.monotonic()
        outcomes = workers.trials(name, count, FOUND)
        loaded, refused = outcomes.pop(LOADED, 0), outcomes.pop(REFUSED, 0)
        seconds, failed = time.monotonic() - began, outcomes.total()
        print(f"{name:32} {count:6} {loaded:6} {refused:7} {failed:6} {seconds:5.0f}", flush=True)
        if failed:
            failures[name] = outcomes
    return failures


def main() -> int:
    """Run the campaign; return the exit status."""
    count, seed = (*map(int, sys.argv[1:]), *(1000, 0)[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory() as folder, Workers(Path(folder), seed) as workers:
        failures = campaign(workers, count)
    for name, outcomes in failures.items():
        for outcome, times in outcomes.most_common():
            print(f"\nFAILED, {name}, {times} times: {outcome}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
