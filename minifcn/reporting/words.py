"""What the report and the card of a run say of it in words."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from minifcn.reporting.run_record import RunRecord, mapping
from minifcn.system.machine import gigabytes
from minifcn.system.records import fits


def command_line(config: Mapping[str, Any]) -> str:
    """Return the command that a `config.json` holds, as it is typed."""
    words = config.get("command")
    if not isinstance(words, list) or not words:
        return ""
    words = [str(word) for word in words]
    program = PurePath(words[0])
    if program.parent.name == "minifcn" and program.suffix == ".py":
        module = "minifcn" if program.stem == "__main__" else f"minifcn.{program.stem}"
        return shlex.join(["python", "-m", module, *words[1:]])
    return shlex.join([program.name, *words[1:]])


def duration(seconds: float) -> str:
    """Return a time in words."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def state(run: RunRecord) -> str:
    """Return how far a run is."""
    if run.finished:
        return f"finished after {run.made} updates"
    return f"{run.made} of {run.steps} updates, not finished"


def facts(run: RunRecord) -> dict[str, str]:
    """Return the machine, the versions, the time and the memory of a run, by name, as known."""
    seconds, images = run.updates["seconds"].sum(), run.updates["images"].sum()
    waited = run.updates["waited"].sum()
    machine, versions = mapping(run.config.get("machine")), mapping(run.config.get("versions"))
    history = run.config.get("history")
    counts = run.config.get("images")
    counts = counts if isinstance(counts, list) else []
    memory = max((one.memory for one in run.evaluations), default=0)
    last = run.evaluations[-1].time if run.evaluations else ""
    found = {
        "state": state(run),
        "started": str(run.config.get("started", "")),
        "resumed": ", ".join(_resumptions(history if isinstance(history, list) else [])),
        "last evaluation": last,
        "time of updates": seconds and f"{duration(seconds)}, {images / seconds:.2f} images/s",
        "waited for data": seconds and f"{waited / seconds:.0%} of it",
        "memory": memory and f"{gigabytes(memory)} at most",
        "images": counts and " for training, ".join(map(str, counts)) + " for validation",
        "machine memory": fits(machine.get("memory"), int) and gigabytes(machine["memory"]),
        **{name: str(machine.get(name, "")) for name in ("processor", "device", "system", "blas")},
        **{str(name): str(version) for name, version in versions.items()},
    }
    return {name: text for name, text in found.items() if text}


def _resumptions(history: list[Any]) -> list[str]:
    """Return when a run was resumed, and what was changed then."""
    texts = []
    for one in (one for one in history if isinstance(one, dict)):
        changes = mapping(one.get("changed")).items()
        said = ", ".join(f"{name}: {' → '.join(map(str, both))}" for name, both in changes)
        texts.append(f"{one.get('started')}{said and f' ({said})'}")
    return texts
