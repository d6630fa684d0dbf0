"""Every kind of file that is read: how a small whole one is made, and what reads it."""

import json
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from helpers import weight_files
from helpers.data_files import SIZE, add_mat, add_pair, label_map, picture
from helpers.data_trees import SEMANTIC, sbd_map, sbd_struct
from helpers.nyud_files import make_nyud_labeled
from helpers.vgg_files import random_params
from PIL import Image

from minifcn.data.classes import read_classes
from minifcn.data.dataset import read_list
from minifcn.data.depth import read_depth
from minifcn.data.folder import FolderDataset
from minifcn.data.images import read_image
from minifcn.data.mat_labels import read_mat_label
from minifcn.data.nyud import NYUDDataset
from minifcn.data.palette import read_label, voc_palette
from minifcn.fetching.archives import extract
from minifcn.inference.model import load_model
from minifcn.models.build import ModelSpec
from minifcn.training.resuming import settings_of
from minifcn.training.run_files import describe
from minifcn.training.run_log import opened_log
from minifcn.training.settings import resolve
from minifcn.weights.checkpoint import load_checkpoint
from minifcn.weights.checksum import with_checksum
from minifcn.weights.importing.conversion import read_weights
from minifcn.weights.store import load_weights, save_weights

TRAILER_BYTES = 16  # of the checksum
TINY = ModelSpec("fcn8s", "vgg16", 3, 1 / 64)


class Format(NamedTuple):
    """A kind of file.

    Attributes
    ----------
    write : callable
        Writes a whole one, given its path.
    read : callable
        Reads it, given its path, and returns what it holds.
    file : str
        What it has to be called.
    exact : bool
        Whether a changed one must not be read as anything else than it was.
    mend : callable
        Makes the checksums of a damaged one right again, so that it is read beyond them.
    """

    write: Callable[[Path], Any]
    read: Callable[[Path], Any]
    file: str = "file"
    exact: bool = False
    mend: Callable[[bytes], bytes] = bytes


# ---------------------------------------------------------------------------------------------
# Weights
# ---------------------------------------------------------------------------------------------


def _weights(name: str, example: weight_files.Example) -> Format:
    exact = name.startswith("minifcn")
    if example.read is load_weights:
        return Format(example.write, lambda path: tuple(load_weights(path)), exact=exact)
    return Format(example.write, lambda path: example.read(path).arrays)


def _mended(content: bytes) -> bytes:
    """Return one of our files with the checksum of what it holds now."""
    return b"".join(with_checksum([content[:-TRAILER_BYTES]]))


def _write_net(path: Path) -> None:
    params = random_params(TINY)
    preprocess = {"order": "BGR", "mean": [1.0, 2.0, 3.0], "scale": 1.0}
    described = {**TINY.to_dict(), "preprocess": preprocess, "class_names": ["a", "b", "c"]}
    colours = voc_palette()[:3].tolist()
    save_weights(path, params, {"format_version": 1, "palette": colours, **described})


def _read_net(path: Path) -> Mapping[str, np.ndarray]:
    return load_model(path).net.params


def _write_names_only(path: Path) -> None:
    """Write the parameters of a net, which the file does not describe."""
    np.savez(path.with_suffix(".npz"), **random_params(TINY))
    path.with_suffix(".npz").replace(path)


# ---------------------------------------------------------------------------------------------
# Runs
# ---------------------------------------------------------------------------------------------

SETTINGS = resolve("shapes")


def _write_config(path: Path) -> None:
    path.write_text(json.dumps(describe(SETTINGS), indent=1))


def _read_config(path: Path) -> Any:
    return settings_of(path.parent, "shapes", {}, resume=True)


def _write_log(path: Path) -> None:
    lines = [{"number": n, "loss": 1 / n, "rate": 1e-3, "mean_iu": 0.25} for n in range(1, 9)]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def _read_log(path: Path) -> Any:
    with opened_log(path, 5, lambda text: None):
        pass
    return [json.loads(line)["number"] for line in path.read_bytes().splitlines()]


# ---------------------------------------------------------------------------------------------
# Images and label maps
# ---------------------------------------------------------------------------------------------


def _image(kind: str, mode: str = "RGB", **options: Any) -> Format:
    def write(path: Path) -> None:
        Image.fromarray(picture(0)).convert(mode).save(path, kind, **options)

    return Format(write, read_image)


def _label(kind: str, mode: str = "P", **options: Any) -> Format:
    def write(path: Path) -> None:
        image = Image.fromarray(label_map(1), "L") if mode == "L" else Image.fromarray(label_map(1))
        if mode == "P":
            image.putpalette(voc_palette().tobytes())
        if mode == "RGB":
            image = Image.fromarray(voc_palette()[label_map(1)])
        image.save(path, kind, **options)

    palette = voc_palette() if mode == "RGB" else None
    return Format(write, lambda path: read_label(path, palette))


def _mended_png(content: bytes) -> bytes:
    """Return a PNG whose chunks have the right checksums, as far as they can be told apart."""
    mended, place = bytearray(content), 8  # behind the signature
    while place + 12 <= len(content):
        end = place + 8 + int.from_bytes(content[place : place + 4], "big")
        if end + 4 > len(content):
            break
        mended[end : end + 4] = zlib.crc32(content[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(mended)


def _depth(kind: str) -> Format:
    depth = np.arange(1000, 1048, dtype=np.uint16).reshape(SIZE)
    return Format(lambda path: Image.fromarray(depth).save(path, kind), read_depth)


def _mat(variables: dict[str, Any], name: str, compressed: bool, values: range) -> Format:
    return Format(
        lambda path: add_mat(path, variables, compressed),
        lambda path: read_mat_label(path, name, values=values, size=SIZE),
    )


def _write_nyud(path: Path) -> None:
    make_nyud_labeled(path.parent)


def _read_nyud(path: Path) -> Any:
    sample = NYUDDataset("test", path.parent)[0]
    return {"image": sample.image, "depth": sample.extras["depth"], "label": sample.label}


# ---------------------------------------------------------------------------------------------
# Lists and classes
# ---------------------------------------------------------------------------------------------


def _write_class_json(path: Path) -> None:
    colours = [[0, 0, 0], [128, 0, 0], [0, 128, 0]]
    path.write_text(json.dumps({"classes": ["sky", "road"], "ignore": 2, "palette": colours}))


def _write_folder_list(path: Path) -> None:
    for name in ("a", "b1"):
        root = path.parent
        add_pair(root / "images" / f"{name}.png", root / "labels" / f"{name}.png")
    (path.parent / "classes.txt").write_text("sky\nroad\n")
    path.write_text("a\nimages/b1.png\n")


# ---------------------------------------------------------------------------------------------
# Archives
# ---------------------------------------------------------------------------------------------

MEMBERS = {"data/a.txt": b"a" * 100, "data/b/c.txt": bytes(range(256)), "data/list.txt": b"a\n"}


def _write_zip(method: int) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in MEMBERS.items():
                archive.writestr(name, content)

    return write


def _write_tar(mode: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        source = path.with_name("source")
        for name, content in MEMBERS.items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(content)
        (source / "data" / "link").symlink_to("a.txt")
        with tarfile.open(path, mode) as archive:
            archive.add(source / "data", "data")
        shutil.rmtree(source)

    return write


def _read_archive(path: Path) -> Any:
    target = path.with_name("extracted")
    try:
        extract(path, target)
        return sorted(str(found.relative_to(target)) for found in target.rglob("*"))
    finally:
        shutil.rmtree(target, ignore_errors=True)
        strays = [found.name for found in path.parent.iterdir() if found != path]
        assert not strays, f"an archive has left {strays} behind"


FORMATS: dict[str, Format] = {
    **{name: _weights(name, example) for name, example in weight_files.EXAMPLES.items()},
    "checkpoint": Format(
        weight_files.checkpoint, lambda path: tuple(load_checkpoint(path)), exact=True
    ),
    "net": Format(_write_net, _read_net, exact=True),
    "net, checksum mended": Format(_write_net, _read_net, mend=_mended),
    "checkpoint, checksum mended": Format(
        weight_files.checkpoint, lambda path: tuple(load_checkpoint(path)), mend=_mended
    ),
    "names of a net": Format(_write_names_only, lambda path: read_weights(path).params),
    "config.json": Format(_write_config, _read_config, "config.json"),
    "log.jsonl": Format(_write_log, _read_log, "log.jsonl"),
    "image PNG": _image("PNG"),
    "image PNG, palette": _image("PNG", "P"),
    "image PNG, checksums mended": _image("PNG", "P")._replace(mend=_mended_png),
    "image JPEG": _image("JPEG"),
    "image JPEG, progressive": _image("JPEG", progressive=True),
    "image TIFF": _image("TIFF"),
    "image GIF": _image("GIF", "P"),
    "image WebP": _image("WEBP", lossless=True),
    "image BMP": _image("BMP"),
    "image PPM": _image("PPM"),
    "image JPEG 2000": _image("JPEG2000"),
    "label map PNG": _label("PNG"),
    "label map PNG, checksums mended": _label("PNG")._replace(mend=_mended_png),
    "label map PNG, grey": _label("PNG", "L"),
    "label map PNG, colours": _label("PNG", "RGB"),
    "label map TIFF": _label("TIFF", "L"),
    "label map BMP": _label("BMP"),
    "label map GIF": _label("GIF"),
    "depth map PNG": _depth("PNG"),
    "depth map PNG, checksums mended": _depth("PNG")._replace(mend=_mended_png),
    "depth map TIFF": _depth("TIFF"),
    "label map MATLAB 5": _mat({"S": SEMANTIC * 1.0}, "S", False, range(34)),
    "label map MATLAB 5, compressed": _mat(
        {"GTcls": sbd_struct(sbd_map(3))}, "GTcls.Segmentation", True, range(21)
    ),
    "NYUD MATLAB 7.3": Format(_write_nyud, _read_nyud, "nyu_depth_v2_labeled.mat"),
    "classes.txt": Format(
        lambda path: path.write_text("sky\nroad # grey\nignore: 11\n"),
        lambda path: read_classes(path.parent),
        "classes.txt",
    ),
    "classes.json": Format(
        _write_class_json, lambda path: read_classes(path.parent), "classes.json"
    ),
    "list of a split": Format(
        lambda path: path.write_text("2007_000001\n2007_000002 1\n"),
        lambda path: read_list(path.parent, "train"),
        "train.txt",
    ),
    "list of a folder": Format(
        _write_folder_list, lambda path: FolderDataset("train", path.parent).ids, "train.txt"
    ),
    "zip": Format(_write_zip(zipfile.ZIP_DEFLATED), _read_archive),
    "zip, stored": Format(_write_zip(zipfile.ZIP_STORED), _read_archive),
    "tar": Format(_write_tar("w:"), _read_archive),
    "tar.gz": Format(_write_tar("w:gz"), _read_archive),
}
