"""Which files become of each image and video, no two of them in one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from minifcn.inference.segmenter import Segmenter
from minifcn.inference.video import VIDEO_ENDINGS, count_frames, video_endings
from minifcn.system.outputs import distinct_names
from minifcn.system.records import SettingsError


class Job(NamedTuple):
    """A picture or video, what the names of its files begin with, and these files."""

    path: Path
    stem: Path
    outputs: list[Path]
    frames: int


def plan_jobs(
    segmenter: Segmenter,
    images: Sequence[Path],
    folder: Path,
    kinds: Sequence[str],
    probabilities: str | None = None,
) -> list[Job]:
    """Return what is to be done for each image or video.

    Parameters
    ----------
    segmenter : Segmenter
    images : sequence of Path
        Pictures and videos.
    folder : Path
        To write to.
    kinds : sequence of str
        "label", "overlay".
    probabilities : "npz" or "png", optional
        Also write these, see `Segmentation.save`.

    Raises
    ------
    SettingsError
        If probabilities are wanted of a video.
    """
    videos = [is_video(path) for path in images]
    if probabilities and any(videos):
        raise SettingsError("--probabilities are of images: leave the videos out")
    endings = {
        False: segmenter.endings([*kinds, *filter(None, [probabilities])]),
        True: video_endings(segmenter, kinds),
    }
    names = distinct_names(images, itertools.chain(*(endings[kind] for kind in set(videos))))
    return [
        Job(
            path,
            folder / name,
            [folder / f"{name}{ending}" for ending in endings[video]],
            count_frames(path) if video else 1,
        )
        for path, name, video in zip(images, names, videos, strict=True)
    ]


def is_video(path: Path) -> bool:
    """Return whether a file is called as a video is."""
    return path.suffix.lower() in VIDEO_ENDINGS
