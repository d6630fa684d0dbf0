"""What a run starts from: its data, its net, and the weights the net begins with."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import minifcn
from minifcn.data import open_dataset
from minifcn.data.checks import check_labels, shared_images
from minifcn.data.dataset import Dataset
from minifcn.data.inputs import hha_preprocess, net_inputs, subtracting
from minifcn.data.transforms import Preprocess
from minifcn.inference.model import Model, find_weights
from minifcn.models.build import STREAMS, ModelSpec, base_net, build, initialise
from minifcn.net import Net
from minifcn.system.resources import shipped_weights
from minifcn.training.settings import Settings, SettingsError
from minifcn.weights.store import load_weights, read_attributes
from minifcn.weights.surgery import duplicated, transplant, widened

# What random weights are trained with: BGR as the paper's nets, brought to about unit variance.
FRESH_PREPROCESS = Preprocess("BGR", (104.00698793, 116.66876762, 122.67891434), 1 / 64)

MAIN_HEAD = "sem"  # the first head of a net with several
SETTLED_ON = 8  # images that new fully connected layers are scaled by
LABELS_CHECKED = 16  # label maps of each split that are looked at before training starts


def open_splits(settings: Settings) -> tuple[Dataset, Dataset]:
    """Return the training and validation data.

    Refused are images that are in both, and label maps that do not fit (a few of them are looked
    at here; the others when their turn comes).
    """
    train_data, val_data = (
        open_dataset(settings.dataset, split, data_dir=settings.data_dir, **settings.data_options)
        for split in (settings.train_split, settings.val_split)
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
    extra_classes = getattr(dataset, "extra_classes", {})
    heads = {MAIN_HEAD: dataset.class_names, **extra_classes}
    classes = {head: len(names) for head, names in heads.items()}
    spec = settings.spec(len(dataset.class_names), classes if extra_classes else None)
    net = build(
        spec,
        normalization=settings.normalization,
        learn_upsampling=settings.learn_upsampling,
    )
    initialise(net, settings.seed)
    preprocess = FRESH_PREPROCESS
    new: list[str] = []
    if settings.modality == "hha":
        preprocess = hha_preprocess(FRESH_PREPROCESS)
    if settings.weights != "none":
        preprocess, new = start_from(net, spec, settings.weights, note, settings.weights_hha)
    if not isinstance(settings.mean, str):
        preprocess = subtracting(settings.mean, preprocess, spec.modality)
    fully_connected = [layer for layer in new if layer.startswith(("fc6", "fc7"))]
    if fully_connected:
        samples = [dataset[index] for index in range(min(SETTLED_ON, len(dataset)))]
        images = [net_inputs(s.image, s.extras, preprocess, spec.modality) for s in samples]
        settle(net, fully_connected, images)
    palette = np.asarray(dataset.palette)[: len(dataset.class_names)].tolist()
    return Model(net, spec, preprocess, tuple(dataset.class_names), palette, dict(extra_classes))


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


def start_from(
    net: Net,
    spec: ModelSpec,
    source: str,
    note: Callable[[str], None],
    source_hha: str | None = None,
) -> tuple[Preprocess, list[str]]:
    """Copy the weights of a classifier or of another FCN into the net.

    Only the score layers may be new, and fc6 and fc7 where the file has none of that size; only a
    classifier's last layer, the upsampling and score layers for other classes may be left over: a
    backbone that is not transplanted would train from nothing without a word.

    A net that sees depth starts from one that saw colour (section 5): the first convolution is
    widened, or HHA is taken as if it were colour. Both streams of late fusion start from one file,
    or each from its own.

    Parameters
    ----------
    net : Net
        Changed in place.
    spec : ModelSpec
    source : str
        A weight file, a run, or "shipped".
    note : callable
        Told what was taken and what is new.
    source_hha : str, optional
        For the HHA stream of late fusion.

    Returns
    -------
    preprocess : Preprocess
        That of the weights.
    new : list of str
        The layers that nothing was copied into.

    Raises
    ------
    SettingsError
        If the weights are those of another net.
    WeightsError
        If a file is damaged, or something is missing or left over.
    """
    params, preprocess = carried(spec, source)
    if spec.modality == "rgb-hha" and not any("color/" in address for address in params):
        hha = carried(spec, source_hha)[0] if source_hha else params
        color, depth = STREAMS
        params = {**duplicated(params, [color]), **duplicated(hha, [depth])}
    first = next(iter(net.params))
    if spec.modality == "rgbd" and first in params:
        params[first] = widened(params[first], net.params[first].shape[1])
    kept = {
        address: array
        for address, array in params.items()
        if address in net.params or not address.startswith("upscore")
    }
    new = ["score*", "upscore*", "scale_*"]
    if not any(address.startswith("fc6") for address in kept):
        new += ["fc6*", "fc7*"]
    report = transplant(net.params, kept, may_be_missing=new)
    layers = list(dict.fromkeys(address.rpartition("/")[0] for address in report.missing))
    note(
        f"weights of {source}: {len(report.loaded) + len(report.reshaped)} arrays; "
        f"new: {', '.join(layers) or 'none'}"
    )
    return preprocess, layers


def settle(net: Net, layers: Sequence[str], images: Sequence[Mapping[str, np.ndarray]]) -> None:
    """Give each output of new layers zero mean and unit variance over some images.

    Features of ImageNet's nets are rectified and some tens to hundreds in size. Random sums of
    them are large and hardly differ from pixel to pixel: a score layer on them learns how frequent
    the classes are and nothing else, or diverges.

    Parameters
    ----------
    net : Net
        Changed in place.
    layers : sequence of str
        Convolutions, in the order of execution.
    images : sequence of mappings of str to array (C, H, W)
        The inputs of some images.

    Source
    ------
    Krähenbühl et al.: Data-dependent initializations of convolutional neural networks, ICLR 2016.
    """
    for name in layers:
        outputs = []
        for inputs in images:
            batch = {blob: array[None] for blob, array in inputs.items()}
            outputs.append(net.forward(batch, outputs=[name])[0][name][0])
        pixels = np.concatenate([y.reshape(len(y), -1) for y in outputs], axis=1)  # (C, pixels)
        deviation = np.maximum(pixels.std(axis=1), 1e-6)
        params = net.layer(name).params
        params["weight"] /= deviation[:, None, None, None]
        params["bias"][:] = (params["bias"] - pixels.mean(axis=1)) / deviation


def carried(spec: ModelSpec, source: str) -> tuple[dict[str, np.ndarray], Preprocess]:
    """Return the parameters of a weight file that a net can start with, and its preprocessing."""
    file = shipped_weights("vgg16-shapes") if source == "shipped" else find_weights(Path(source))
    weights = load_weights(file)
    theirs = ModelSpec.from_dict(weights.attributes)
    if (theirs.backbone, theirs.width) != (spec.backbone, spec.width):
        raise SettingsError(
            f"{file.name} holds a {theirs.backbone} of width {theirs.width:g}, the net is a "
            f"{spec.backbone} of width {spec.width:g}; give --width {theirs.width:g}, other "
            "--weights, or --weights none to start from random ones"
        )
    if theirs.modality != spec.modality and not (
        theirs.modality == "rgb" or (theirs.modality, spec.modality) == ("hha", "rgb-hha")
    ):
        raise SettingsError(
            f"{file.name} holds a net that sees {theirs.modality}; one that sees {spec.modality} "
            "cannot start from it: give the weights of a net that sees colour"
        )
    dropped = [f"{base_net(theirs.backbone).last_layer}/"]
    classes = (theirs.num_classes, theirs.heads), (spec.num_classes, spec.heads)
    if classes[0] != classes[1] or theirs.arch == "classifier":
        dropped += ["score", "upscore"]
    if theirs.fc_channels != spec.fc_channels:
        dropped += ["fc6", "fc7"]
    params = {a: p for a, p in weights.params.items() if not a.startswith(tuple(dropped))}
    preprocess = Preprocess.from_dict(weights.attributes["preprocess"])
    if spec.modality == "hha" and theirs.modality == "rgb":
        preprocess = hha_preprocess(preprocess)
    return params, preprocess


def describe(settings: Settings) -> dict[str, Any]:
    """Return what `config.json` holds: the settings, the command, the versions, the date."""
    return {
        "settings": settings.to_dict(),
        "command": sys.argv,
        "versions": {
            "minifcn": minifcn.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
