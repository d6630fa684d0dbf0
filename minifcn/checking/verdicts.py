"""What is printed of a judged exercise: a table for each function, and where it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from minifcn.checking.judge import Judged, Verdict
from minifcn.checking.tables import entries, hint_lines, wrapped


def verdict_lines(verdict: Verdict) -> Iterator[str]:
    """Yield the lines on one function, without a line on top of it all."""
    yield f"{verdict.function} (line {verdict.line})"
    yield ""
    if not verdict.written:
        yield "  not written yet: it raises NotImplementedError"
        return
    arrays = next((one.arrays for one in verdict.examples if one.arrays), ())
    width = max(len(one.about) for one in verdict.examples)
    yield f"  {'example':{width}}  {'  '.join(f'{name:7}' for name in arrays)}".rstrip()
    for one in verdict.examples:
        yield f"  {one.about:{width}}  {'  '.join(_cells(one, arrays))}".rstrip()
    for name in ("", *arrays):
        yield from _first_wrong(verdict.examples, name)


def _cells(one: Judged, arrays: Sequence[str]) -> list[str]:
    """Return right or WRONG for each array of an example."""
    wrong = {finding.array for finding in one.findings}
    if not one.arrays or "" in wrong:
        return ["WRONG"]
    return [f"{'WRONG' if name in wrong else 'right':7}" for name in arrays]


def _first_wrong(examples: Sequence[Judged], name: str) -> Iterator[str]:
    """Yield what is wrong with an array, in the first example that says most.

    That is one in which a factor was found, or where the numbers belong. That only a part of the
    entries is wrong may be an accident of an example, if there are others without it.
    """
    found = [(one.about, f) for one in examples for f in one.findings if f.array == name]
    if not found:
        return
    telling = [one for one in found if any(not hint.startswith("only ") for hint in one[1].hints)]
    about, finding = [*telling, *found][0]
    yield ""
    if finding.message:
        yield from wrapped(f"{name or 'It'} {finding.message} ({about}).")
        return
    where = f"{finding.off} of {finding.size} entries" if finding.size > 1 else "its one entry"
    yield from wrapped(f"{name} is wrong in {where} ({about}):")
    yield from entries(finding.wrong)
    yield from hint_lines(finding.hints)


def summary(verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield a line for each function."""
    width = max(len(verdict.function) for verdict in verdicts)
    for verdict in verdicts:
        yield f"{verdict.function:{width}}  {_said(verdict)}"


def _said(verdict: Verdict) -> str:
    if not verdict.written:
        return "not written yet"
    if verdict.right:
        return f"right in {len(verdict.examples)} examples"
    wrong = [one for one in verdict.examples if one.findings]
    arrays = dict.fromkeys(f.array for one in wrong for f in one.findings if f.array)
    said = f"WRONG in {len(wrong)} of {len(verdict.examples)} examples"
    return f"{said}: {', '.join(arrays)}" if arrays else said
