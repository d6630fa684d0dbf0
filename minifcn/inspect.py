"""Look through a data set before training: `python -m minifcn.inspect DATASET`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import combinations, product
from pathlib import Path

import numpy as np

from minifcn.backend import IGNORE, get_threads, set_threads
from minifcn.data import open_dataset
from minifcn.data.dataset import DataError, Dataset, some
from minifcn.data.options import (
    add_data_dir,
    add_data_options,
    add_dataset_argument,
    data_folders,
    take_data_options,
)
from minifcn.data.shared_images import shared_images
from minifcn.data.statistics import (
    MAIN_HEAD,
    HeadStatistics,
    Look,
    Statistics,
    colours_of_maps,
    looks,
    spread,
    summarise,
)
from minifcn.distributed.guard import complain, guarded
from minifcn.inference.contact_sheet import contact_sheet
from minifcn.inference.pictures import save_png
from minifcn.system.command import command_parser
from minifcn.system.outputs import add_overwrite_option, refuse_losses
from minifcn.system.progress import Progress
from minifcn.system.records import AT_LEAST_1, THREADS, of_range

DESCRIPTION = """\
Read a data set as training would, and say what is in it: how many images of what sizes, how often
each class occurs, what is broken and why, and which images are in two splits at once.

  python -m minifcn.inspect voc --data-dir VOCdevkit
  python -m minifcn.inspect folder --data-dir mydata -o looks     with pictures of some samples
  python -m minifcn.inspect sbd --data-dir data --images 200      a quick look

The exit status is 1 if anything cannot be used. Images in two splits are reported, but they are
usable: which of the splits should keep them is for you to say.
"""
SHOWN_PROBLEMS, SHOWN_SIZES = 10, 5
SHEET_SAMPLES = 12


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("inspect", DESCRIPTION)
    add_dataset_argument(result)
    add_data_dir(result)
    result.add_argument(
        "--split",
        nargs="+",
        metavar="NAME",
        default=["train", "val"],
        help="what to look through: train, val, names of lists (default: train val)",
    )
    result.add_argument(
        "--images",
        type=of_range(int, AT_LEAST_1),
        metavar="N",
        help="look at N of each split only, from all over it (default: all)",
    )
    result.add_argument(
        "-o",
        "--out",
        type=Path,
        metavar="DIR",
        help="write a contact sheet of each split there (default: none)",
    )
    add_overwrite_option(result)
    result.add_argument(
        "--threads",
        type=of_range(int, THREADS),
        default=0,
        metavar="N",
        help="how many threads of the CPU; 0: as many as allowed (default: 0)",
    )
    add_data_options(result.add_argument_group("of single data sets"))
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser().parse_args(argv)
    return guarded(lambda _: command(args))


def command(args: argparse.Namespace) -> int:
    """Do what the options ask for; return the exit status: 1 if anything cannot be used."""
    set_threads(args.threads)
    if args.out is not None:
        sheets = [sheet_path(args.out, args.dataset, split) for split in args.split]
        refuse_losses(sheets, data_folders(args.dataset, args.data_dir), args.overwrite)
    options = take_data_options(vars(args))
    opened: dict[str, Dataset] = {}
    sound = True
    told: set[str] = set()  # what is wrong with the whole data set is said once, not by split
    for split in dict.fromkeys(args.split):
        try:
            dataset = open_dataset(args.dataset, split, data_dir=args.data_dir, **options)
        except DataError as error:
            if str(error) not in told:
                complain(error)
            told.add(str(error))
            sound = False
            continue
        opened[f"{args.dataset} {split}"] = dataset
        sound &= inspect_split(dataset, split, args.images, args.out)
    pairs = list(combinations(opened.items(), 2))
    if args.dataset == "sbd":
        pairs += product(opened.items(), _vocs_validation(args.data_dir))
    compared = [report_shared(first, second) for first, second in pairs]
    return 0 if sound and all(compared) else 1


def inspect_split(dataset: Dataset, split: str, limit: int | None, out: Path | None) -> bool:
    """Look through a split and print what is there; return whether all of it can be used."""
    indices = spread(len(dataset), limit or len(dataset))
    usable: list[int] = []
    broken: list[int] = []

    def watched() -> Iterator[Look]:
        seen = looks(dataset, indices, get_threads())
        bar = Progress(len(indices), split)
        with closing(bar):
            for one in seen:
                (broken if one.problem else usable).append(one.place)
                yield one
                bar.to(bar.done + 1)

    statistics = summarise(dataset, watched())
    print(f"\n{dataset.name} {split}: {len(dataset)} images")
    print("\n".join(_report(statistics, len(dataset))))
    colours = colours_of_maps(dataset, broken)
    if colours:
        print(
            f"  the label maps that are RGB pictures have {len(colours)} colours; put them in the "
            f'order of the classes, as "palette" in classes.json: {colours}'
        )
    if out is not None and usable:
        path = sheet_path(out, dataset.name, split)
        shown = spread(len(usable), SHEET_SAMPLES)
        save_png(path, contact_sheet(dataset, [usable[place] for place in shown]))
        print(f"  contact sheet: {path}")
    return not statistics.problems


def sheet_path(folder: Path, dataset: str, split: str) -> Path:
    """Return the file of a split's contact sheet."""
    return folder / f"{dataset}-{split}.png"


def report_shared(first: tuple[str, Dataset], second: tuple[str, Dataset]) -> bool:
    """Print which images two splits, each with its name, share; return whether that is known."""
    title = f"{first[0]} and {second[0]}"
    try:
        pairs = shared_images(first[1], second[1])
    except DataError as error:
        complain(DataError(f"{title} cannot be compared: {error}"))
        return False
    if not pairs:
        print(f"\n{title} share no image")
        return True
    which = some([a if a == b else f"{a} = {b}" for a, b in pairs])
    print(
        f"\n{title} share {len(pairs)} images ({which}): a net that is trained on one must not be "
        "judged by the other"
    )
    return True


def _vocs_validation(data_dir: str | None) -> list[tuple[str, Dataset]]:
    """Return VOC's validation data, if they are there, many of which SBD trains on."""
    try:
        return [("voc val", open_dataset("voc", "val", data_dir=data_dir))]
    except DataError:
        print("\nVOC's own val is not in the same folder, so it is not compared with")
        return []


# ---------------------------------------------------------------------------------------------
# What is printed
# ---------------------------------------------------------------------------------------------


def _report(statistics: Statistics, total: int) -> list[str]:
    """Return the lines about a split."""
    unusable = sum(map(len, statistics.problems.values()))
    lines = [f"  looked at {statistics.samples} of {total}, {unusable} unusable"]
    if statistics.sizes:
        lines.append(f"  sizes (width x height): {_sizes(statistics.sizes)}")
        red, green, blue = statistics.mean
        lines.append(f"  mean RGB: {red:.3f}, {green:.3f}, {blue:.3f}")
        for head, found in statistics.heads.items():
            lines += _classes(head, found)
    for message, ids in list(statistics.problems.items())[:SHOWN_PROBLEMS]:
        same = f" (the same: {some(ids[1:])}; {len(ids)} in all)" if len(ids) > 1 else ""
        lines.append(f"  unusable: {message}{same}")
    rest = [name for ids in list(statistics.problems.values())[SHOWN_PROBLEMS:] for name in ids]
    if rest:
        lines.append(f"  unusable: {len(rest)} others: {some(rest, SHOWN_PROBLEMS)}")
    return lines


def _sizes(sizes: Counter[tuple[int, int]]) -> str:
    """Return the commonest sizes, and between which limits the others are."""
    common = [f"{w} x {h} ({n})" for (h, w), n in sizes.most_common(SHOWN_SIZES)]
    others = len(sizes) - len(common)
    if others < 1:
        return ", ".join(common)
    heights, widths = zip(*sizes, strict=True)
    limits = f"{min(widths)}..{max(widths)} x {min(heights)}..{max(heights)}"
    return f"{', '.join(common)} and {others} others, all within {limits}"


def _classes(head: str, found: HeadStatistics) -> list[str]:
    """Return the table of a head's classes, and what is odd about them."""
    title = "class" if head == MAIN_HEAD else f"{head} class"
    width = max(len(title), *map(len, found.class_names))
    lines = [f"  {title:{width}}  {'% of pixels':>11}  images"]
    for index, (name, share) in enumerate(zip(found.class_names, found.shares(), strict=True)):
        lines.append(f"  {name:{width}}  {100 * share:11.3f}  {found.images[index]:6d}")
    lines.append(f"  ignored (255): {100 * found.ignored():.3f} % of all pixels")
    absent = found.absent()
    if absent:
        lines.append(f"  never seen in these images: {', '.join(absent)}")
    if set(np.flatnonzero(found.counts)) == {0, IGNORE}:
        lines.append(
            "  only 0 and 255 occur: if these are masks in black and white, all that should be "
            "learnt is ignored; write 1 where they are white"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())
