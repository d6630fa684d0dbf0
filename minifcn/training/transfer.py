"""The weights that a net starts from: those of a classifier, or of another FCN (section 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data.inputs import hha_preprocess
from minifcn.data.transforms import Preprocess
from minifcn.inference.model import find_weights
from minifcn.models.build import STREAMS, ModelSpec, base_net
from minifcn.net import Net
from minifcn.system.records import SettingsError
from minifcn.system.resources import shipped_weights
from minifcn.weights.store import load_weights, read_attributes
from minifcn.weights.surgery import duplicated, transplant, widened


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
    names = ("backbone", "width", "fc_channels", "fc_kernel")
    followed = {name: attributes.get(name) for name in names}
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


def carried(spec: ModelSpec, source: str) -> tuple[dict[str, np.ndarray], Preprocess]:
    """Return the parameters of a weight file that a net can start with, and its preprocessing."""
    file = shipped_weights("vgg16-shapes") if source == "shipped" else find_weights(Path(source))
    weights = load_weights(file)
    theirs = ModelSpec.from_dict(weights.attributes)
    if (theirs.backbone, theirs.width) != (spec.backbone, spec.width):
        fitting = {
            f"--backbone {theirs.backbone}": theirs.backbone != spec.backbone,
            f"--width {theirs.width:g}": theirs.width != spec.width,
        }
        options = " ".join(option for option, differs in fitting.items() if differs)
        raise SettingsError(
            f"{file.name} holds a {theirs.backbone} of width {theirs.width:g}, the net is a "
            f"{spec.backbone} of width {spec.width:g}; give {options}, other --weights, or "
            "--weights none to start from random ones"
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
    if (theirs.fc_channels, theirs.fc_kernel) != (spec.fc_channels, spec.fc_kernel):
        dropped += ["fc6", "fc7", "score_fr"]  # which reads fc7
    params = {a: p for a, p in weights.params.items() if not a.startswith(tuple(dropped))}
    preprocess = Preprocess.from_dict(weights.attributes["preprocess"])
    if spec.modality == "hha" and theirs.modality == "rgb":
        preprocess = hha_preprocess(preprocess)
    return params, preprocess


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
