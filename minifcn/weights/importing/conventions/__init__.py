"""What the arrays of other frameworks' weight files mean: a file for each way of naming them."""

from __future__ import annotations

from minifcn.weights.importing.conventions.caffe import interpret_caffe
from minifcn.weights.importing.conventions.interpretation import Interpretation
from minifcn.weights.importing.conventions.keras import interpret_keras
from minifcn.weights.importing.conventions.matconvnet import interpret_matconvnet
from minifcn.weights.importing.conventions.numpy_names import interpret_numpy
from minifcn.weights.importing.conventions.ours import interpret_ours, is_ours
from minifcn.weights.importing.conventions.torch import Colours, interpret_torch
from minifcn.weights.importing.formats.source import Source

__all__ = ["Colours", "Interpretation", "interpret"]


def interpret(
    source: Source, *, colours: Colours | None = None, flipped: bool | None = None
) -> Interpretation:
    """Return the parameters in a weight file, in our names and layouts.

    Parameters
    ----------
    colours : "torchvision" or "caffe", optional
        For torchvision's VGG16 and AlexNet, see `interpret_torch`.
    flipped : bool, optional
        For Keras' files, see `interpret_keras`.

    Raises
    ------
    WeightsError
        If the names are none of those that are known.
    """
    if is_ours(source):
        return interpret_ours(source)
    if source.framework == "caffe":
        return interpret_caffe(source)
    if source.framework == "keras":
        return interpret_keras(source, flipped)
    if source.framework == "matconvnet":
        return interpret_matconvnet(source)
    if source.framework == "numpy" and not any(n.endswith(".weight") for n in source.arrays):
        return interpret_numpy(source)
    return interpret_torch(source, colours)
