"""Section 4.2 and Figure 4: where skips help, by the distance from borders between classes."""

from __future__ import annotations

from minifcn.experiments.experiment import Chart, Curve, Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, Run, mean_ius
from minifcn.experiments.verdicts import differences, higher, said, together
from minifcn.inference.metrics import ConfusionMatrix
from minifcn.inference.trimap import band_confusions

NEAR, FAR = "mean IU near borders, %", "mean IU away from them, %"
WIDTHS = (1, 2, 3, 5, 8, 12, 20, 40)  # pixels to each side of a border
NEXT_TO, AWAY = 3, 8  # of these: within is near a border, beyond is away from them
NETS = {"fcn32s": "FCN-32s", "fcn16s": "FCN-16s", "fcn8s": "FCN-8s"}


def context(lab: Lab) -> Result:
    """Train FCN-32s, 16s and 8s, each from the one before; look at bands around borders."""
    runs = {name: lab.staged(arch) for arch, name in NETS.items()}
    bands = {name: [_bands(lab, run) for run in some] for name, some in runs.items()}
    near = {name: [ius[WIDTHS.index(NEXT_TO)] for ius, _ in some] for name, some in bands.items()}
    far = {name: [inside for _, inside in some] for name, some in bands.items()}
    first, last = NETS["fcn32s"], NETS["fcn8s"]
    gains = [differences(some[last], some[first]).tolist() for some in (near, far)]
    return Result(
        [
            Row(name, {NEAR: near[name], FAR: far[name], IU: mean_ius(some)})
            for name, some in runs.items()
        ],
        together(higher(near[last], near[first]), higher(gains[0], gains[1])),
        f"From 32s to 8s the mean IU within {NEXT_TO} pixels of a border rises by "
        f"{said(gains[0])} points, further away than {AWAY} by {said(gains[1])}.",
        [
            Chart(
                "in a band around borders",
                "pixels to each side",
                IU,
                [Curve(name, WIDTHS, [ius for ius, _ in some]) for name, some in bands.items()],
                x_log=True,
            )
        ],
    )


def _bands(lab: Lab, run: Run) -> tuple[list[float], float]:
    """Return the mean IU in percent in each band, and of what is further away than `AWAY`."""
    bands, whole = band_confusions(run.model, lab.dataset("val"), WIDTHS, lab.held_out)
    far = ConfusionMatrix.of(whole.counts - bands[WIDTHS.index(AWAY)].counts)
    near, away = ([100 * one.scores().occurring_mean_iu for one in some] for some in (bands, [far]))
    return near, away[0]


CONTEXT = Experiment(
    "section 4.2 and Figure 4",
    "Skips refine the segmentation where it is fine: near the borders of objects.",
    "",
    context,
    {"shapes": 6, "camvid": 11, "voc": 20},
)
