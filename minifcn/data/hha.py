"""HHA: depth as three channels that a net pretrained on colour can make something of.

    horizontal disparity    31000 / depth in centimetres, of which less than 100 count as 100
    height above ground     in centimetres, from the lowest point
    angle with gravity      of the surface's normal, in degrees, plus 38: floor 38, wall 128,
                            ceiling 218

each rounded and clipped to 0..255. Which way is down is estimated from the normals alone.

On a real depth map all but 8 of 921,600 numbers equal those of the authors' MATLAB program
(rcnn-depth, saveHHA), and these differ by 1: it takes the *filled* depth map for all steps and
counts pixels from 1, as does the calibration that NYUDv2 comes with.

Source: Gupta, Girshick, Arbelaez, Malik: Learning Rich Features from RGB-D Images for Object
Detection and Segmentation, ECCV 2014, section 2; gravity: Gupta, Arbelaez, Malik, CVPR 2013.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from minifcn.data.depth import fill_holes
from minifcn.data.normals import Camera, points, surface_normals

# NYUDv2's colour camera, on which its depth maps are projected; its centre was counted from 1.
NYUD_CAMERA = Camera(518.857901, 519.469611, 325.582449 - 1, 253.736166 - 1)

NORMAL_RADIUS = 3  # pixels around each that its angle is of
GRAVITY_RADIUS = 10
THRESHOLDS = (45.0, 15.0)  # degrees
ITERATIONS = 5  # with each threshold
DISPARITY = 31000.0  # times 1 / cm
NEAREST = 100.0  # cm
ANGLE_OF_FLOOR = 128.0 - 90.0
# If nothing lies this far below the camera no floor is seen; the camera is taken to be held at
# the second height.
LEAST_CAMERA_HEIGHT, USUAL_CAMERA_HEIGHT = 90.0, 130.0  # cm


def encode_hha(depth: np.ndarray, camera: Camera = NYUD_CAMERA) -> np.ndarray:
    """Compute HHA from a depth map.

    Parameters
    ----------
    depth : float array (H, W), metres
        Distances from the camera's plane; holes (0 or not finite) are filled from their
        neighbours. H and W at least 2.

    Returns
    -------
    ndarray (H, W, 3), uint8
        Disparity, height, angle.

    Raises
    ------
    DataError
        If there is no depth at all.
    ValueError
        If it is no map of at least 2 x 2 pixels.
    """
    if depth.ndim != 2 or min(depth.shape) < 2:
        raise ValueError(f"depth must be a map of at least 2 x 2 pixels, not of {depth.shape}")
    centimetres = 100 * fill_holes(depth).astype(np.float64)
    down = estimate_gravity(surface_normals(centimetres, camera, GRAVITY_RADIUS))
    normals = surface_normals(centimetres, camera, NORMAL_RADIUS)
    height = -points(centimetres, camera) @ down
    lowest = height.min()
    ground = lowest if lowest <= -LEAST_CAMERA_HEIGHT else -USUAL_CAMERA_HEIGHT
    channels = (
        DISPARITY / np.maximum(centimetres, NEAREST),
        height - ground,
        np.degrees(np.arccos(np.clip(normals @ down, -1, 1))) + ANGLE_OF_FLOOR,
    )
    return np.clip(np.floor(np.stack(channels, axis=-1) + 0.5), 0, 255).astype(np.uint8)


class DepthWithHHA(Mapping[str, np.ndarray]):
    """The extras "depth" and "hha" of a sample; HHA is computed whenever it is looked up."""

    def __init__(self, depth: np.ndarray, camera: Camera) -> None:
        self._depth = depth
        self._camera = camera

    def __getitem__(self, name: str) -> np.ndarray:
        if name == "hha":
            return encode_hha(self._depth, self._camera)
        return {"depth": self._depth}[name]

    def __contains__(self, name: object) -> bool:  # the default looks the value up
        return name in ("depth", "hha")

    def __iter__(self) -> Iterator[str]:
        return iter(("depth", "hha"))

    def __len__(self) -> int:
        return 2


def estimate_gravity(normals: np.ndarray) -> np.ndarray:
    """Estimate which way is down in a scene of floors, ceilings, walls and furniture.

    Surfaces whose normals are within a threshold of the present direction g count as level, those
    as near to a right angle with it as upright, and the next g is the direction of length 1 with

        sum over upright (n . g)^2 - sum over level (n . g)^2   the least,

    the eigenvector of the smallest eigenvalue of a symmetric 3 x 3 matrix. At first g points down
    in the picture, and the threshold is wide.

    Parameters
    ----------
    normals : float array (..., 3), of length 1

    Returns
    -------
    float64 array (3,), of length 1
        Down, within a right angle of (0, 1, 0).

    Notes
    -----
    Where the normals leave several directions equally good, as one wall seen from the front does,
    the nearest to the present one is taken; the MATLAB program takes any.
    """
    normals = normals.reshape(-1, 3)
    down = np.array([0.0, 1.0, 0.0])
    for threshold in THRESHOLDS:
        for _ in range(ITERATIONS):
            cosines = np.abs(normals @ down)
            level = normals[cosines > np.cos(np.radians(threshold))]
            upright = normals[cosines < np.sin(np.radians(threshold))]
            scatter = upright.T @ upright - level.T @ level
            tie = 1e-9 * len(normals) * np.outer(down, down)
            least = np.linalg.eigh(scatter - tie)[1][:, 0]
            down = least if least @ down >= 0 else -least
    return down
