"""What is printed of a check: a table of ways and errors, and the entries that are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap

import numpy as np

from minifcn.checking.case import LOOPS, Case
from minifcn.checking.check import DIFFERENCE, SAME, SINGLE, Finding, Row
from minifcn.net.differences import Wrong

WIDTH = 79


def case_lines(title: str, case: Case, rows: Sequence[Row]) -> Iterator[str]:
    """Yield the table of a case, and what is wrong."""
    shapes = [f"{name} {dims(array)}" for name, array in case.arrays.items()]
    yield title
    yield from wrapped(", ".join(shapes))
    yield ""
    columns = _columns(rows)
    names = max(len(row.way) for row in rows)
    yield f"  {'by':{names}}  {_cells(columns)}".rstrip()
    for row in rows:
        if not row.ran:
            first, after = f"  {row.way:{names}}  ", " " * (names + 4)
            yield from wrap(row.note, WIDTH, initial_indent=first, subsequent_indent=after)
            continue
        cells = _cells(error(row.errors[name]) if name in row.errors else "" for name in columns)
        if not row.errors:
            cells = f"{'the others are held to it':{len(cells)}}"
        verdict = "WRONG" if row.findings else "right"
        yield f"  {row.way:{names}}  {cells}{verdict}"
        if row.note:
            yield f"  {'':{names}}  {row.note}"
    if case.chosen:
        yield ""
        yield from wrapped(f"For this shape minifcn takes {chosen(case.chosen)}.")
    for row in rows:
        for finding in row.findings:
            yield from finding_lines(row.way, finding)


def _columns(rows: Iterable[Row]) -> list[str]:
    """Return what there are errors of: outputs, then gradients, then all in float32."""
    names = dict.fromkeys(name for row in rows for name in row.errors)
    return sorted(names, key=lambda name: (name == "float32", name[:1] == "d"))


def legend(rows: Sequence[Row]) -> Iterator[str]:
    """Yield what the columns say."""
    columns = [name for name in _columns(rows) if name != "float32"]
    first = next((row.way for row in rows if row.ran and not row.findings), rows[0].way)
    reference = f"the {LOOPS}" if first == LOOPS else first
    said = []
    outputs = ", ".join(name for name in columns if name[:1] != "d")
    gradients = ", ".join(name for name in columns if name[:1] == "d")
    if outputs:
        said.append((outputs, f"up to {SAME:.0e} from {reference}"))
    if gradients:
        said.append((gradients, f"up to {DIFFERENCE:.0e} from differences, at some entries"))
    if outputs and gradients:
        said.append(("", f"up to {SAME:.0e} from {reference}, at all entries"))
    if len(columns) < len(_columns(rows)):
        said.append(("float32", f"up to {SINGLE:.0e} from {reference}: all of it in float32"))
    width = max(len(name) for name, _ in said)
    yield from wrapped("An error is relative to the largest value. Right is")
    for name, text in said:
        yield f"    {name:{width}}  {text}"


def compact_lines(title: str, rows: Sequence[Row]) -> Iterator[str]:
    """Yield two lines on a case that is right."""
    exact = [e for row in rows for name, e in row.errors.items() if name != "float32"]
    yield f"{title:{WIDTH - 14}}  right, {error(max(exact))}"
    ran = ", ".join(row.way for row in rows if row.ran)
    yield from wrap(ran, WIDTH, initial_indent="    ", subsequent_indent="    ")


def counts(shapes: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    """Yield, for each operation, how many shapes each way has computed."""
    names = max(map(len, shapes), default=0)
    for name, by in shapes.items():
        text = ", ".join(f"{way}\xa0{count}" for way, count in by.items())  # not parted
        first, after = f"    {name:{names}}  ", " " * (names + 6)
        for line in wrap(text, WIDTH, initial_indent=first, subsequent_indent=after):
            yield line.replace("\xa0", " ")


def finding_lines(way: str, finding: Finding) -> Iterator[str]:
    """Yield the wrong entries of an array, and what they have in common."""
    where = f"{finding.off} of {finding.size} entries" if finding.size > 1 else "its one entry"
    yield ""
    against = "the loops" if finding.held_to == LOOPS else finding.held_to
    yield from wrapped(f"{way}: {finding.array} is wrong in {where}, held to {against}:")
    if finding.wrong:
        yield from entries(finding.wrong)
    yield from hint_lines(finding.hints)


def entries(wrong: Sequence[Wrong]) -> Iterator[str]:
    """Yield a table of wrong entries."""
    labels = [f"[{', '.join(map(str, one.at))}]" for one in wrong]
    width = max(len("entry"), *map(len, labels))
    yield f"    {'entry':{width}}  {'expected':>12}  {'got':>12}  got / expected"
    for label, one in zip(labels, wrong, strict=True):
        ratio = f"{one.ratio:.4f}" if one.expected else "-"
        yield f"    {label:{width}}  {one.expected:12.6g}  {one.got:12.6g}  {ratio:>14}"


def hint_lines(hints: Sequence[str]) -> Iterator[str]:
    """Yield hints, each with an arrow before it."""
    for hint in hints:
        yield from wrap(hint, WIDTH, initial_indent="    -> ", subsequent_indent="       ")


def wrapped(text: str) -> list[str]:
    """Return a sentence in lines, each with an indent."""
    return wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")


def chosen(ways: Sequence[str]) -> str:
    """Return what is taken forwards, and backwards if that is another."""
    return " and, backwards, ".join(dict.fromkeys(ways))


def dims(array: np.ndarray) -> str:
    """Return a shape as "2 x 3"."""
    return " x ".join(map(str, array.shape)) or "one number"


def error(value: float) -> str:
    """Return an error in one digit."""
    return f"{value:.0e}" if value else "0"


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"{text:9}" for text in texts)
