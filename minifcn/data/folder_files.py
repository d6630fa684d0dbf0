"""Which files of a folder of one's own are images and which are label maps, matched by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from minifcn.data.dataset import DataError, some

LABEL_SUFFIXES = (".png", ".bmp", ".gif", ".tif", ".tiff")  # the lossless ones
LOSSY_SUFFIXES = (".jpg", ".jpeg")
IMAGE_SUFFIXES = (*LOSSY_SUFFIXES, *LABEL_SUFFIXES, ".jp2", ".mpo", ".pgm", ".ppm", ".webp")

Files = dict[str, Path]  # name -> file


def _files(folder: Path, suffixes: tuple[str, ...]) -> Files:
    """Return the files of a folder by stem, in order of name; other kinds of file are passed by."""
    if not folder.is_dir():
        raise DataError(f"{folder} does not exist, although there is such a folder of images")
    found: Files = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in suffixes or path.name.startswith("."):
            continue
        if path.stem in found:
            raise DataError(
                f"{found[path.stem]} and {path.name} have the same name; remove or rename one"
            )
        found[path.stem] = path
    return found


def image_files(folder: Path) -> Files:
    """Return the images of a folder by name."""
    found = _files(folder, IMAGE_SUFFIXES)
    if not found:
        raise DataError(f"{folder} has no images, which are files like {' '.join(IMAGE_SUFFIXES)}")
    return found


def label_files(folder: Path, suffix: str, images: Collection[str]) -> Files:
    """Return the label maps of a folder by the names of their images, which have no such suffix."""
    found = _files(folder, LABEL_SUFFIXES)
    lossy = [name for name in _files(folder, LOSSY_SUFFIXES) if name not in found]
    if lossy and (not found or any(name.removesuffix(suffix) in images for name in lossy)):
        raise DataError(
            f"{len(lossy)} .jpg found in {folder}: JPEG destroys class indices; save the label "
            "maps as PNG"
        )
    if not found:
        raise DataError(f"{folder} has no label maps, files like {' '.join(LABEL_SUFFIXES)}")
    named = {
        name.removesuffix(suffix): path for name, path in found.items() if name.endswith(suffix)
    }
    if not named:
        raise DataError(
            f"{folder} has no label map whose name ends in {suffix!r}, only {some(list(found))}: "
            "correct --label-suffix"
        )
    return named


def missing_folder(folder: Path) -> str:
    """Say that the folder of images or of label maps is not there, and what to do."""
    beside = folder.with_name("images")
    names = set(_files(beside, IMAGE_SUFFIXES)) if beside.is_dir() else set()
    maps = {name for name in names if any(name[:cut] in names for cut in range(1, len(name)))}
    end = common_end(maps, names - maps)
    if end:
        return (
            f"{folder} does not exist, and {beside} holds label maps beside the images (*{end}): "
            f"move them to labels/ and give --label-suffix {end}"
        )
    return (
        f"{folder} does not exist; --data-dir (or MINIFCN_DATA) must be a folder with images/, "
        "labels/ and classes.txt"
    )


def common_end(labels: Collection[str], images: Collection[str]) -> str:
    """Return what most label maps have at their end after the name of an image; "" if few do."""
    ends: Counter[str] = Counter()
    for label in labels:
        cuts = (cut for cut in range(len(label) - 1, 0, -1) if label[:cut] in images)
        ends.update(label[cut:] for cut in list(cuts)[:1])
    end, count = max(ends.items(), key=lambda item: item[1], default=("", 0))
    return end if 2 * count > len(labels) else ""


def refuse_unmatched(root: Path, images: Files, labels: Files) -> None:
    """Refuse images without a label map, and label maps without an image."""
    bare = [name for name in images if name not in labels]
    lone = [name for name in labels if name not in images]
    end = common_end(lone, bare)
    if end:
        example = next(name for name in lone if name.endswith(end))
        raise DataError(
            f"{root}: the label maps are called as the images with {end!r} at the end "
            f"({labels[example].name} for {example.removesuffix(end)}): give --label-suffix {end}"
        )
    found = []
    if bare:
        found.append(f"{len(bare)} of {len(images)} images have no label map ({some(bare)})")
    if lone:
        found.append(f"{len(lone)} of {len(labels)} label maps have no image ({some(lone)})")
    if found:
        raise DataError(
            f"{root}: {', '.join(found)} of the same name; add or remove the files, or list the "
            "names to use in train.txt and val.txt"
        )
