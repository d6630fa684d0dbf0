"""`--recipe reference` trains each net by its solver.prototxt, and subtracts the same means."""

from itertools import product
from typing import NamedTuple

import pytest

from minifcn import train
from minifcn.data import DATASETS
from minifcn.models.build import BACKBONES, MODALITIES
from minifcn.models.fcn import STRIDES
from minifcn.reporting import fitting
from minifcn.training import stages
from minifcn.training.settings import SettingsError, resolve


class Facts(NamedTuple):
    """What solver.prototxt and train.prototxt of a net say, and what *_layers.py subtracts."""

    net: dict[str, str]
    base_lr: float
    momentum: float
    iter_size: int
    normalization: str  # normalize: false is "batch", true is "valid"
    max_iter: int
    snapshot: int  # SIFT Flow's scripts take none, but score every so many updates
    mean: tuple[float, float, float]


VOC = (104.00699, 116.66877, 122.67892)
CONTEXT = (104.007, 116.669, 122.679)
NYUD = (116.190, 97.203, 92.318)
HHA = (132.431, 94.076, 118.477)
SIFT = (114.578, 115.294, 108.353)


def net(dataset: str, arch: str, backbone: str = "vgg16", modality: str = "rgb") -> dict[str, str]:
    return {"dataset": dataset, "arch": arch, "backbone": backbone, "modality": modality}


ALEXNET = net("voc", "fcn32s", backbone="alexnet")
HEAVY = (0.99, 1, "batch")
FACTS = {
    "voc-fcn-alexnet": Facts(ALEXNET, 1e-4, 0.9, 20, "valid", 100_000, 4000, VOC),
    "voc-fcn32s": Facts(net("voc", "fcn32s"), 1e-10, *HEAVY, 100_000, 4000, VOC),
    "voc-fcn16s": Facts(net("voc", "fcn16s"), 1e-12, *HEAVY, 100_000, 4000, VOC),
    "voc-fcn8s": Facts(net("voc", "fcn8s"), 1e-14, *HEAVY, 100_000, 4000, VOC),
    "voc-fcn8s-atonce": Facts(net("voc", "fcn8s-at-once"), 1e-10, *HEAVY, 300_000, 4000, VOC),
    "pascalcontext-fcn32s": Facts(net("context", "fcn32s"), 1e-10, *HEAVY, 300_000, 4000, CONTEXT),
    "pascalcontext-fcn16s": Facts(net("context", "fcn16s"), 1e-12, *HEAVY, 300_000, 4000, CONTEXT),
    "pascalcontext-fcn8s": Facts(net("context", "fcn8s"), 1e-14, *HEAVY, 300_000, 4000, CONTEXT),
    "nyud-fcn32s-color": Facts(net("nyud", "fcn32s"), 1e-10, *HEAVY, 300_000, 2000, NYUD),
    "nyud-fcn32s-color-d": Facts(
        net("nyud", "fcn32s", modality="rgbd"), 1e-10, *HEAVY, 300_000, 2000, NYUD
    ),
    "nyud-fcn32s-hha": Facts(
        net("nyud", "fcn32s", modality="hha"), 1e-10, *HEAVY, 300_000, 2000, HHA
    ),
    "nyud-fcn32s-color-hha": Facts(
        net("nyud", "fcn32s", modality="rgb-hha"), 1e-12, *HEAVY, 300_000, 2000, NYUD
    ),
    "siftflow-fcn32s": Facts(net("siftflow", "fcn32s"), 1e-10, *HEAVY, 300_000, 2000, SIFT),
    "siftflow-fcn16s": Facts(net("siftflow", "fcn16s"), 1e-12, *HEAVY, 300_000, 2000, SIFT),
    "siftflow-fcn8s": Facts(net("siftflow", "fcn8s"), 1e-12, *HEAVY, 300_000, 2000, SIFT),
}
KNOWN = {tuple(facts.net.values()) for facts in FACTS.values()}
each_net = pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)


@each_net
def test_a_net_is_trained_by_its_solver_and_nothing_is_augmented(facts):
    settings = resolve(**facts.net, recipe="reference")
    assert (settings.rate, settings.policy, settings.warm_up) == (facts.base_lr, "fixed", 0)
    assert settings.momentum == facts.momentum
    assert settings.weight_decay == 0.0005
    assert (settings.batch_size, settings.accumulate) == (1, facts.iter_size)
    assert settings.normalization == facts.normalization
    assert settings.steps == facts.max_iter
    assert settings.evaluate_every == facts.snapshot
    assert (settings.width, settings.padding, settings.fc_channels) == (1, "faithful", None)
    assert not settings.learn_upsampling
    assert not settings.mirror and not settings.jitter
    assert tuple(settings.mean) == facts.mean


def test_sbd_is_what_the_voc_nets_are_trained_on():
    for arch in STRIDES:
        voc, sbd = (resolve(d, arch=arch, recipe="reference") for d in ("voc", "sbd"))
        assert sbd.to_dict() == {**voc.to_dict(), "dataset": "sbd"}


def test_what_is_given_still_wins():
    settings = resolve("voc", arch="fcn32s", recipe="reference", steps=7, mirror=True, width=0.25)
    assert (settings.steps, settings.mirror, settings.width) == (7, True, 0.25)
    assert settings.rate == 1e-10


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            net("siftflow", "fcn8s-at-once"),
            r"no solver for fcn8s-at-once on vgg16 \(rgb\) with siftflow; it has fcn32s on vgg16 "
            r"\(rgb\), fcn16s on vgg16 \(rgb\), fcn8s on vgg16 \(rgb\)",
        ),
        (
            net("nyud", "fcn16s", modality="rgb-hha"),
            r"fcn32s on vgg16 \(hha\), fcn32s on vgg16 \(rgb-hha\)",
        ),
        (net("voc", "fcn32s", backbone="googlenet"), r"it has fcn32s on alexnet \(rgb\)"),
        (net("shapes", "fcn32s"), "with shapes; it has some for voc, sbd, context, nyud, siftflow"),
        (net("folder", "fcn32s"), "with folder; it has some for voc"),
    ],
)
def test_a_net_without_a_solver_is_refused_with_those_that_there_are(given, words):
    with pytest.raises(SettingsError, match=words):
        resolve(**given, recipe="reference")


def test_the_command_passes_the_solver_on(tmp_path, monkeypatch, capsys):
    executed = []
    monkeypatch.setattr(fitting, "execute", lambda settings, *_, **__: executed.append(settings))
    options = ["--arch", "fcn32s", "--backbone", "alexnet", "--weights", "none"]
    out = ["--out", str(tmp_path / "run")]
    assert train.main(["voc", "--recipe", "reference", *options, *out]) == 0
    assert executed == [resolve(**ALEXNET, recipe="reference", weights="none")]


def test_each_stage_has_its_own_solver(tmp_path, monkeypatch, capsys):
    executed = []
    monkeypatch.setattr(stages, "execute", lambda settings, *_, **__: executed.append(settings))
    arguments = ["--staged", "--recipe", "reference", "--out", str(tmp_path)]
    assert train.main(["siftflow", *arguments]) == 0
    assert [settings.rate for settings in executed] == [1e-10, 1e-12, 1e-12]


@pytest.mark.parametrize("dataset", [name for name in DATASETS if name != "sbd"])
def test_no_other_net_has_a_solver(dataset):
    for arch, backbone, modality in product(STRIDES, BACKBONES, MODALITIES):
        if (dataset, arch, backbone, modality) not in KNOWN:
            with pytest.raises(SettingsError, match="the reference has no solver"):
                resolve(
                    dataset, recipe="reference", arch=arch, backbone=backbone, modality=modality
                )
