"""What the paper's authors train with: the solver of each net.

The tables hold what their files say, under Caffe's names. All solvers are plain SGD at a fixed
rate, and nothing is augmented. What differs here is the order of the images: they draw each anew
from the whole set, `data.loader` goes through it epoch by epoch.

Source: https://github.com/shelhamer/fcn.berkeleyvision.org, commit 1305c73: `solver.prototxt` of
each net's folder, and `train.prototxt` for how the loss is normalised.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minifcn.reference.data_sets import HHA_MEAN, MEANS, Mean


class Solver(NamedTuple):
    """The net of a folder, named as in `settings.Settings`, and its solver."""

    dataset: str  # the nets for VOC are trained on SBD's images
    arch: str
    base_lr: float
    # Updates. The scripts beside the solvers make fewer for NYUDv2 and SIFT Flow (100,000) and more
    # for PASCAL-Context (400,000).
    max_iter: int
    # Updates between two checkpoints. SIFT Flow's solvers make none; it is evaluated so often.
    snapshot: int
    backbone: str = "vgg16"
    modality: str = "rgb"
    momentum: float = 0.99
    iter_size: int = 1  # images an update, one after the other
    # Of the loss, "valid" or "batch": Caffe's `normalize: false`, the sum over an image's pixels.
    normalization: str = "batch"
    weight_decay: float = 0.0005


SOLVERS = (
    Solver("voc", "fcn32s", 1e-4, 100_000, 4000, "alexnet", "rgb", 0.9, 20, "valid"),
    Solver("voc", "fcn32s", 1e-10, 100_000, 4000),
    Solver("voc", "fcn16s", 1e-12, 100_000, 4000),
    Solver("voc", "fcn8s", 1e-14, 100_000, 4000),
    Solver("voc", "fcn8s-at-once", 1e-10, 300_000, 4000),
    Solver("context", "fcn32s", 1e-10, 300_000, 4000),
    Solver("context", "fcn16s", 1e-12, 300_000, 4000),
    Solver("context", "fcn8s", 1e-14, 300_000, 4000),
    Solver("nyud", "fcn32s", 1e-10, 300_000, 2000),
    Solver("nyud", "fcn32s", 1e-10, 300_000, 2000, modality="rgbd"),
    Solver("nyud", "fcn32s", 1e-10, 300_000, 2000, modality="hha"),
    Solver("nyud", "fcn32s", 1e-12, 300_000, 2000, modality="rgb-hha"),
    Solver("siftflow", "fcn32s", 1e-10, 300_000, 2000),
    Solver("siftflow", "fcn16s", 1e-12, 300_000, 2000),
    Solver("siftflow", "fcn8s", 1e-12, 300_000, 2000),  # not 1e-14, as the others
)


def find_solver(dataset: str, arch: str, backbone: str, modality: str) -> Solver:
    """Return the solver of a net.

    Raises
    ------
    ValueError
        If the authors do not train this net on this data set.
    """
    trained = [s for s in SOLVERS if s.dataset == ("voc" if dataset == "sbd" else dataset)]
    for solver in trained:
        if (solver.arch, solver.backbone, solver.modality) == (arch, backbone, modality):
            return solver
    nets = ", ".join(f"{s.arch} on {s.backbone} ({s.modality})" for s in trained)
    known = nets or f"some for {', '.join(MEANS)}"
    raise ValueError(
        f"the reference has no solver for {arch} on {backbone} ({modality}) with {dataset}; it has "
        f"{known}; choose one of these or another --recipe"
    )


def reference_settings(dataset: str, arch: str, backbone: str, modality: str) -> dict[str, Any]:
    """Return the fields of `settings.Settings` that train a net as the authors do.

    Raises
    ------
    ValueError
        If they do not train this net on this data set.
    """
    solver = find_solver(dataset, arch, backbone, modality)
    return {
        "rate": solver.base_lr,
        "policy": "fixed",
        "warm_up": 0,
        "momentum": solver.momentum,
        "weight_decay": solver.weight_decay,
        "normalization": solver.normalization,
        "steps": solver.max_iter,
        "batch_size": 1,
        "accumulate": solver.iter_size,
        "evaluate_every": solver.snapshot,
        "mirror": False,
        "jitter": 0,
        "mean": "reference",
        "learn_upsampling": False,
        "width": 1.0,
        "padding": "faithful",
    }


def training_mean(dataset: str, modality: str) -> Mean:
    """Return what the authors subtract from the images of a data set, or from HHA.

    Returns
    -------
    three floats, 0..255
        Blue, green, red; for "hha" disparity, height, angle.

    Raises
    ------
    ValueError
        If they do not train on this data set.
    """
    if dataset not in MEANS:
        raise ValueError(
            f"the reference has no mean of {dataset}; it has those of {', '.join(MEANS)}: give "
            "--mean weights, or three numbers"
        )
    return HHA_MEAN if modality == "hha" else MEANS[dataset]
