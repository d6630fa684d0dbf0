"""What is printed of a judged exercise: a table for each function, and where it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from minifcn.checking.judge import Judged, Verdict
from minifcn.net.differences import Wrong

WIDTH = 79


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
        yield from _wrapped(f"{name or 'It'} {finding.message} ({about}).")
        return
    where = f"{finding.off} of {finding.size} entries" if finding.size > 1 else "its one entry"
    yield from _wrapped(f"{name} is wrong in {where} ({about}):")
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


def _wrapped(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent="  ", subsequent_indent="  ")
