"""From a depth map to points and surface normals, by a pinhole camera.

Pixel (i, j) looks along the ray r = (x, y, 1), x = (j - cx) / fx, y = (i - cy) / fy; x points to
the right, y down, z into the scene. Its point is depth * r.

A plane n . p = 1 has the inverse depth 1 / depth = n . r, which is linear in x and y: so fitting
a plane is linear regression of the inverse depth on the pixel, and its weights suit a sensor that
measures disparity. Source: Gupta, Arbelaez, Malik: Perceptual Organization and Recognition of
Indoor Scenes from RGB-D Images, CVPR 2013; Gupta, Girshick, Arbelaez, Malik: Learning Rich
Features from RGB-D Images, ECCV 2014, section 2.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from minifcn.system.extras import optional


class Camera(NamedTuple):
    """A pinhole camera; all in pixels, counted from 0 at the centre of the top left pixel."""

    fx: float  # focal length, horizontal
    fy: float  # and vertical
    cx: float  # column of the optical axis
    cy: float  # and row

    def cropped(self, top: int, left: int) -> Camera:
        """Return the camera of a picture whose first rows and columns are cut off."""
        return self._replace(cx=self.cx - left, cy=self.cy - top)

    def rays(self, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Return x (1, W) and y (H, 1) of the rays of all pixels."""
        x = (np.arange(width)[None, :] - self.cx) / self.fx
        y = (np.arange(height)[:, None] - self.cy) / self.fy
        return x, y


def points(depth: np.ndarray, camera: Camera) -> np.ndarray:
    """Return the points (H, W, 3) that a depth map (H, W) shows, in its unit."""
    x, y = camera.rays(*depth.shape)
    return np.stack([x * depth, y * depth, depth], axis=-1)


def surface_normals(depth: np.ndarray, camera: Camera, radius: int) -> np.ndarray:
    """Return the normals of the planes that fit the surroundings of each pixel best.

    b[i, j] = slope_x * x + slope_y * y + rest,   least squares over |di|, |dj| <= radius,

    with b = 1 / depth. Over a rectangle of pixels x and y are uncorrelated, which leaves two
    separate regressions: slope_x = cov(x, b) / var(x).

    Parameters
    ----------
    depth : float array (H, W)
        Positive and finite, H and W at least 2.
    radius : int
        At least 1: a square of 2 * radius + 1 pixels, cut off at the border of the picture.

    Returns
    -------
    float64 array (H, W, 3)
        Of length 1, away from the camera: (0, 1, 0) on a floor, (0, 0, 1) on a wall in front.

    Cost
    ----
    Independent of the radius.
    """
    x, y = camera.rays(*depth.shape)
    b = 1 / depth.astype(np.float64)
    mean_x, mean_y, mean_b = (box_mean(values, radius) for values in (x, y, b))
    slope_x = (box_mean(x * b, radius) - mean_x * mean_b) / (box_mean(x * x, radius) - mean_x**2)
    slope_y = (box_mean(y * b, radius) - mean_y * mean_b) / (box_mean(y * y, radius) - mean_y**2)
    normals = np.stack([slope_x, slope_y, mean_b - slope_x * mean_x - slope_y * mean_y], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    towards = x * normals[..., 0] + y * normals[..., 1] + normals[..., 2] < 0  # the ray's side
    normals[towards] *= -1
    return normals


def box_mean(values: np.ndarray, radius: int) -> np.ndarray:
    """Return the mean of a map (H, W) over the square around each pixel, as far as it is inside."""
    mean = partial(
        optional("scipy.ndimage", "depth").uniform_filter, size=2 * radius + 1, mode="constant"
    )
    return mean(values) / mean(np.ones_like(values))  # by the share that is inside
