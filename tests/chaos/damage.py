"""What may happen to the files of a run while they lie on the disk."""

from pathlib import Path
from random import Random

import numpy as np
from chaos.disks import Trials
from chaos.sandbox import STEPS, Sandbox

from minifcn.weights.checkpoint import checkpoint_path, checkpoints
from minifcn.weights.store import WeightsError, load_weights

NEWEST = checkpoint_path("checkpoints", STEPS)


def flip(path: Path, random: Random) -> int:
    """Change a bit of a file, and return its place."""
    content = bytearray(path.read_bytes())
    place = random.randrange(8 * len(content))
    content[place // 8] ^= 1 << place % 8
    path.write_bytes(content)
    return place


def read(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Change a bit of a checkpoint or of weights; it is noticed, or it changes no number."""
    for name in ("weights.h5", str(NEWEST)):
        path, copy = sandbox.reference / name, sandbox.folder / "changed.h5"
        content, (params, attributes) = path.read_bytes(), load_weights(path)
        for _ in range(count or 1500):
            copy.write_bytes(content)
            place, lost = flip(copy, random), None
            try:
                found = load_weights(copy)
            except WeightsError:
                pass
            else:
                same = all(np.array_equal(params[a], v) for a, v in found.params.items())
                if not same or found.attributes != attributes or set(found.params) != set(params):
                    lost = f"bit {place} of {name}: nobody noticed"
            yield lost


def resumed(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Change a bit of the newest checkpoint; the run goes on from the one before, and says so."""
    for _ in range(count or 30):
        run = sandbox.new_run(sandbox.reference)
        place = flip(run / NEWEST, random)
        outcome = sandbox.train(run, "--resume")
        lost = sandbox.difference(run) if outcome.status == 0 else outcome.said
        if f"{NEWEST.name} is damaged" not in outcome.said:
            lost = f"it was not said: {outcome.said}"
        sandbox.clean_up(run)
        yield lost and f"bit {place}: {lost}"


def refused(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Change a bit of each checkpoint; the run is not resumed, and nothing of it is touched."""
    for _ in range(count or 30):
        run = sandbox.new_run(sandbox.reference)
        places = [flip(path, random) for path in checkpoints(run / "checkpoints")]
        before = (run / "log.jsonl").read_bytes()
        outcome = sandbox.train(run, "--resume")
        is_clear = outcome.sentence and "none of its checkpoints is whole" in outcome.sentence
        is_same = (run / "log.jsonl").read_bytes() == before
        sandbox.clean_up(run)
        yield None if is_clear and is_same else f"bits {places}: {outcome}"


def log(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Damage the log after the line of a checkpoint; the run is resumed from there all the same."""
    for _ in range(count or 60):
        run = sandbox.new_run(sandbox.reference)
        (run / NEWEST).unlink()
        path = run / "log.jsonl"
        lines = path.read_bytes().splitlines(keepends=True)
        kept, rest = lines[:-2], b"".join(lines[-2:])  # those of the last two steps
        cut = random.randrange(len(rest))
        kinds = [b"\n", b"null\n", random.randbytes(20), random.randbytes(3) + b"\n", b'{"number"']
        path.write_bytes(b"".join(kept) + rest[:cut] + random.choice(kinds))
        lost = sandbox.resumed(run)
        sandbox.clean_up(run)
        yield lost and f"cut after {cut} bytes: {lost}"


def other_files(sandbox: Sandbox, random: Random, count: int | None) -> Trials:
    """Change a bit of the settings or the log; the run is resumed, or refused in one sentence."""
    for number in range(count or 60):
        run, name = sandbox.new_run(sandbox.reference), ("config.json", "log.jsonl")[number % 2]
        place = flip(run / name, random)
        outcome = sandbox.train(run, "--resume")
        sandbox.clean_up(run)
        is_clear = outcome.status == 0 or outcome.sentence
        yield None if is_clear else f"bit {place} of {name}: {outcome}"
