"""Depth maps: reading them, filling their holes.

Depth is the distance from the camera's plane (not from its centre) in metres, float32; 0, what is
negative and what is no finite number are holes, where the sensor saw nothing. Nets are given its
logarithm (`inputs.log_depth`), which has no value at holes; HHA needs neighbours everywhere.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minifcn.data.dataset import DataError
from minifcn.data.images import load_image
from minifcn.system.extras import optional


def read_depth(path: str | Path, per_metre: float = 1000.0) -> np.ndarray:
    """Read a depth map from a PNG or TIFF of 16 (or 32) bits.

    Parameters
    ----------
    per_metre : float
        What a metre is in the file: 1000 in millimetres.

    Returns
    -------
    depth : ndarray (H, W), float32, metres
        Holes are 0.

    Raises
    ------
    DataError
        If the file cannot be decoded or has colours or 8 bits, or nothing but holes.
    """
    picture = load_image(path, "depth map")
    if not picture.mode.startswith("I"):
        raise DataError(
            f"depth map {path} has pixels of mode {picture.mode}; it must have one channel of 16 "
            "bits, such as millimetres"
        )
    depth = (np.maximum(np.asarray(picture), 0) / per_metre).astype(np.float32)
    if not depth.any():
        raise DataError(f"depth map {path} is 0 everywhere; copy or extract it again")
    return depth


def fill_holes(depth: np.ndarray) -> np.ndarray:
    """Give each pixel without a depth that of the nearest pixel that has one, in a map (H, W).

    The authors used maps that were filled by colourisation (Silberman et al. 2012), which also
    looks at the image; those of NYUDv2 come filled, and pass through here as they are.

    Raises
    ------
    DataError
        If there is no depth at all.
    """
    known = np.isfinite(depth) & (depth > 0)
    if known.all():
        return depth
    if not known.any():
        raise DataError("a depth map must have a positive depth somewhere, this one has holes only")
    ndimage = optional("scipy.ndimage", "depth")
    nearest = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    return depth[tuple(nearest)]
