"""Segment images: `python -m minifcn.predict RUN_OR_WEIGHTS IMAGE... -o DIR`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from minifcn.backend import device_module, set_threads, to_host
from minifcn.data.dataset import DataError
from minifcn.data.images import read_image
from minifcn.data.palette import voc_palette, write_palette_png
from minifcn.inference import segment_all
from minifcn.model import load_model
from minifcn.pictures import overlay, save_png, with_legend
from minifcn.train import EXPECTED_ERRORS

DESCRIPTION = """\
Segment images of any size and kind, and write for each

  NAME.png          the class of each pixel, as a palette PNG (open it and see colours; read it
                    as indices and get classes)
  NAME_overlay.png  the image under the colours, with a legend

  python -m minifcn.predict runs/shapes-fcn8s photo.jpg scan.tif -o predictions
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = argparse.ArgumentParser(
        prog="python -m minifcn.predict",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    result.add_argument("model", metavar="RUN_OR_WEIGHTS", help="a run's folder or a weight file")
    result.add_argument("images", metavar="IMAGE", nargs="+", type=Path)
    result.add_argument("-o", "--out", metavar="DIR", type=Path, default=Path("predictions"))
    result.add_argument("--device", choices=["cpu", "gpu", "auto"], default="auto")
    result.add_argument("--threads", type=int, default=0, metavar="N", help="0: as many as allowed")
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 1 if any image could not be segmented."""
    args = parser().parse_args(argv)
    set_threads(args.threads)
    failed = 0
    try:
        xp = device_module(args.device)
        model = load_model(args.model, xp)
    except EXPECTED_ERRORS as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    palette = voc_palette()
    palette[: len(model.palette)] = model.palette
    stems = unique_stems(args.images)
    for path, stem in zip(tqdm(args.images, unit="image", leave=False), stems, strict=True):
        try:
            image = read_image(path)
        except DataError as error:
            tqdm.write(f"error: {error}", file=sys.stderr)
            failed += 1
            continue
        for head, array in segment_all(model, image, xp).items():
            label, name = to_host(array).astype(np.uint8), "_".join(filter(None, (stem, head)))
            names = model.extra_classes[head] if head else model.class_names
            colours = voc_palette() if head else palette
            write_palette_png(args.out / f"{name}.png", label, colours)
            picture = overlay(image, label, colours)
            picture = with_legend(picture, names, colours, np.unique(label))
            save_png(args.out / f"{name}_overlay.png", picture)
            tqdm.write(f"{path} -> {args.out / name}.png: {describe(label, names)}")
    return 1 if failed else 0


def describe(label: np.ndarray, class_names: Sequence[str]) -> str:
    """Return the share of each class in a label map, the largest first."""
    shares = np.bincount(label.ravel(), minlength=len(class_names)) / label.size
    order = [c for c in np.argsort(-shares) if shares[c] > 0]
    return ", ".join(f"{class_names[c]} {shares[c]:.1%}" for c in order)


def unique_stems(paths: Sequence[Path]) -> list[str]:
    """Return a file name stem for each path, numbered where two paths have the same."""
    seen: dict[str, int] = {}
    stems = []
    for path in paths:
        count = seen[path.stem] = seen.get(path.stem, 0) + 1
        stems.append(path.stem if count == 1 else f"{path.stem}_{count}")
    return stems


if __name__ == "__main__":
    sys.exit(main())
