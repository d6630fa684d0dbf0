"""What a run starts from: its data, its net, and the weights the net begins with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data import open_dataset
from minifcn.data.checks import check_labels, shared_images
from minifcn.data.dataset import Dataset
from minifcn.data.transforms import Preprocess
from minifcn.model import Model, find_weights
from minifcn.models.build import ModelSpec, build, initialise
from minifcn.net import Net
from minifcn.resources import shipped_weights
from minifcn.settings import Settings, SettingsError
from minifcn.weights.store import load_weights, read_attributes
from minifcn.weights.surgery import transplant

# What random weights are trained with: BGR as the paper's nets, brought to about unit variance.
FRESH_PREPROCESS = Preprocess("BGR", (104.00698793, 116.66876762, 122.67891434), 1 / 64)

LABELS_CHECKED = 16  # label maps of each split that are looked at before training starts


def open_splits(settings: Settings) -> tuple[Dataset, Dataset]:
    """Return the training and validation data.

    Refused are images that are in both, and label maps that do not fit (a few of them are looked
    at here; the others when their turn comes).
    """
    train_data, val_data = (
        open_dataset(settings.dataset, split, data_dir=settings.data_dir, **settings.data_options)
        for split in ("train", "val")
    )
    for dataset in (train_data, val_data):
        problems = check_labels(dataset, LABELS_CHECKED).problems
        if problems:
            raise SettingsError(
                f"{len(problems)} samples cannot be used: {'; '.join(problems.values())}"
            )
    shared = shared_images(train_data, val_data)
    if shared:
        raise SettingsError(
            f"{len(shared)} validation images are among the training ones "
            f"({', '.join(map(str, shared[:3]))} ...): the evaluation would mean nothing; "
            "remove them from one of the splits"
        )
    return train_data, val_data


def make_model(settings: Settings, dataset: Dataset, note: Callable[[str], None]) -> Model:
    """Build the net of the settings with the weights it starts from."""
    spec = settings.spec(len(dataset.class_names))
    net = build(
        spec,
        normalization=settings.normalization,
        learn_upsampling=settings.learn_upsampling,
    )
    initialise(net, settings.seed)
    preprocess = FRESH_PREPROCESS
    if settings.weights != "none":
        preprocess = start_from(net, spec, settings.weights, note)
    palette = np.asarray(dataset.palette)[: len(dataset.class_names)].tolist()
    return Model(net, spec, preprocess, tuple(dataset.class_names), palette)


def follow_weights(given: dict[str, Any]) -> dict[str, Any]:
    """Return settings in which the net is that of the weights, where they do not say otherwise.

    Parameters
    ----------
    given : dict
        Settings by name, None where not given. Those of the net are filled in from the file
        that "weights" names, if it names one.

    Raises
    ------
    WeightsError
        If there is no such file, or it is no weight file.
    """
    if given.get("weights") in (None, "shipped", "none"):
        return given
    attributes = read_attributes(find_weights(Path(given["weights"])))
    followed = {name: attributes.get(name) for name in ("backbone", "width", "fc_channels")}
    return {**given, **{k: v for k, v in followed.items() if given.get(k) is None}}


def start_from(net: Net, spec: ModelSpec, source: str, note: Callable[[str], None]) -> Preprocess:
    """Copy the weights of a classifier or of another FCN into the net; return their preprocessing.

    Only the score layers may be new, and fc6 and fc7 where the file has none of that size; only a
    classifier's last layer, the upsampling and score layers for other classes may be left over: a
    backbone that is not transplanted would train from nothing without a word.
    """
    file = shipped_weights("vgg16-shapes") if source == "shipped" else find_weights(Path(source))
    weights = load_weights(file)
    theirs = ModelSpec.from_dict(weights.attributes)
    if (theirs.backbone, theirs.width) != (spec.backbone, spec.width):
        raise SettingsError(
            f"{file.name} holds a {theirs.backbone} of width {theirs.width:g}, the net is a "
            f"{spec.backbone} of width {spec.width:g}; give --width {theirs.width:g}, other "
            "--weights, or --weights none to start from random ones"
        )
    new_scores = theirs.num_classes != spec.num_classes or theirs.arch == "classifier"
    new_fc = theirs.fc_channels != spec.fc_channels or "fc6/weight" not in weights.params
    params = {
        address: array
        for address, array in weights.params.items()
        if not address.startswith(("fc8/", "loss3/classifier/"))
        and not (address.startswith("upscore") and address not in net.params)
        and not (new_scores and address.startswith(("score", "upscore")))
        and not (new_fc and address.startswith(("fc6/", "fc7/")))
    }
    new = ["score*", "upscore*", "scale_*", *(["fc6/*", "fc7/*"] if new_fc else [])]
    report = transplant(net.params, params, may_be_missing=new)
    layers = dict.fromkeys(address.rpartition("/")[0] for address in report.missing)
    note(
        f"weights of {file.name}: {len(report.loaded) + len(report.reshaped)} arrays; "
        f"new: {', '.join(layers) or 'none'}"
    )
    return Preprocess.from_dict(weights.attributes["preprocess"])
