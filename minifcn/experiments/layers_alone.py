"""PAMI, section 4: scores from one layer alone: deep and coarse, or shallow and fine."""

from __future__ import annotations

from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import Lab
from minifcn.experiments.verdicts import higher, said, together

IU, PIXELS = "mean IU, %", "pixel accuracy, %"
PAPER = {"pool5": (50.0, 87.4), "pool4": (22.4, 78.7), "pool3": (9.2, 70.9)}


def layers_alone(lab: Lab) -> Result:
    """Train nets of which only one prediction learns; the others stay at zero, and add nothing."""
    steps = lab.steps("fcn32s")
    runs = {
        "pool5": lab.each_seed("fcn32s"),
        "pool4": lab.each_seed("fcn16s", freeze="score_fr", steps=steps),
        "pool3": lab.each_seed("fcn8s", freeze="score_fr,score_pool4", steps=steps),
    }
    ius = {name: [run.mean_iu for run in some] for name, some in runs.items()}
    rows = []
    for name, some in runs.items():
        accuracies = [100 * run.results["pixel_accuracy"] for run in some]
        rows.append(
            Row(
                f"{name} alone" if name != "pool5" else "pool5 by fc6 and fc7 alone (FCN-32s)",
                {IU: ius[name], PIXELS: accuracies},
                dict(zip((IU, PIXELS), PAPER[name], strict=True)),
            )
        )
    return Result(
        rows,
        together(higher(ius["pool5"], ius["pool4"]), higher(ius["pool4"], ius["pool3"])),
        "Mean IU from each alone: " + ", ".join(f"{n} {said(v)}" for n, v in ius.items()) + ".",
    )


LAYERS_ALONE = Experiment(
    "PAMI, section 4",
    "Shallow layers alone predict worse than deep ones: finely, but wrong.",
    "mean IU 50.0 from pool5, 22.4 from pool4, 9.2 from pool3",
    layers_alone,
    {"shapes": 5},
)
