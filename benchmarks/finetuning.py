r"""Compare trained nets on a data set: a table of their figures and a picture of their label maps.

    python benchmarks/finetuning.py voc runs/googlenet/fcn32s runs/googlenet/fcn8s \\
        --data-dir VOCdevkit --pictured 2007_000032 2007_000129 -o finetuning.png

Means are over the classes that occur in the data set's split, and, if --classes says so, over some
of them. The picture has label maps only, the truth first; a photograph may not be passed on, and an
empty place of its size, with its name, stands for it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from tqdm import tqdm

from minifcn.backend import to_host
from minifcn.data import open_dataset
from minifcn.data.dataset import Dataset
from minifcn.inference.apply import segment_all
from minifcn.inference.metrics import ConfusionMatrix
from minifcn.inference.model import Model, load_model
from minifcn.inference.pictures import INK, colourise, font_of, grid, save_png, with_legend


def main() -> None:
    """Print the table as Markdown and write the picture."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dataset")
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--data-dir")
    parser.add_argument("--split", default="val")
    parser.add_argument("--limit", type=int, metavar="N", help="use the first N images only")
    parser.add_argument("--classes", nargs="*", default=[], help="a second mean, over these")
    parser.add_argument("--pictured", nargs="*", default=[], metavar="ID")
    parser.add_argument("-o", "--out", type=Path, default=Path("finetuning.png"))
    args = parser.parse_args()
    dataset = open_dataset(args.dataset, args.split, data_dir=args.data_dir)
    maps: dict[str, list[tuple[str, np.ndarray]]] = {}
    print("| net | minutes | pixel accuracy | mean accuracy | mean IU | of some | f.w. IU |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for run in args.runs:
        model = load_model(run)
        title = model.spec.arch.replace("fcn", "FCN-")
        confusion = score(model, dataset, args.limit, args.pictured, title, maps)
        print(f"| {run} | {minutes(run):.0f} | {figures(confusion, dataset, args.classes)} |")
    if maps:
        save_png(args.out, draw(maps, dataset))


def score(
    model: Model,
    dataset: Dataset,
    limit: int | None,
    pictured: list[str],
    title: str,
    maps: dict[str, list[tuple[str, np.ndarray]]],
) -> ConfusionMatrix:
    """Count a net's predictions; keep the label maps of the samples to be pictured."""
    confusion = ConfusionMatrix(len(dataset.class_names))
    palette = np.asarray(dataset.palette)
    for index in tqdm(range(min(limit or len(dataset), len(dataset))), leave=False):
        sample = dataset[index]
        label = to_host(segment_all(model, sample.image)[""]).astype(np.uint8)
        confusion.update(sample.label, label)
        if sample.id in pictured:
            place, truth = place_of(sample.image, sample.id), colourise(sample.label, palette)
            row = maps.setdefault(sample.id, [("photograph", place), ("truth", truth)])
            row.append((title, colourise(label, palette)))
    return confusion


def place_of(image: np.ndarray, name: str) -> np.ndarray:
    """Return an empty picture of an image's size with the image's name in its middle."""
    height, width = image.shape[:2]
    place = Image.new("RGB", (width, height), (236, 236, 236))
    font, _ = font_of(width, size=width // 12)
    ImageDraw.Draw(place).text((width // 2, height // 2), name, INK, font, anchor="mm")
    return np.asarray(place)


def figures(confusion: ConfusionMatrix, dataset: Dataset, some: list[str]) -> str:
    """Return the cells of a row, in percent: means over what occurs, and over some classes."""
    scores = confusion.scores()
    occurs = confusion.counts.sum(axis=1) > 0
    chosen = [list(dataset.class_names).index(name) for name in some]
    values = (
        scores.pixel_accuracy,
        scores.class_accuracy[occurs].mean(),
        scores.class_iu[occurs].mean(),
        scores.class_iu[chosen].mean() if chosen else float("nan"),
        scores.fw_iu,
    )
    return " | ".join(f"{100 * value:.1f}" for value in values)


def minutes(run: Path) -> float:
    """Return how long the updates of a run took."""
    lines = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return sum(line.get("seconds", 0.0) for line in lines) / 60


def draw(maps: dict[str, list[tuple[str, np.ndarray]]], dataset: Dataset) -> np.ndarray:
    """Return the label maps as a table, with the colours of the classes below."""
    picture = grid(list(maps.values()))
    palette = np.asarray(dataset.palette)
    colours = {tuple(pixel) for pixel in picture.reshape(-1, 3)[::7].tolist()}
    present = [c for c in range(len(dataset.class_names)) if tuple(palette[c]) in colours]
    return with_legend(picture, dataset.class_names, palette, present)


if __name__ == "__main__":
    main()
