"""The line search for the learning rate (section 4.3 of the paper): short runs over a grid.

Training an FCN "was sensitive to the learning rate alone", and the paper finds it by trying. Every
run here starts from the same weights and sees the same images in the same order; the one with the
least loss at its end wins. A rate that is too high shows within some dozen updates, by a loss that
rises or is not a number any more; one that is too low hardly moves.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minifcn.system.files import atomic_write, write_json
from minifcn.training.prepare import (
    make_model,
    make_optimiser,
    make_updates,
    open_splits,
    silent,
    take_device,
)
from minifcn.training.settings import Settings
from minifcn.training.solver import TrainingError

# Half decades around the default rate.
GRID = tuple(10.0 ** (half / 2) for half in range(-4, 5))
STEPS = 60  # enough for momentum 0.99 to come up to 45 % of its speed
SMOOTHED = 10  # updates that a point of the plotted curves is averaged over


class Trial(NamedTuple):
    """A short run."""

    rate: float
    # Nats a labelled pixel, of each update; as many as there were before it diverged.
    losses: list[float]
    score: float  # their mean over the last quarter; infinite if the run diverged


def search(
    settings: Settings,
    rates: Sequence[float],
    folder: Path,
    note: Callable[[str], None] = silent,
) -> list[Trial]:
    """Train briefly at each rate, write the figures and a plot, return the trials.

    Parameters
    ----------
    settings : Settings
        Of each run, but for the rate, which stays fixed; `steps` is its length.
    rates : sequence of float
    folder : Path
        Where `lr-search.json` and `lr-search.png` are put.
    note : callable
        Told of each result.
    """
    tried = [replace(settings, rate=rate, policy="fixed", warm_up=0) for rate in sorted(rates)]
    trials: list[Trial] = []
    for one in tried:
        trial = try_rate(one)
        note(f"rate {trial.rate:8.2e}: {_verdict(trial)}")
        trials.append(trial)
        write_json(folder / "lr-search.json", [_record(trial) for trial in trials])
    plot(trials, folder / "lr-search.png")
    return trials


def try_rate(settings: Settings) -> Trial:
    """Train as the settings say, from the start, without evaluating or saving anything.

    The loss of every update is asked for, on a GPU too: a run that diverges is to be stopped.
    """
    settings = replace(settings, log_every=1)
    xp = take_device(settings)
    data, _ = open_splits(settings)
    model = make_model(settings, data)
    model.net.to(xp)
    optimiser = make_optimiser(model.net, settings)
    losses = []
    with warnings.catch_warnings():
        # A run that diverges overflows before its loss shows it.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            for step in make_updates(model, data, settings, optimiser, xp=xp):
                losses.append(step.pixel_loss)
        except TrainingError:
            return Trial(settings.rate, losses, float("inf"))
    return Trial(settings.rate, losses, float(np.mean(losses[-max(1, len(losses) // 4) :])))


def best(trials: Sequence[Trial]) -> Trial:
    """Return the trial with the least loss at its end.

    Raises
    ------
    TrainingError
        If all of them diverged.
    """
    winner = min(trials, key=lambda trial: trial.score)
    if not np.isfinite(winner.score):
        raise TrainingError(
            f"every rate from {trials[0].rate:g} to {trials[-1].rate:g} diverged: try lower ones"
        )
    return winner


def explain(trials: Sequence[Trial]) -> str:
    """Return why the best rate is the best, and whether the grid reaches far enough around it."""
    winner = best(trials)
    place = list(trials).index(winner)
    text = (
        f"chosen: --lr {winner.rate:.3g}, whose loss is the least, {winner.score:.3f} nats a "
        "pixel over the last quarter of the run"
    )
    if place == len(trials) - 1:
        return f"{text}; it is the highest tried: higher ones may be better still"
    if place == 0:
        return f"{text}; it is the lowest tried: lower ones may be better still"
    above = trials[place + 1]
    reason = "diverges" if not np.isfinite(above.score) else f"ends at {above.score:.3f}"
    return f"{text}; the next higher, {above.rate:.3g}, {reason}"


def plot(trials: Sequence[Trial], path: Path) -> None:
    """Draw the loss of each run over its updates, and the loss at the end over the rate.

    Rates go from dark to light. The chosen one is marked; those are named whose run diverged, or
    ends with more loss than all begin with, which is as far as the axes go.
    """
    from matplotlib import colormaps
    from matplotlib.figure import Figure  # takes half a second, which other commands need not wait

    figure = Figure(figsize=(10, 4), layout="constrained")
    curves, ends = figure.subplots(1, 2, sharey=True)
    colours = colormaps["viridis"](np.linspace(0, 0.9, len(trials)))  # the lightest is too pale
    highest = 1.1 * max((trial.losses[0] for trial in trials if trial.losses), default=1.0)
    winner = min(trials, key=lambda trial: trial.score)
    shown = [trial for trial in trials if trial.score < highest]
    for trial, colour in zip(trials, colours, strict=True):
        losses = _smooth(trial.losses)
        chosen = trial is winner and trial in shown
        style = {"color": colour, "linestyle": "-" if trial in shown else ":"}
        diverged = not np.isfinite(trial.score)
        name = f"{trial.rate:.1e}{', chosen' * chosen}{', diverged' * diverged}"
        steps = np.arange(1, losses.size + 1)
        curves.plot(steps, losses, label=name, linewidth=3 if chosen else 1.5, **style)
        if trial in shown:
            ends.plot(trial.rate, trial.score, "o", color=colour, markersize=12 if chosen else 7)
        else:
            end = "diverged" if diverged else f"ends at {trial.score:.3g}"
            ends.axvline(trial.rate, **style)
            place = {"xycoords": ("data", "axes fraction"), "rotation": "vertical"}
            ends.annotate(f"{end} ", (trial.rate, 1), ha="right", va="top", **place)
    ends.plot([t.rate for t in shown], [t.score for t in shown], color="grey", zorder=0)
    if winner in shown:
        place = {"textcoords": "offset points", "ha": "center", "va": "bottom"}
        ends.annotate("chosen", (winner.rate, winner.score), (0, 10), **place)
    lowest = min((float(_smooth(trial.losses).min()) for trial in shown), default=0.0)
    curves.set(xlabel="update", ylabel="loss, nats a pixel", ylim=(0.8 * lowest, highest))
    ends.set(xlabel="rate", title="loss at the end", xscale="log")
    curves.set_title(f"loss of each run, mean of {SMOOTHED} updates")
    figure.legend(title="rate", loc="outside right upper", fontsize="small")
    with atomic_write(path) as file:
        figure.savefig(file, format="png", dpi=120)


def _smooth(losses: Sequence[float]) -> np.ndarray:
    """Return the mean of each loss and of those before it, so many as are smoothed over."""
    sums = np.cumsum([0.0, *losses])
    last = np.arange(1, len(sums))
    first = np.maximum(last - SMOOTHED, 0)
    return (sums[last] - sums[first]) / (last - first)


def _verdict(trial: Trial) -> str:
    if np.isfinite(trial.score):
        return f"loss {trial.losses[0]:.3f} -> {trial.score:.3f}"
    return f"diverged after {len(trial.losses)} updates"


def _record(trial: Trial) -> dict[str, Any]:
    """Return a trial for JSON, which has no infinity."""
    return {**trial._asdict(), "score": trial.score if np.isfinite(trial.score) else None}
