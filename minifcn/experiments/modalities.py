"""Table 4: colour, depth as a fourth channel, depth as HHA, and both in two streams."""

from __future__ import annotations

from minifcn.experiments.data_sets import FINE_NET
from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, mean_ius
from minifcn.experiments.verdicts import differences, higher, together

# The modality of each row, and the mean IU that the paper prints of FCN-32s.
PAPER = {
    "RGB": ("rgb", 29.2),
    "RGB-D": ("rgbd", 30.5),
    "HHA": ("hha", 24.2),
    "RGB-HHA": ("rgb-hha", 32.8),
}


def modalities(lab: Lab) -> Result:
    """Train FCN-8s on what a camera and a depth sensor see, in four ways."""
    options = {**lab.prepared.settings["data_options"], "depth": True}
    ius = {
        name: mean_ius(lab.each_seed("fcn8s", modality=modality, data_options=options))
        for name, (modality, _) in PAPER.items()
    }
    both = ius["RGB-HHA"]
    gains = {name: differences(both, some) for name, some in ius.items() if some is not both}
    others = ", ".join(f"{gain.mean():+.1f} than {name}" for name, gain in gains.items())
    return Result(
        [Row(name, {IU: ius[name]}, {IU: printed}) for name, (_, printed) in PAPER.items()],
        together(*(higher(both, ius[name]) for name in gains)),
        f"Points of mean IU that colour and HHA in two streams have more: {others}.",
        notes=[
            "Of the drawn shapes 40 percent have the colours of the background and 15 percent no "
            "depth of their own, so which of colour and HHA is the better one alone is a matter of "
            "how they are drawn.",
            "All nets start from the classifier and have as many updates; the paper starts two "
            "streams from two nets that are trained already.",
            FINE_NET,
        ],
    )


MODALITIES = Experiment(
    "Table 4",
    "Depth makes segmentation better: as HHA in a stream of its own more than as fourth channel.",
    "mean IU 29.2 with RGB, 30.5 with RGB-D, 24.2 with HHA, 32.8 with RGB and HHA",
    modalities,
    {"shapes": 6},
)
