"""Segment images and videos: `python -m minifcn.predict [RUN_OR_WEIGHTS] IMAGE... -o DIR`."""

from __future__ import annotations

import argparse
import glob
import itertools
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any, BinaryIO

from minifcn.data.dataset import DataError
from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.distributed.guard import complain, guarded
from minifcn.inference.dense_options import add_dense_options, segmenter_of
from minifcn.inference.jobs import Job, is_video, plan_jobs
from minifcn.inference.look_options import add_look_options, changed_looks
from minifcn.inference.model import find_weights, load_segmenter, looks_like_model
from minifcn.inference.segmenter import Segmenter
from minifcn.inference.sources import find_sources, is_pattern
from minifcn.inference.summary import record, record_of_classes, table
from minifcn.inference.video import segment_video
from minifcn.system.command import command_parser
from minifcn.system.extras import ExtraError
from minifcn.system.files import write_json
from minifcn.system.mishaps import explained
from minifcn.system.outputs import add_overwrite_option, refuse_losses
from minifcn.system.progress import Progress
from minifcn.system.records import SettingsError
from minifcn.system.resources import SEGMENTER, shipped_weights
from minifcn.training.console import add_device_options, choose_device

DESCRIPTION = """\
Segment images of any size and kind, and write for each

  NAME_label.png    the class of each pixel, as a palette PNG (open it and see colours; read it
                    as indices and get classes)
  NAME_overlay.png  the image under the colours, with a legend

and for a net with a second head, such as "geo", NAME_geo_label.png and NAME_geo_overlay.png.
Of a video come NAME_overlay.mp4, and in NAME_labels.zip a label map of each frame.

  python -m minifcn.predict photo.jpg -o predictions
  python -m minifcn.predict runs/voc photos "scans/*.tif" street.mp4 -o out
  python -m minifcn.predict - < photo.jpg > label.png

The first argument may be a run's folder or a weight file. Without one, the net that comes with
minifcn is taken: FCN-8s on GoogLeNet, which knows the twenty kinds of things of PASCAL VOC.
"""
STREAM = Path("-")  # standard input, and standard output


def parser() -> argparse.ArgumentParser:
    """Return the command's argument parser."""
    result = command_parser("predict", DESCRIPTION)
    result.add_argument(
        "images",
        metavar="IMAGE",
        nargs="+",
        type=Path,
        help="pictures, videos, folders of them, patterns such as 'photos/*.jpg' (** is any "
        "folder), or -: an image on standard input, whose label map goes to standard output; "
        "before them, a run's folder or a weight file",
    )
    result.add_argument(
        "--model",
        metavar="RUN_OR_WEIGHTS",
        type=Path,
        help="the net, by an option of its own (default: the one that comes with minifcn)",
    )
    result.add_argument(
        "--depth",
        metavar="DIR",
        type=Path,
        help="for nets that see depth: the folder with maps of 16 bits in millimetres, called as "
        "the images (default: none)",
    )
    result.add_argument(
        "-o",
        "--out",
        metavar="DIR",
        type=Path,
        help="the folder to write to (default: predictions)",
    )
    result.add_argument(
        "--only",
        choices=("label", "overlay"),
        help="write that of the two alone (default: both)",
    )
    result.add_argument(
        "--probabilities",
        choices=("npz", "png"),
        help="also write those of each class at each pixel; npz: float32 in "
        "NAME_probabilities.npz; png: one of 16 bits for each class, NAME_probability_08_cat.png, "
        "where 65535 is 1 (default: neither)",
    )
    result.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="also write what is found in each image (default: none)",
    )
    add_look_options(result, "as the weight file says, else")
    add_dense_options(result)
    add_overwrite_option(result)
    add_device_options(result, distributed=True)
    return result


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 1 if any image could not be segmented."""
    args = parser().parse_args(argv)
    return guarded(lambda ranks: command(args, ranks), distributed=args.distributed)


def command(args: argparse.Namespace, communicator: Communicator) -> int:
    """Do what the options ask for; return the exit status."""
    source, names = model_and_images(args.model, args.images)
    if STREAM not in names:
        return segment_files(args, source, names, communicator)
    if len(names) > 1 or args.out or args.probabilities or communicator.size > 1:
        raise SettingsError(
            "- is one image on standard input, whose label map, or with --only overlay that, goes "
            "to standard output: leave out other images, -o, --probabilities and --distributed"
        )
    output = sys.stdout
    if output.isatty():
        raise SettingsError("- writes a PNG to standard output: send it to a file, > label.png")
    with redirect_stdout(sys.stderr):  # nothing but the picture goes there
        return segment_stream(args, source, output.buffer)


def segment_stream(args: argparse.Namespace, source: Path | None, output: BinaryIO) -> int:
    """Segment the image on standard input; write its label map, or its overlay, to the output."""
    refuse_losses(filter(None, [args.json]), weight_files(source), args.overwrite)
    segmenter = load(args, source, ALONE)
    begun = time.perf_counter()
    result = segmenter(sys.stdin.buffer.read())
    picture = result.overlay() if args.only == "overlay" else result.label_picture()
    picture.save(output, "PNG")
    output.flush()
    conclude([record(str(STREAM), result, [], time.perf_counter() - begun)], args.json)
    return 0


def segment_files(
    args: argparse.Namespace, source: Path | None, names: list[Path], communicator: Communicator
) -> int:
    """Segment images and videos, write what is asked for, and say what was found."""
    images, problems, left_out = find_sources(names)
    segmenter = load(args, source, communicator)
    folder = args.out or Path("predictions")
    jobs = plan_jobs(segmenter, images, folder, kinds(args), args.probabilities)
    inputs = [*weight_files(source), *images, *filter(None, [args.depth])]
    outputs = [*filter(None, [args.json]), *itertools.chain(*(job.outputs for job in jobs))]
    refuse_losses(outputs, inputs, args.overwrite)
    communicator.barrier()  # nobody writes before all have looked
    for problem in problems if communicator.leads else []:
        complain(problem)
    share = communicator.share(list(enumerate(jobs)))
    records: dict[int, dict[str, Any]] = {}
    total, through = sum(job.frames for _, job in share), 0
    bar = Progress(total, "predict", unit=units(jobs), shown=communicator.leads)
    with closing(bar):
        for number, job in share:
            through += job.frames  # about so many, of a video

            def done(most: int = through) -> None:
                bar.to(min(bar.done + 1, most))

            try:
                records[number] = segment_file(segmenter, job, args, done)
            except (DataError, ExtraError, MemoryError) as error:
                complain(error)
                records[number] = {"image": str(job.path), "error": explained(error)}
            bar.to(through)
    together = {n: one for part in communicator.gather(records) for n, one in part.items()}
    found = [together[number] for number in sorted(together)]
    if communicator.leads:
        conclude(found, args.json)
        for job in (job for job in jobs if job.stem.name != job.path.stem):
            print(f"{job.path} is written as {job.stem.name}: the name is another's")
        if left_out:
            print(f"files in folders that are no pictures by their names, left out: {left_out}")
        if found:
            print(f"{sum('error' not in one for one in found)} of {len(found)} are in {folder}")
    return 1 if problems or any("error" in one for one in found) else 0


def units(jobs: Sequence[Job]) -> str:
    """Return what a progress bar counts: images, frames of videos, or both."""
    names = {"frames" if is_video(job.path) else "images" for job in jobs}
    return " and ".join(sorted(names, reverse=True)) or "images"


def segment_file(
    segmenter: Segmenter, job: Job, args: argparse.Namespace, done: Callable[[], object]
) -> dict[str, Any]:
    """Segment an image or a video, write its files, and return what is told of it."""
    begun = time.perf_counter()
    sees_depth = segmenter.model.spec.modality != "rgb"
    if is_video(job.path):
        if sees_depth:
            raise DataError(f"the net sees depth, which the video {job.path} has not")
        frames, classes = segment_video(segmenter, job.path, job.stem, kinds(args), done)
        seconds = time.perf_counter() - begun
        return {**record_of_classes(str(job.path), classes, job.outputs, seconds), "frames": frames}
    depth = depth_of(job.path, args.depth) if sees_depth else None
    result = segmenter(job.path, depth=depth, probabilities=bool(args.probabilities))
    result.save(job.stem, [*kinds(args), *filter(None, [args.probabilities])])
    done()
    return record(str(job.path), result, job.outputs, time.perf_counter() - begun)


def kinds(args: argparse.Namespace) -> list[str]:
    """Return what of an image or video is written."""
    return [args.only] if args.only else ["label", "overlay"]


def load(args: argparse.Namespace, source: Path | None, communicator: Communicator) -> Segmenter:
    """Take the device and load the net that is asked for, or the one that comes with minifcn."""
    xp = choose_device(args, communicator)
    if source is None:
        print(f"no run or weight file is given: taking {SEGMENTER}, which comes with minifcn")
    model = load_segmenter(source or shipped_weights(SEGMENTER), xp)
    return segmenter_of(model._replace(looks=changed_looks(model.looks, args)), args)


def weight_files(source: Path | None) -> list[Path]:
    """Return the weight file that is read, if one was given."""
    return [] if source is None else [find_weights(source)]


def conclude(found: Sequence[dict[str, Any]], report: Path | None) -> None:
    """Print the table of what was found, and write it as JSON if that is asked for."""
    if found:
        print(table(found))
    if report is not None:
        write_json(report, {"images": found})


def model_and_images(model: Path | None, paths: Sequence[Path]) -> tuple[Path | None, list[Path]]:
    """Return what is meant by the arguments: the run or weight file, if one is given, and the rest.

    Parameters
    ----------
    model : Path or None
        Of the option `--model`.
    paths : sequence of Path
        The arguments without a name.

    Raises
    ------
    SettingsError
        If there are two models, or no image.
    """
    first, images = model, list(paths)
    if first is None and (looks_like_model(images[0]) or is_misspelt(images[0])):
        first = images.pop(0)
    if not images:
        raise SettingsError(f"there is nothing to segment: give images after {first}")
    for other in filter(looks_like_model, images):
        where = "give it first, or by --model" if first is None else f"{first} is the model already"
        raise SettingsError(f"{other} is a run or a weight file by its looks, no image: {where}")
    return first, images


def is_misspelt(path: Path) -> bool:
    """Return whether a path that leads nowhere is a run's name, more likely than an image's."""
    return not (path.suffix or path.exists() or path == STREAM or is_pattern(path))


def depth_of(image: Path, folder: Path | None) -> Path:
    """Return the depth map that belongs to an image.

    Raises
    ------
    DataError
        If there is no folder, or no map of the image's name in it.
    """
    if folder is None:
        raise DataError("the net sees depth: give --depth DIR with a depth map of each image")
    found = [path for path in sorted(folder.glob(f"{glob.escape(image.stem)}.*")) if path.is_file()]
    if not found:
        raise DataError(f"there is no depth map {folder / image.stem}.png")
    return found[0]


if __name__ == "__main__":
    sys.exit(main())
