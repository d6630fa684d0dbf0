"""PAMI, section 4: scores from one layer alone: deep and coarse, or shallow and fine."""

from __future__ import annotations

from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, Run, figures, mean_ius
from minifcn.experiments.verdicts import higher, said, together
from minifcn.models.build import base_net

PIXELS = "pixel accuracy, %"
PAPER = {32: (50.0, 87.4), 16: (22.4, 78.7), 8: (9.2, 70.9)}  # by stride: pool5, pool4, pool3


def layers_alone(lab: Lab) -> Result:
    """Train nets of which one prediction learns: the others stay at zero, and add nothing."""
    steps = lab.steps("fcn32s")
    deepest = lab.each_seed("fcn32s")
    skips = skips_of(deepest[0])
    runs = {
        32: deepest,
        16: lab.each_seed("fcn16s", freeze="score_fr", steps=steps),
        8: lab.each_seed("fcn8s", freeze=f"score_fr,score_{skips[16]}", steps=steps),
    }
    names = {32: "the deepest layer", **skips}
    ius = {stride: mean_ius(some) for stride, some in runs.items()}
    alone = ", ".join(f"{said(ius[stride])} from {names[stride]}" for stride in runs)
    return Result(
        [
            Row(
                f"{names[stride]} alone, stride {stride}",
                figures(some, {"pixel_accuracy": PIXELS}),
                dict(zip((IU, PIXELS), PAPER[stride], strict=True)),
            )
            for stride, some in runs.items()
        ],
        together(higher(ius[32], ius[16]), higher(ius[16], ius[8])),
        f"Mean IU: {alone}.",
        notes=NOTES.get(lab.data, ()),
    )


def skips_of(run: Run) -> dict[int, str]:
    """Return the names of the finer layers that the skips of a run's backbone read, by stride."""
    spec = run.model.spec
    backbone = base_net(spec.backbone).backbone(spec.width, padding=spec.padding)
    return {stride: tap.name for stride, tap in backbone.skips.items()}


NOTES = {
    "shapes": [
        "Drawn shapes are about 44 pixels across, which is just what pool3 sees, and often thinner "
        "than a stride of 32: fine scores are right as well here, and coarse ones miss most. The "
        "objects of photographs are many times as large."
    ]
}
LAYERS_ALONE = Experiment(
    "PAMI, section 4",
    "Shallow layers alone predict worse than deep ones: finely, but wrong.",
    "mean IU 50.0 from pool5, 22.4 from pool4, 9.2 from pool3",
    layers_alone,
    {"shapes": 4, "camvid": 36},
)
