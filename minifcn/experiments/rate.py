"""Section 4.3: the learning rate decides; that biases learn at twice the rate does not."""

from __future__ import annotations

import numpy as np

from minifcn.experiments.curves import LOSS, last_losses
from minifcn.experiments.data_sets import FINE_NET
from minifcn.experiments.diverging import runs_or_none, worth
from minifcn.experiments.experiment import Chart, Curve, Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, Run, mean_ius
from minifcn.experiments.verdicts import alike, change, higher, together

FACTORS = (0.1, 0.3, 1.0, 3.0, 10.0)  # on the usual rate
SHARE = 2  # of the usual updates: a half


def rate(lab: Lab) -> Result:
    """Train FCN-8s at several rates, and with biases that learn no faster than weights."""
    steps = max(1, lab.steps("fcn8s") // SHARE)
    middle = lab.rate("fcn8s")
    runs = {
        factor * middle: runs_or_none(lab, "fcn8s", steps=steps, rate=factor * middle)
        for factor in FACTORS
    }
    ius = {rate: mean_ius(some) for rate, some in runs.items()}
    ends = {rate: _losses(some) for rate, some in runs.items()}
    once = mean_ius(lab.each_seed("fcn8s", steps=steps, bias_rate=1.0))

    best = max(ius, key=lambda rate: np.mean(worth(ius[rate])))
    lowest, highest = (worth(ius[rate]) for rate in (min(ius), max(ius)))
    return Result(
        [
            *(Row(f"rate {rate:.2g}", {IU: ius[rate], LOSS: ends[rate]}) for rate in runs),
            Row(f"rate {middle:.2g}, biases at the same", {IU: once}),
        ],
        together(higher(ius[best], lowest), higher(ius[best], highest), alike(ius[middle], once)),
        f"The best rate is {best:.2g}. Mean IU there is {change(ius[best], lowest)} points above "
        f"that of the lowest rate, {change(ius[best], highest)} above that of the highest. The "
        f"biases' double rate changes it by {change(ius[middle], once)}.",
        [_chart("mean IU by rate", IU, ius), _chart("loss at the end by rate", LOSS, ends)],
        notes=[
            *["What diverged counts as 0."] * any(np.isnan(v).any() for v in ius.values()),
            FINE_NET,
        ],
    )


def _losses(runs: list[Run | None]) -> list[float]:
    return [last_losses([run])[0] if run else float("nan") for run in runs]


def _chart(title: str, label: str, values: dict[float, list[float]]) -> Chart:
    ys = np.transpose(list(values.values()))
    return Chart(title, "learning rate", label, [Curve("", list(values), ys.tolist())], x_log=True)


RATE = Experiment(
    "section 4.3",
    "Training depends much on the learning rate, and little on the biases' being doubled.",
    "insensitive to the doubled rate of biases, sensitive to the rate",
    rate,
    {"shapes": 5, "camvid": 45},
)
