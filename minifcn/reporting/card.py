"""The card of a run, its `README.md`: what was trained on what, how well, and how it is used."""

from __future__ import annotations

import shlex
from math import isnan

from minifcn.data import DATASETS, dataset_class
from minifcn.inference.confusions import largest_confusions
from minifcn.inference.metrics import markdown_table, markdown_text
from minifcn.reporting.run_record import RunRecord, mapping
from minifcn.reporting.words import command_line, facts, state
from minifcn.system.records import flag
from minifcn.training.departures import departures

MARK = b"<!-- written by minifcn"
_NOTICE = "at each evaluation; without this line, the file is yours and stays as it is -->"


def card(run: RunRecord) -> str:
    """Return the card as Markdown."""
    return "\n\n".join(
        part for part in (_title(run), _table(run), _figures(run), _use(run)) if part
    )


def _title(run: RunRecord) -> str:
    """Return the first lines: whose file it is, and what the run has come to."""
    said = f"A net for segmentation, trained with minifcn; {state(run)}."
    if run.heads and not isnan(figure := 100 * run.heads[""].scores.mean_iu):
        said += f" Mean IU {figure:.1f} percent on images that were held out."
    return f"{MARK.decode()} {_NOTICE}\n# {markdown_text(run.name)}\n\n{said}"


def _table(run: RunRecord) -> str:
    """Return what the net is, what it was trained on, and how long that took."""
    known = run.settings.get
    names = [name for head in run.heads.values() for name in head.names]
    told = facts(run)
    rows = {
        "net": f"{known('arch')} on {known('backbone')} at width {known('width')}",
        "sees": known("modality"),
        "classes": f"{len(names)}: {', '.join(names)}",
        "data": " ".join([str(known("dataset")), *_options(run)]),
        "trained on": f"{known('train_split')}, scored on {known('val_split')}",
        "images": told.get("images"),
        "started from": known("weights"),
        "recipe": f"{known('recipe')}, rate {known('rate')}, {known('policy')}, "
        f"{known('accumulate')} x {known('batch_size')} images an update, seed {known('seed')}",
        "besides": ", ".join(departures(run.settings)),
        "took": told.get("time of updates"),
        "on": told.get("device") and f"{told['device']}, {told.get('processor')}",
        "memory": told.get("memory"),
        "minifcn": told.get("minifcn"),
    }
    lines = [f"| {name} | {markdown_text(str(value))} |" for name, value in rows.items() if value]
    return "\n".join(["| | |", "| --- | --- |", *lines])


def _figures(run: RunRecord) -> str:
    """Return the tables of the last evaluation and the largest confusions."""
    if run.chosen is None:
        return ""
    parts = ["## Figures", f"After {run.chosen.number} updates."]
    for name, head in run.heads.items():
        if name:
            parts.append(f"### {markdown_text(name)}")
        parts.append(markdown_table(head.scores, head.names))
        if head.counts is not None and (found := largest_confusions(head.counts, 5)):
            named = [
                f"{markdown_text(head.names[one.truth])} taken for "
                f"{markdown_text(head.names[one.guess])} ({100 * one.share:.1f} percent of it)"
                for one in found
            ]
            parts.append(f"Largest confusions: {', '.join(named)}.")
    return "\n\n".join(parts)


def _use(run: RunRecord) -> str:
    """Return the commands: the one that made the run, and those that use it.

    Data that were objects of Python's are known to no command.
    """
    known, here = run.settings.get, str(run.folder)
    data = ["--data-dir", str(known("data_dir"))] if known("data_dir") else []
    split = ["--split", str(known("val_split"))]
    sees_depth = known("modality") != "rgb"
    commands = {
        "Made by": command_line(run.config),
        "Segment images": _ours(
            "predict", here, "photo.jpg", "-o", "predictions", *["--depth", "maps"] * sees_depth
        ),
        "Score it again": known("dataset") in DATASETS
        and _ours("evaluate", here, str(known("dataset")), *data, *split, *_options(run)),
    }
    blocks = [f"{said}:\n\n```sh\n{line}\n```" for said, line in commands.items() if line]
    return "\n\n".join(["## Commands", *blocks, "`report.html` shows how the training went."])


def _ours(command: str, *words: str) -> str:
    """Return a command line."""
    return shlex.join(["python", "-m", f"minifcn.{command}", *words])


def _options(run: RunRecord) -> list[str]:
    """Return the options of the data set as they are typed; one that is none is left out."""
    dataset, words = run.settings.get("dataset"), []
    known = getattr(dataset_class(dataset), "options", {}) if dataset in DATASETS else {}
    given = mapping(run.settings.get("data_options"))
    for name, value in ((name, given[name]) for name in known if name in given):
        if value is False:
            continue
        words += [flag(str(name)), *([] if value is True else [str(value)])]
    return words
