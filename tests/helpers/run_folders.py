"""Folders of runs that were never trained, for tests of what is told of runs."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from minifcn.inference.apply import results
from minifcn.inference.metrics import ConfusionMatrix
from minifcn.inference.model import Model
from minifcn.training.run_files import describe
from minifcn.training.settings import resolve

NEW = ("time", "memory", "confusion", "steps")  # what evaluations have had since there are reports


def make_run(
    folder: Path,
    *,
    names: tuple[str, ...] = ("background", "cat", "dog"),
    evaluated: tuple[int, ...] = (2, 4),
    finished: bool = True,
    extra: dict[str, tuple[str, ...]] | None = None,
    old: bool = False,
    **settings,
) -> Path:
    """Write the folder of a run of four updates, or of one that has not got so far.

    `old` runs lack what older versions did not write.
    """
    config = describe(resolve("shapes", **{"steps": 4, **settings}))
    heads = {"": names, **(extra or {})}
    classes = {h: {"names": own, "colours": [[9, 9, 9]] * len(own)} for h, own in heads.items()}
    config |= {"images": [20, 10], "classes": classes}
    if old:
        config = {name: config[name] for name in ("settings", "command", "versions", "started")}
    made = 4 if finished else max((0, *(e for e in evaluated if e < 4)))
    lines = [_update(number) for number in range(1, made + 1)]
    lines += [_evaluation(e, heads, old) for e in evaluated if e < 4]
    lines.sort(key=lambda line: line["number"])
    (folder / "samples").mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "log.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    if finished:
        (folder / "results.json").write_text(json.dumps(_evaluation(4, heads, old)))
    for number in (e for e in evaluated if e <= made):
        picture = Image.fromarray(np.full((6, 24, 3), number, np.uint8))
        picture.save(folder / "samples" / f"00_step_{number:08d}.png")
    return folder


def _update(number: int) -> dict:
    return {
        **{"number": number, "loss": 2.0 / number, "pixel_loss": 1.0 / number, "rate": 0.1},
        **{"images": 4, "seconds": 0.5, "waited": 0.1, "steps": 1},
    }


def _evaluation(number: int, heads: dict[str, tuple[str, ...]], old: bool) -> dict:
    """Return an evaluation that is the better the later: a line of the log, or the results."""
    model = Model(None, None, None, heads[""], [], {h: n for h, n in heads.items() if h})
    counts = {h: number * 100 * np.eye(len(n), dtype=int) + 50 for h, n in heads.items()}
    found = results({h: ConfusionMatrix.of(own) for h, own in counts.items()}, model)
    line = {"number": number, "time": "2026-01-02T03:04:05+0000", "memory": 1 << 30, **found}
    if number == 4:
        line = {"steps": line.pop("number"), **line}
    if old:
        line = {name: value for name, value in line.items() if name not in NEW}
    return line
