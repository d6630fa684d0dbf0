"""Sections 3.2 and 4.2: finer scores of the coarse layers, or scores of finer layers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from minifcn.data.dataset import Sample
from minifcn.experiments.experiment import FAILS, HOLDS, Experiment, Result, Row
from minifcn.experiments.lab import IU, Lab
from minifcn.experiments.verdicts import change, higher, said, together
from minifcn.inference.apply import segment
from minifcn.inference.metrics import ConfusionMatrix
from minifcn.inference.model import Model
from minifcn.models.dense import dense

TIME = "time of an image, ms"
STRIDES = (16, 8)  # that FCN-32s is rarefied to


class _Tried(NamedTuple):
    """Of nets, one for each seed, on the validation images."""

    mean_iu: list[float]
    milliseconds: list[float]

    def row(self, name: str) -> Row:
        return Row(name, {IU: self.mean_iu, TIME: self.milliseconds})


def stitch_or_skip(lab: Lab) -> Result:
    """Compare FCN-32s with finer scores, by filter rarefaction, with FCN-16s."""
    coarse = lab.each_seed("fcn32s")
    longer = lab.after_each(coarse, "fcn32s", steps=lab.steps("fcn16s"))
    dataset = lab.dataset("val")
    samples = [dataset[i] for i in range(min(lab.held_out or len(dataset), len(dataset)))]
    models = [run.model for run in longer]
    plain = _try(models, samples)
    finer = [
        _try([model._replace(net=dense(model.net, stride)) for model in models], samples)
        for stride in STRIDES
    ]
    skip = _try([run.model for run in lab.after_each(coarse, "fcn16s")], samples)
    rarefied = finer[0]
    cost = [100 * a / b for a, b in zip(rarefied.milliseconds, skip.milliseconds, strict=True)]
    return Result(
        [
            plain.row("FCN-32s"),
            *(
                tried.row(f"FCN-32s, rarefied to stride {stride}")
                for stride, tried in zip(STRIDES, finer, strict=True)
            ),
            skip.row("FCN-16s"),
        ],
        together(higher(skip.mean_iu, rarefied.mean_iu), HOLDS if min(cost) > 100 else FAILS),
        f"Rarefaction to stride {STRIDES[0]} changes the mean IU by "
        f"{change(rarefied.mean_iu, plain.mean_iu)} points, to stride {STRIDES[1]} by "
        f"{change(finer[1].mean_iu, plain.mean_iu)}; the skip by "
        f"{change(skip.mean_iu, plain.mean_iu)}. An image takes {said(cost, 0)} % of FCN-16s's "
        "time.",
        notes=[
            "All had equally many updates. A rarefied net computes the same function of the same "
            "windows at more places, so it has no training of its own here: FCN-32s is trained, "
            "and rarefied afterwards.",
        ],
    )


def _try(models: Sequence[Model], samples: Sequence[Sample]) -> _Tried:
    """Segment the samples by each model."""
    tried = _Tried([], [])
    for model in models:
        confusion, seconds = ConfusionMatrix(len(model.class_names)), 0.0
        for sample in samples:
            started = time.perf_counter()
            label = segment(model.net, sample.image, model.preprocess)
            seconds += time.perf_counter() - started
            confusion.update(sample.label, label)
        tried.mean_iu.append(100 * confusion.scores().occurring_mean_iu)
        tried.milliseconds.append(1000 * seconds / len(samples))
    return tried


STITCH_OR_SKIP = Experiment(
    "sections 3.2 and 4.2",
    "Computing the coarse scores more densely gains less than a skip, and costs more.",
    "",
    stitch_or_skip,
    {"shapes": 5, "camvid": 40},
)
