"""The table of an experiment, as Markdown and for a terminal, from its record."""

from __future__ import annotations

from typing import Any

from minifcn.experiments.verdicts import said


def markdown(record: dict[str, Any]) -> str:
    """Return the table of an experiment in Markdown, our figures beside the paper's."""
    head, *rows = cells(record)
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def plain(record: dict[str, Any]) -> str:
    """Return the table of an experiment for a terminal."""
    table = cells(record)
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    rows = (
        f"{row[0]:{widths[0]}}"
        + "".join(f"  {c:>{w}}" for c, w in zip(row[1:], widths[1:], strict=True))
        for row in table
    )
    return "\n".join(rows)


def cells(record: dict[str, Any]) -> list[list[str]]:
    """Return the cells of the table, the head first; the paper's follow ours."""
    rows = record["rows"]
    columns = list(dict.fromkeys(name for row in rows for name in row["values"]))
    printed = {name for row in rows for name in row["paper"]}
    head = [""]
    for name in columns:
        head += [name] + ["the paper"] * (name in printed)
    table = [head]
    for row in rows:
        line = [row["name"]]
        for name in columns:
            line.append(_cell(row["values"].get(name)))
            if name in printed:
                line.append(_number(row["paper"].get(name)))
        table.append(line)
    return table


def _cell(values: list[float | None] | None) -> str:
    known = [value for value in values or [] if value is not None]
    if not values or len(known) < len(values):
        return "diverged" if values else ""
    largest = max(abs(value) for value in known)
    if all(value == round(value) for value in known):
        return said(known, digits=0)
    if largest < 1e-3:
        return f"{largest:.1e}"
    return said(known, digits=1 if largest >= 1 else 3)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value == round(value) else f"{value:,g}"
