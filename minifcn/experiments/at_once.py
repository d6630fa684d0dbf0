"""PAMI, Table 3: FCN-8s trained in stages, or all at once with its features scaled and without."""

from __future__ import annotations

import numpy as np

from minifcn.data.dataset import Dataset
from minifcn.data.inputs import net_inputs
from minifcn.experiments.diverging import runs_or_none, worth
from minifcn.experiments.experiment import Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab, mean_ius
from minifcn.experiments.verdicts import alike, change, higher, together
from minifcn.inference.model import Model
from minifcn.layers import Conv2d, Scale

STAGED, SCALED, PLAIN = "in stages", "at once, features scaled", "at once, features as they are"
PAPER = {STAGED: 65.5, SCALED: 65.4}
LOOKED_AT = 4  # images


def at_once(lab: Lab) -> Result:
    """Train FCN-8s in stages, and at once in as many updates, with the scales and without."""
    steps = sum(lab.steps(arch) for arch in ("fcn32s", "fcn16s", "fcn8s"))
    staged = lab.staged("fcn8s")
    found = {
        STAGED: mean_ius(staged),
        SCALED: mean_ius(runs_or_none(lab, "fcn8s-at-once", steps=steps)),
        PLAIN: mean_ius(runs_or_none(lab, "fcn8s-at-once", steps=steps, skip_scale="one")),
    }
    in_stages, scaled, plain = (worth(values) for values in found.values())
    sizes = feature_sizes(staged[0].model, lab.dataset())
    return Result(
        [
            Row(name, {IU: values}, {IU: PAPER[name]} if name in PAPER else {})
            for name, values in found.items()
        ],
        together(alike(scaled, in_stages), higher(scaled, plain)),
        f"At once with scaled features, the mean IU is {change(scaled, in_stages)} points above "
        f"that of the stages; the scales change it by {change(scaled, plain)}. What diverged "
        "counts as 0.",
        notes=[
            "The scales are there to make the features of all layers about as large. Here a "
            f"pixel's have the length {', '.join(f'{v:.1f} ({n})' for n, v in sizes.items())} "
            "without them.",
            *NOTES.get(lab.data, ()),
        ],
    )


def feature_sizes(model: Model, dataset: Dataset) -> dict[str, float]:
    """Return the length of the features of which an FCN predicts, before they are scaled.

    By the layer's name it is the Euclidean length of a pixel's features, the mean over the pixels
    of the first images.
    """
    nodes = {node.name: node for node in model.net.nodes}
    taps = []
    for node in nodes.values():
        if node.name.startswith("score") and isinstance(node.layer, Conv2d):
            below = node.bottoms[0]
            scaled = isinstance(nodes[below].layer, Scale)
            taps.append(nodes[below].bottoms[0] if scaled else below)
    lengths: dict[str, list[float]] = {tap: [] for tap in taps}
    for index in range(min(LOOKED_AT, len(dataset))):
        sample = dataset[index]
        inputs = net_inputs(sample.image, sample.extras, model.preprocess, model.spec.modality)
        batch = {name: array[None] for name, array in inputs.items()}
        features, _ = model.net.forward(batch, outputs=taps)
        for tap in taps:
            lengths[tap].append(float(np.linalg.norm(features[tap], axis=1).mean()))
    return {tap: float(np.mean(values)) for tap, values in lengths.items()}


NOTES = {
    "shapes": [
        "VGG16's scales, 0.01 and 0.0001, are made for ImageNet's weights, with which the features "
        "of the skips are far larger. They leave next to nothing of the small net's."
    ]
}
AT_ONCE = Experiment(
    "PAMI, section 4 and Table 3",
    "All at once is as good as in stages, if the features of the skips are scaled.",
    "mean IU 65.5 in stages, 65.4 at once; without the scales, training tends to diverge",
    at_once,
    {"shapes": 14, "camvid": 60},
)
