"""Score a trained net on a data set: `python -m minifcn.evaluate RUN_OR_WEIGHTS DATASET`."""

from __future__ import annotations

import argparse
import itertools
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from minifcn.data import open_dataset
from minifcn.data.dataset import DataError
from minifcn.data.masking import MASKS, masked
from minifcn.data.options import (
    add_data_dir,
    add_data_options,
    add_dataset_argument,
    data_folders,
    take_data_options,
)
from minifcn.distributed.communicator import Communicator
from minifcn.distributed.guard import guarded
from minifcn.inference.apply import evaluate_together, results
from minifcn.inference.confusions import csv_confusions, format_confusions, markdown_confusions
from minifcn.inference.look_options import add_look_options, changed_looks
from minifcn.inference.looks import ONE_LOOK
from minifcn.inference.metrics import format_table, markdown_table
from minifcn.inference.model import find_weights, load_segmenter
from minifcn.inference.pictures import save_png
from minifcn.inference.worst import Failure, failure, failure_sheet, lowest, report
from minifcn.system.command import command_parser
from minifcn.system.files import atomic_write, write_json
from minifcn.system.outputs import add_overwrite_option, refuse_losses
from minifcn.system.progress import watched
from minifcn.system.records import AT_LEAST_0, SettingsError, of_range
from minifcn.training.console import add_device_options, choose_device
from minifcn.training.option_groups import ONE_DATA_SET

DESCRIPTION = """\
Segment every image of a data set and print the paper's four figures, the IU of each class, and what
is taken for what: the confusion matrix or, of many classes, the largest confusions.

  python -m minifcn.evaluate runs/shapes-fcn8s shapes
  python -m minifcn.evaluate fcn.h5 voc --data-dir VOCdevkit --split trainval
  python -m minifcn.evaluate runs/shapes-fcn8s shapes --worst 10     its failures, in worst.png
  python -m minifcn.evaluate runs/shapes-fcn8s shapes --confusion table.csv

Figures are of the whole set (one confusion matrix), pixels labelled 255 do not count, and classes
that neither occur nor are predicted are left out of the means.
"""


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("evaluate", DESCRIPTION)
    result.add_argument("model", metavar="RUN_OR_WEIGHTS", help="a run's folder or a weight file")
    add_dataset_argument(result)
    add_data_dir(result)
    result.add_argument(
        "--split",
        metavar="NAME",
        default="val",
        help="the images to score it on: train, val, or the name of a list (default: val)",
    )
    result.add_argument(
        "--limit",
        type=of_range(int, AT_LEAST_0),
        default=0,
        metavar="N",
        help="use the first N images only; 0: all (default: 0)",
    )
    result.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the figures to a file (default: none)"
    )
    result.add_argument(
        "--confusion",
        type=Path,
        metavar="FILE",
        help="also write the confusion matrix, as CSV: pixels, a row for each true class "
        "(default: none)",
    )
    result.add_argument(
        "--markdown", action="store_true", help="print the tables as a document has them"
    )
    result.add_argument(
        "--worst",
        type=of_range(int, AT_LEAST_0),
        default=0,
        metavar="N",
        help="name the N images with the lowest mean IU, over the classes that occur in each, and "
        "draw their label maps and errors (default: 0)",
    )
    result.add_argument(
        "-o",
        "--out",
        type=Path,
        default=Path("worst.png"),
        metavar="FILE",
        help="the picture that --worst draws (default: worst.png)",
    )
    result.add_argument(
        "--mask",
        choices=MASKS,
        default="none",
        help="paint over a part of each image first: the background, the foreground, which is all "
        "that is not, or both, in two colours (default: none)",
    )
    add_look_options(result, "as the weight file says, else")
    add_overwrite_option(result)
    add_data_options(result.add_argument_group(ONE_DATA_SET))
    add_device_options(result, distributed=True)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser().parse_args(argv)
    return guarded(lambda ranks: command(args, ranks), distributed=args.distributed)


def command(args: argparse.Namespace, communicator: Communicator) -> int:
    """Do what the options ask for; return the exit status."""
    options = take_data_options(vars(args))
    outputs = [*filter(None, [args.json, args.confusion]), *([args.out] if args.worst else [])]
    if outputs:
        inputs = [find_weights(Path(args.model)), *data_folders(args.dataset, args.data_dir)]
        refuse_losses(outputs, inputs, args.overwrite)
    xp = choose_device(args, communicator)
    model = load_segmenter(args.model, xp)
    model = model._replace(looks=changed_looks(model.looks, args))
    dataset = open_dataset(args.dataset, args.split, data_dir=args.data_dir, **options)
    dataset = masked(dataset, args.mask)
    classes = {"": dataset.class_names, **getattr(dataset, "extra_classes", {})}
    for head, names in {"": model.class_names, **model.extra_classes}.items():
        if len(classes.get(head, ())) != len(names):
            raise SettingsError(
                f"the net knows {len(names)} classes ({', '.join(names)}), the data set has "
                f"{len(classes.get(head, ()))}; evaluate it on its own kind of data"
            )
    failures: list[Failure] = []
    confusions = evaluate_together(
        model,
        dataset,
        limit=args.limit,
        xp=xp,
        communicator=communicator,
        watched=partial(watched, label="evaluate", shown=communicator.leads),
        each=(lambda *one: failures.append(failure(*one))) if args.worst else None,
    )
    if not confusions[""].counts.any():
        raise DataError(
            f"the label maps of {args.split} are 255 everywhere, so there is nothing to score: "
            "correct the maps, or take another --split"
        )
    if model.looks != ONE_LOOK:
        print(f"images were looked at {model.looks}")
    for head, confusion in confusions.items():
        if head:
            print(f"\n{head}")
        table = markdown_table if args.markdown else format_table
        print(table(confusion.scores(), classes[head]))
        confused = markdown_confusions if args.markdown else format_confusions
        print(f"\n{confused(confusion.counts, classes[head])}")
    if args.json and communicator.leads:
        write_json(args.json, {**results(confusions, model), "looks": model.looks.to_dict()})
    if args.confusion and communicator.leads:
        with atomic_write(args.confusion) as file:
            for head, confusion in confusions.items():
                file.write(csv_confusions(confusion.counts, classes[head], head).encode())
    worst = lowest(itertools.chain(*communicator.gather(failures)), args.worst)
    if worst and communicator.leads:
        save_png(args.out, failure_sheet(worst, dataset, model, xp))
        print(f"\n{report(worst, dataset)}\ntheir label maps and errors: {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
