"""NYUDv2 as the paper's authors laid it out: an image, a depth map, HHA and labels as files.

    data/images/img_<id>.png
    data/depth/img_<id>.png           16 bits, millimetres, holes filled
    data/hha/img_<id>.png             disparity, height, angle
    segmentation/img_<id>.mat         segmentation: 0 = void, 1..40
    train.txt, val.txt, test.txt      one id a line, 5001..6449: 5000 + NYU's own number

The folders may also lie together, all in data/ or all beside the lists. Depth and HHA may be
missing.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from minifcn.data.dataset import DataError
from minifcn.data.depth import fill_holes, read_depth
from minifcn.data.images import read_image
from minifcn.data.mat_labels import read_mat_label

_PLACES = ("", "nyud", "nyud/nyud", "NYUDv2")


class NYUDFolder:
    """The authors' folders; reads what is stored for an id.

    Parameters
    ----------
    root : Path
        As `find_nyud_folder` gives it.
    """

    def __init__(self, root: Path, num_classes: int) -> None:
        self.root = root
        self._values = range(num_classes + 1)
        self._folders = {
            kind: _kind(root, kind) for kind in ("images", "depth", "hha", "segmentation")
        }
        if self._folders["segmentation"] is None:
            raise DataError(
                f"{root} has images of NYUDv2 but no folder segmentation (img_<id>.mat); extract "
                "the archive again"
            )

    def image_path(self, sample_id: str) -> Path:
        """Return the file of an image."""
        return self._file("images", sample_id)

    def read(self, sample_id: str) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Read one scene.

        Returns
        -------
        image : ndarray (H, W, 3), uint8, RGB
        label : ndarray (H, W), int16; 0 = void, 1..num_classes
        extras : dict
            "depth" (H, W), float32, metres, without holes, and "hha" (H, W, 3), uint8, as far
            as there are folders of them.

        Raises
        ------
        DataError
            If a file is missing, damaged, or of another size than the image.
        """
        image = read_image(self._file("images", sample_id))
        size = image.shape[:2]
        label = read_mat_label(
            self._file("segmentation", sample_id, "mat"),
            "segmentation",
            values=self._values,
            size=size,
        )
        extras = {}
        if self._folders["depth"] is not None:
            path = self._file("depth", sample_id)
            extras["depth"] = _of_size(fill_holes(read_depth(path)), size, path)
        if self._folders["hha"] is not None:
            path = self._file("hha", sample_id)
            extras["hha"] = _of_size(read_image(path), size, path)
        return image, label, extras

    def _file(self, kind: str, sample_id: str, suffix: str = "png") -> Path:
        return (self._folders[kind] or self.root) / f"img_{sample_id}.{suffix}"


def find_nyud_folder(folder: Path) -> Path | None:
    """Return the folder with the lists and the images at or below `folder`, None if none is."""
    places = (folder / place for place in _PLACES)
    return next((place for place in places if _kind(place, "images") is not None), None)


def _kind(root: Path, kind: str) -> Path | None:
    """Return the folder of one kind of files."""
    for folder in (root / "data" / kind, root / kind):
        if folder.is_dir() and any(folder.glob("img_*")):
            return folder
    return None


def _of_size(array: np.ndarray, size: tuple[int, ...], path: Path) -> np.ndarray:
    if array.shape[:2] != size:
        raise DataError(
            f"{path} is {array.shape[1]} x {array.shape[0]} pixels but its image is "
            f"{size[1]} x {size[0]}; extract both from the same archive again"
        )
    return array
