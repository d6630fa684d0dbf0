"""Where the time goes: seconds for each layer and pass."""

from __future__ import annotations

from collections import defaultdict


class Profile:
    """Collects the times that a net reports; hand it to the net as `net.clock = profile.add`.

    The forward pass of a ReLU that runs together with its convolution counts as the latter's.
    A GPU is waited for after each layer, so a step takes longer than without.
    """

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, str], float] = defaultdict(float)

    def add(self, layer: str, direction: str, seconds: float) -> None:
        """Add the time of one call; `direction` is "forward" or "backward"."""
        self._seconds[layer, direction] += seconds

    def table(self, steps: int, *, seconds: float, waited: float) -> str:
        """Return a table of milliseconds a step, the costliest layers first.

        The times were collected over so many steps, which took so many seconds together, a part of
        which was `waited` for data.
        """
        layers = sorted(
            {layer for layer, _ in self._seconds},
            key=lambda layer: -sum(self._seconds[layer, d] for d in ("forward", "backward")),
        )
        width = max(map(len, [*layers, "updates and the rest"]))
        lines = [f"{'ms a step':{width}}  {'forward':>10}  {'backward':>10}  {'share':>7}"]
        for layer in layers:
            forward, backward = (self._seconds[layer, d] for d in ("forward", "backward"))
            lines.append(_row(layer, width, forward, backward, seconds, steps))
        rest = seconds - waited - sum(self._seconds.values())
        lines.append(_row("updates and the rest", width, None, rest, seconds, steps))
        lines.append(_row("waiting for data", width, None, waited, seconds, steps))
        return "\n".join(lines)


def _row(
    name: str, width: int, forward: float | None, backward: float, total: float, steps: int
) -> str:
    cells = [f"{'':>10}" if s is None else f"{1e3 * s / steps:10.2f}" for s in (forward, backward)]
    return f"{name:{width}}  {'  '.join(cells)}  {((forward or 0) + backward) / total:7.1%}"
