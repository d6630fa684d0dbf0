"""Small data sets in the two forms of NYUDv2: the authors' folders, NYU's MATLAB files."""

from pathlib import Path

import h5py
import numpy as np
from helpers.data_files import SIZE, add_mat, add_picture

SPLITS = {"train": ["5003", "5001"], "val": ["5002"], "test": ["5004", "5005"]}
IDS = ["5001", "5002", "5003", "5004", "5005"]
LABEL = np.arange(48).reshape(SIZE) % 41  # 0 = void, 1..40
MAPPING = np.arange(894) * 7 % 40 + 1  # class 1..40 of NYU's labels 1..894


def scene(sample_id: str, size: tuple[int, int] = SIZE) -> dict[str, np.ndarray]:
    """Return an image, depth in millimetres, HHA and NYU's labels, of noise."""
    rng = np.random.default_rng(int(sample_id))
    return {
        "images": rng.integers(0, 256, (*size, 3), np.uint8),
        "depth": rng.integers(500, 9000, size, np.uint16),
        "hha": rng.integers(0, 256, (*size, 3), np.uint8),
        "labels": rng.integers(0, 895, size, np.uint16),
    }


def make_nyud_folder(folder: Path) -> Path:
    """Make the authors' folders with the lists beside them; return the folder nyud."""
    root = folder / "nyud"
    for sample_id in IDS:
        for kind in ("images", "depth", "hha"):
            add_picture(root / "data" / kind / f"img_{sample_id}.png", scene(sample_id)[kind])
        add_mat(root / f"segmentation/img_{sample_id}.mat", {"segmentation": np.uint8(LABEL)})
    for split, ids in SPLITS.items():
        (root / f"{split}.txt").write_text("\n".join(ids) + "\n")
    return root


def make_nyud_labeled(folder: Path) -> Path:
    """Make NYU's files and Gupta et al.'s mapping; return nyu_depth_v2_labeled.mat."""
    scenes = [scene(sample_id) for sample_id in IDS]
    path = folder / "nyu_depth_v2_labeled.mat"
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, values in {
            "images": [one["images"] for one in scenes],
            "depths": [(one["depth"] / 1000).astype(np.float32) for one in scenes],
            "labels": [one["labels"] for one in scenes],
        }.items():
            stored = np.stack([value.T for value in values])  # the reverse of MATLAB's axes
            chunks = (2, *(min(3, length) for length in stored.shape[1:-1]), 4)
            file.create_dataset(name, data=stored, chunks=chunks, compression=3)
            file[name].attrs["MATLAB_class"] = np.bytes_(stored.dtype.name)
    header = b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\2IM"
    with path.open("r+b") as raw:
        raw.write(header)
    numbers = {"trainNdxs": [[1], [2], [3]], "testNdxs": [[4], [5]]}
    add_mat(folder / "splits.mat", {k: np.array(v, np.uint16) for k, v in numbers.items()})
    add_mat(folder / "classMapping40.mat", {"mapClass": MAPPING[None].astype(float)})
    return path
