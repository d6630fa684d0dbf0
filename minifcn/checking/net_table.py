"""What is printed of a net's check: a line for each layer, and one for each path."""

from __future__ import annotations

from collections.abc import Iterator

from minifcn.checking.nets import SAME, TOLERANCE, NetReport, Prepared
from minifcn.checking.tables import chosen, dims, entries, error, wrapped
from minifcn.net.differences import Check


def net_lines(title: str, prepared: Prepared, found: NetReport) -> Iterator[str]:
    """Yield the tables of a net."""
    net, inputs = prepared
    count = sum(array.size for array in net.params.values())
    yield title
    yield from wrapped(
        f"{len(net.nodes)} layers, {count:,} parameters, images {dims(inputs['data'])}, "
        f"loss {found.loss:.4f}"
    )
    yield ""
    checks = {check.name: check for check in found.report.checks}
    layers = dict.fromkeys(name.rpartition("/")[0] or name for name in checks)
    width = max(map(len, layers))
    yield f"  {'layer':{width}}  weight   bias              computed by"
    for layer in layers:
        pair = [checks.get(f"{layer}/{name}") for name in ("weight", "bias")]
        cells = [_cell(check) for check in (pair if any(pair) else [checks[layer], None])]
        wrong = any(check and _wrong(check, found) for check in (*pair, checks.get(layer)))
        paths = chosen(found.paths.get(layer, ()))
        line = f"  {layer:{width}}  {cells[0]:7}  {cells[1]:7}  {'WRONG' if wrong else 'right'}    "
        yield (line + paths).rstrip()
    yield ""
    yield from wrapped(
        f"Each is the largest error of the gradient against differences of the loss, relative to "
        f"the largest value; {TOLERANCE:.0e} may be."
    )
    for check in found.report.checks:
        if _wrong(check, found):
            yield ""
            yield from wrapped(f"{check.name} is wrong, held to differences:")
            yield from entries(check.wrong)
    yield ""
    yield f"  {'all by':9}  passes     loss     gradients"
    for one in found.forced:
        verdict = "right" if one.right else f"WRONG, most of all {one.where}"
        passes = f"{one.passes} of {one.total}"
        errors = f"{error(one.loss):7}  {error(one.gradients):9}"
        yield f"  {one.path:9}  {passes:9}  {errors}  {verdict}"
    yield ""
    yield from wrapped(
        f"There a path is made to compute all passes that it can, forwards and backwards; held to "
        f"the paths above, {SAME:.0e} may be."
    )


def _cell(check: Check | None) -> str:
    if check is None:
        return ""
    return error(check.error) if check.checked else "kinks"


def _wrong(check: Check, found: NetReport) -> bool:
    return not found.report._replace(checks=[check]).ok
