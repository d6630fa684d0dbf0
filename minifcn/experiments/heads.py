"""Table 5 and section 5, SIFT Flow: one net with two heads, beside two nets."""

from __future__ import annotations

from minifcn.experiments.experiment import FAILS, HOLDS, Experiment, Result, Row
from minifcn.experiments.lab import Lab, mean_ius
from minifcn.experiments.verdicts import alike, differences, said, together

SEM, GEO, TIME = "mean IU of kinds, %", "mean IU of turns, %", "an update, s"
NEAR = 2.0  # points of mean IU: the two do not share their random numbers
DEAREST = 65  # percent of the time of two nets, which one with two heads stays below


def heads(lab: Lab) -> Result:
    """Train FCN-8s on both label maps of the same images, and on each alone."""
    runs = {
        head: lab.each_seed("fcn8s", data_options={"two_heads": True, "head": head})
        for head in ("both", "sem", "geo")
    }
    sem, geo = mean_ius(runs["sem"]), mean_ius(runs["geo"])
    both_sem = mean_ius(runs["both"])
    both_geo = [100 * run.results["heads"]["geo"]["mean_iu"] for run in runs["both"]]
    times = {head: [run.update_seconds for run in some] for head, some in runs.items()}
    two_nets = [sum(pair) for pair in zip(times["sem"], times["geo"], strict=True)]
    cost = [100 * one / two for one, two in zip(times["both"], two_nets, strict=True)]
    apart = [differences(both_sem, sem), differences(both_geo, geo)]
    return Result(
        [
            Row("one net, two heads", {SEM: both_sem, GEO: both_geo, TIME: times["both"]}),
            Row("two nets", {SEM: sem, GEO: geo, TIME: two_nets}),
        ],
        together(
            alike(both_sem, sem, NEAR),
            alike(both_geo, geo, NEAR),
            HOLDS if max(cost) < DEAREST else FAILS,
        ),
        f"With two heads the mean IU of kinds differs by {apart[0].mean():+.1f} points, that of "
        f"turns by {apart[1].mean():+.1f}; an update takes {said(cost, 0)} % of two nets' time.",
        notes=[
            "The second label map says how a shape is turned: round, upright or turned; the "
            "paper's whether something is horizontal, vertical or sky.",
            f"Counted as alike: {NEAR:g} points. At the cost of one: at most {DEAREST} % of two.",
        ],
    )


HEADS = Experiment(
    "Table 5",
    "One net with two heads learns both tasks as well as two nets do, at the cost of one.",
    "pixel accuracy 85.2 and, of the geometric classes, 94.3",
    heads,
    {"shapes": 7},
)
