"""SBD, the Semantic Boundaries Dataset: VOC2011's images with label maps for all of them.

    benchmark_RELEASE/dataset/img/<id>.jpg
    benchmark_RELEASE/dataset/cls/<id>.mat      GTcls.Segmentation: 0..20, no border
    benchmark_RELEASE/dataset/inst/<id>.mat     instances, which nothing here reads
    benchmark_RELEASE/dataset/train.txt, val.txt

The paper trains on the 8,498 images of train.txt. Many of VOC's validation images are among them;
VOC's split "seg11valid" has those that are not (see voc.py), as "voc" with `sbd=True` has.

Source: Hariharan, Arbelaez, Bourdev, Maji, Malik: Semantic Contours from Inverse Detectors, 2011.
"""

from __future__ import annotations

from pathlib import Path

from minifcn.data.dataset import Defaults, Sample, data_root, read_list
from minifcn.data.images import read_image
from minifcn.data.palette import voc_palette
from minifcn.data.sbd_tree import find_sbd, sbd_image, sbd_label
from minifcn.data.voc import VOC_CLASSES


class SBDDataset:
    """SBD with VOC's 21 classes; a `Dataset`.

    Parameters
    ----------
    split : "train" or "val"
    data_dir : str or Path, optional
        benchmark_RELEASE, the folder it lies in, or its folder dataset. Default: $MINIFCN_DATA,
        ./data.

    Raises
    ------
    DataError
        If the folders or the list are not found; on reading, if a file is unusable.
    """

    name = "sbd"
    class_names = VOC_CLASSES
    defaults = Defaults(pixels=500 * 375, images=20_000)

    def __init__(self, split: str, data_dir: str | Path | None = None) -> None:
        self.split = split
        self.root = find_sbd(data_root(data_dir))
        self.palette = voc_palette()
        self.ids = read_list(self.root, split)

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.ids)

    def __getitem__(self, index: int) -> Sample:
        """Read sample `index`."""
        sample_id = self.ids[index]
        image = read_image(self.image_path(index))
        return Sample(sample_id, image, sbd_label(self.root, sample_id, image.shape[:2]))

    def image_path(self, index: int) -> Path:
        """Return the file of an image."""
        return sbd_image(self.root, self.ids[index])
