"""From a sample to what a net is given: one input or two, by what the net sees (section 5, NYUDv2).

    rgb        data: colour
    rgbd       data: colour and depth, four channels (early fusion)
    hha        data: horizontal disparity, height and angle, as three channels
    rgb-hha    data: colour, hha: the other (late fusion)

Depth enters as its logarithm minus a mean, as in the reference's nyud-fcn32s-color-d. HHA is not
turned into BGR; its mean is that of NYUDv2's training images, as the reference subtracts it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from minifcn.data.dataset import DataError
from minifcn.data.transforms import Preprocess
from minifcn.reference.data_sets import HHA_MEAN

LOG_DEPTH_MEAN = 7.844  # of millimetres
NEEDS = {"rgb": (), "rgbd": ("depth",), "hha": ("hha",), "rgb-hha": ("hha",)}


def hha_preprocess(colour: Preprocess) -> Preprocess:
    """Return the preprocessing of HHA in a net whose colours are scaled as given."""
    scale = colour.scale if isinstance(colour.scale, float) else 1.0
    return Preprocess("RGB", HHA_MEAN, scale)


def subtracting(mean: Sequence[float], preprocess: Preprocess, modality: str) -> Preprocess:
    """Return a preprocessing with another mean.

    Parameters
    ----------
    mean : three floats, 0..255
        Blue, green, red, whatever the order in the net; of a net that sees nothing but HHA
        disparity, height, angle.
    modality : str
        What the net sees.
    """
    first, second, third = mean
    if preprocess.order == "RGB" and modality != "hha":
        first, third = third, first
    return replace(preprocess, mean=(first, second, third))


def net_inputs(
    image: np.ndarray,
    extras: Mapping[str, np.ndarray],
    preprocess: Preprocess,
    modality: str = "rgb",
) -> dict[str, np.ndarray]:
    """Return the inputs of a net for one image.

    Parameters
    ----------
    image : uint8 array (H, W, 3), RGB
    extras : mapping of str to array
        "depth" (H, W), float, in metres, 0 or not a number where it is not known; "hha"
        (H, W, 3), uint8. Only what the modality needs.
    preprocess : Preprocess
        That of the net's weights: of colour, or of HHA in a net that sees nothing else.
    modality : "rgb", "rgbd", "hha" or "rgb-hha"

    Returns
    -------
    dict of input name to float32 array (C, H, W)

    Raises
    ------
    DataError
        If the image comes without something that the net sees.
    """
    missing = [name for name in NEEDS[modality] if name not in extras]
    if missing:
        raise DataError(
            f"the net sees {modality}, but the data come without {' and '.join(missing)}; "
            "shapes has it with --depth"
        )
    if modality == "hha":
        return {"data": preprocess(extras["hha"])}
    data = preprocess(image)
    if modality == "rgbd":
        data = np.concatenate([data, log_depth(extras["depth"])[None]])
    if modality == "rgb-hha":
        return {"data": data, "hha": hha_preprocess(preprocess)(extras["hha"])}
    return {"data": data}


def log_depth(depth: np.ndarray) -> np.ndarray:
    """Return the logarithm of depth in millimetres minus its mean; 0 where it is not known.

    Depth is float (H, W), in metres; the result is float32.
    """
    known = np.isfinite(depth) & (depth > 0)
    logarithm = np.log(1000 * np.where(known, depth, 1.0)) - LOG_DEPTH_MEAN
    return np.where(known, logarithm, 0.0).astype(np.float32)
