"""NYUDv2: 1,449 indoor scenes with colour, depth and 40 classes; 795 to train, 654 to test.

Two forms are read: the folders that the paper's authors made (folder.py), and the one file
that New York University publishes (labeled.py). The ids are the same in both. Classes are
numbered from 0 here and void is 255.

Depth comes with each scene, without holes. HHA is read where it is stored; otherwise it is
computed (hha.py), when it is asked for: 0.2 s a scene.

Source: Silberman et al., ECCV 2012; Gupta et al., CVPR 2013; Long et al. 2015, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from minifcn.backend import IGNORE
from minifcn.data.dataset import DataError, Defaults, Sample, data_root, read_lines
from minifcn.data.hha import NYUD_CAMERA, DepthWithHHA
from minifcn.data.nyud.folder import NYUDFolder, find_nyud_folder
from minifcn.data.nyud.labeled import NYUDLabeled, find_nyud_labeled, ids_of_splits
from minifcn.data.palette import voc_palette

NYUD_CLASSES = (
    *("wall", "floor", "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf"),
    *("picture", "counter", "blinds", "desk", "shelves", "curtain", "dresser", "pillow", "mirror"),
    *("floor mat", "clothes", "ceiling", "books", "refridgerator", "television", "paper", "towel"),
    *("shower curtain", "box", "whiteboard", "person", "night stand", "toilet", "sink", "lamp"),
    *("bathtub", "bag", "otherstructure", "otherfurniture", "otherprop"),
)
# The camera of a whole frame, and of the part that Gupta et al. keep: the frame of the projected
# depth map has no data.
CAMERAS = {(480, 640): NYUD_CAMERA, (425, 560): NYUD_CAMERA.cropped(top=45, left=40)}

_ADVICE = (
    "point --data-dir or MINIFCN_DATA at the folder that holds it; `python -m minifcn.download "
    "nyud` fetches the authors' folders, nyud-labeled and nyud-splits NYU's own files"
)


class NYUDDataset:
    """NYUDv2 with 40 classes, "depth" and "hha"; a `Dataset`.

    Parameters
    ----------
    split : str
        "train" (381 scenes), "val" (414), "trainval" (both) or "test"; or a list of your own.
        NYU's splits.mat knows "trainval" and "test" only.
    data_dir : str or Path, optional
        The folder with data/images and the lists, or with nyu_depth_v2_labeled.mat, or the one
        that holds nyud. Default: $MINIFCN_DATA, ./data.

    Raises
    ------
    DataError
        If the data or the lists are not found; on reading, if a file is unusable.
    """

    name = "nyud"
    class_names = NYUD_CLASSES
    defaults = Defaults(
        pixels=640 * 480,
        images=8_000,
        batch_size=1,
        train_split="trainval",
        val_split="test",
        mean="reference",
    )
    image_path: Callable[[int], Path]  # only where images are files

    def __init__(self, split: str, data_dir: str | Path | None = None) -> None:
        folder = data_root(data_dir)
        self.split = split
        self.palette = np.roll(voc_palette(), -1, axis=0)  # by the stored values: black is void
        root, file = find_nyud_folder(folder), find_nyud_labeled(folder)
        self._source: NYUDFolder | NYUDLabeled
        if root is not None:
            self._source = scenes = NYUDFolder(root, len(NYUD_CLASSES))
            self.image_path = lambda index: scenes.image_path(self.ids[index])
        elif file is not None:
            self._source, root = NYUDLabeled(file, len(NYUD_CLASSES)), file.parent
        else:
            raise DataError(
                f"no NYUDv2 (data/images/img_<id>.png or nyu_depth_v2_labeled.mat) in {folder}; "
                f"{_ADVICE}"
            )
        self.ids = _ids(root, split)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        """Read sample `index`."""
        sample_id = self.ids[index]
        image, label, extras = self._source.read(sample_id)
        label = np.where(label > 0, label - 1, IGNORE).astype(np.uint8)
        camera = CAMERAS.get(label.shape)
        if "hha" in extras or "depth" not in extras or camera is None:
            return Sample(sample_id, image, label, extras)
        return Sample(sample_id, image, label, DepthWithHHA(extras["depth"], camera))


def _ids(root: Path, split: str) -> list[str]:
    """Return the ids of a split: by its list, by train's and val's, or by splits.mat."""
    lists = [root / f"{name}.txt" for name in ("train", "val")]
    splits = root / "splits.mat"
    if split != "trainval" or (root / "trainval.txt").is_file():
        lists = [root / f"{split}.txt"]
    if all(path.is_file() for path in lists):
        ids = [name for path in lists for name in read_lines(path)]
    elif split in ("trainval", "test") and splits.is_file():
        ids = ids_of_splits(splits, split)
    else:
        wanted = " and ".join(str(path) for path in lists)
        raise DataError(
            f"no {wanted} (one id a line, such as 5003); take the lists train.txt, val.txt and "
            "test.txt from the reference code's data/nyud; trainval and test are also in NYU's "
            "splits.mat, `python -m minifcn.download nyud-splits`"
        )
    if not ids:
        raise DataError(f"the list of {split} in {root} is empty; take it from its source again")
    return ids
