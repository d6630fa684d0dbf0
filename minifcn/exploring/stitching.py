"""A coarse net made dense without training, against what it says itself (section 3.2)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minifcn.exploring.answers import Answer, labels
from minifcn.exploring.branches import find_branches
from minifcn.exploring.opened import Opened
from minifcn.exploring.stages import find_stages
from minifcn.exploring.values import net_data
from minifcn.inference.apply import segment
from minifcn.inference.model import Model
from minifcn.models.dense import dense
from minifcn.net.graph import coordinate_maps

STRIDE = 4  # pixels of the image between stitched scores: 64 shifts of the 1024 that there are


def stitched_answers(opened: Opened, image: np.ndarray) -> Iterator[Answer]:
    """Yield the scores of an FCN-32s as they are, a class for each, and stitched from shifts.

    They are those of the training's FCN-32s; of a training without one there are none.
    """
    coarse = {opened.model.spec.arch: opened.model, **opened.relatives}.get("fcn32s")
    if coarse is None:
        return
    label = "FCN-32s, the nearest of its scores at each pixel"
    yield Answer("coarse", label, "coarse", nearest(coarse, image))
    finer = segment(dense(coarse.net, STRIDE), image, coarse.preprocess).astype(np.uint8)
    label = f"FCN-32s, by shift-and-stitch every {STRIDE} pixels"
    yield Answer("stitched", label, "stitched", finer)


def nearest(model: Model, image: np.ndarray) -> np.ndarray:
    """Return the class of the coarse score that lies nearest to each pixel, uint8 (H, W)."""
    branches = find_branches(find_stages(model.net, "score"), "score")
    assert branches is not None  # it is an FCN
    found, _ = model.net.forward(net_data(model, image), outputs=[branches.at])
    classes = labels(found[branches.at][0])
    (maps,) = coordinate_maps(model.net.nodes, branches.at)
    rows, columns = (
        np.rint(np.arange(size) * float(one.scale) + float(one.offset)).clip(0, count - 1)
        for size, count, one in zip(image.shape, classes.shape, maps, strict=False)
    )
    return classes[np.ix_(rows.astype(int), columns.astype(int))]
