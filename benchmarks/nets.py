"""The nets and the data that the benchmarks run: random weights of every layer, random images."""

from __future__ import annotations

import argparse
from math import sqrt
from typing import NamedTuple

import numpy as np

from minifcn.models import ModelSpec, build, initialise
from minifcn.models.build import BACKBONES
from minifcn.models.fcn import STRIDES
from minifcn.net import Net

ARCHS = [arch for arch in STRIDES if arch != "fcn8s-at-once"]


class Case(NamedTuple):
    """What is run: a net, and the images that it is given at once."""

    arch: str = "fcn8s"
    backbone: str = "vgg16"
    size: tuple[int, int] = (500, 500)  # height, width
    width: float = 1.0
    padding: str = "faithful"
    batch: int = 1
    classes: int = 21


# The nets on VGG16, the two smaller ones at a size that VOC has, and the net of `minifcn.demo`.
CASES = {
    f"{arch}-{size}": Case(arch, size=(size, size)) for size in (224, 500, 1000) for arch in ARCHS
} | {
    "googlenet": Case(backbone="googlenet", size=(375, 500)),
    "alexnet": Case(backbone="alexnet", size=(375, 500)),
    "demo": Case(size=(128, 128), width=0.125, padding="same", batch=4, classes=7),
}


def add_case_options(options: argparse.ArgumentParser, *defaults: str) -> None:
    """Add --case, by default `defaults`, and what changes the cases that are chosen."""
    options.add_argument(
        "--case", nargs="+", choices=CASES, default=list(defaults), help="%(choices)s"
    )
    change = options.add_argument_group("in place of what the cases have")
    change.add_argument("--arch", choices=ARCHS)
    change.add_argument("--backbone", choices=BACKBONES)
    change.add_argument("--size", nargs=2, type=int, metavar=("H", "W"), help="pixels")
    change.add_argument("--width", type=float, help="factor on the channel counts")


def chosen_cases(args: argparse.Namespace) -> dict[str, Case]:
    """Return the cases that the options choose, by their names."""
    given = {name: getattr(args, name) for name in ("arch", "backbone", "size", "width")}
    given = {name: value for name, value in given.items() if value is not None}
    named = "".join(f" {_word(value)}" for value in given.values())
    return {f"{name}{named}": CASES[name]._replace(**given) for name in args.case}


def case_options(name: str, args: argparse.Namespace) -> list[str]:
    """Return the options by which a process of its own runs a case of `chosen_cases`."""
    options = ["--case", name.split()[0], "--threads", str(args.threads)]
    for option in ("arch", "backbone", "size", "width"):
        if (value := getattr(args, option)) is not None:
            options += [f"--{option}", *map(str, value if option == "size" else [value])]
    return options


def _word(value: object) -> str:
    return " x ".join(map(str, value)) if isinstance(value, list) else str(value)


def make_net(case: Case, *, biases: float = 0.1) -> Net:
    """Return a net whose score layers are not zero, so that scores can be compared.

    They are small, for scores of the size of a trained net's: softmax shall not saturate.

    Parameters
    ----------
    case : Case
    biases : float
        Their standard deviation. With 0 it is a net as training finds it; but a net without
        biases computes less around an image (`functional/fast/zeros.py`), so it is not timed.
    """
    spec = ModelSpec(case.arch, case.backbone, case.classes, case.width, case.padding)
    net = build(spec)
    initialise(net)
    rng = np.random.default_rng(1)
    for address, array in net.params.items():
        if address.endswith("bias"):
            array[...] = biases * rng.standard_normal(array.shape)
        elif address.startswith("score"):
            drawn = rng.standard_normal(array.shape, dtype=np.float32)
            array[...] = 0.01 * drawn / sqrt(array[0].size)
    return net


def filled_net(case: Case) -> Net:
    """Return a net of equal weights, for drawing others takes memory that is not to be measured."""
    net = build(ModelSpec(case.arch, case.backbone, case.classes, case.width, case.padding))
    for array in net.params.values():
        array.fill(1 / array[0].size)
    return net


def make_batch(case: Case) -> dict[str, np.ndarray]:
    """Return images in the range of real ones after the mean is subtracted, and their labels."""
    rng = np.random.default_rng(2)
    data = rng.uniform(-120, 135, (case.batch, 3, *case.size)).astype(np.float32)
    label = rng.integers(0, case.classes, (case.batch, *case.size), dtype=np.int32)
    label[:, ::16] = 255  # ignored, as on the outlines of VOC
    return {"data": data, "label": label}
