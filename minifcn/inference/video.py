"""Videos, through PyAV (the extra `video`): their frames, and what a net sees in them.

Of a video that is segmented come

    NAME_overlay.mp4   its frames under the colours, each as long as it was, with a legend of all
                       classes; without sound
    NAME_labels.zip    the label map of each frame, 000000.png and on, palette PNGs

Both are one file, so that they appear whole or not at all, as everything that is written here.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from minifcn.data.dataset import DataError
from minifcn.inference.pictures import overlay, with_legend
from minifcn.inference.segmentation import Segmentation
from minifcn.inference.segmenter import Segmenter
from minifcn.system.extras import ExtraError, optional
from minifcn.system.files import atomic_write

VIDEO_ENDINGS = frozenset(
    (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".ogv", ".webm", ".wmv")
)
KINDS = {"label": "_labels.zip", "overlay": "_overlay.mp4"}
RATE = 25  # frames a second, of a video that does not say

Put = Callable[[Segmentation, Any], None]  # takes a frame's result, and the frame as PyAV has it


def video_endings(segmenter: Segmenter, kinds: Sequence[str]) -> list[str]:
    """Return what the files that `segment_video` writes are called behind the stem."""
    heads = ["", *segmenter.model.extra_classes]
    return [f"{head and f'_{head}'}{KINDS[kind]}" for head in heads for kind in kinds]


def read_frames(path: str | Path) -> Iterator[np.ndarray]:
    """Yield the frames of a video, uint8 (H, W, 3), RGB, upright, one at a time in memory.

    Raises
    ------
    DataError
        If the file is missing, no video, or damaged.
    ExtraError
        If PyAV is not installed.
    """
    with _opened(path) as container:
        for frame in container.decode(container.streams.video[0]):
            yield _upright(frame)


def count_frames(path: str | Path) -> int:
    """Return about how many frames a video has, for a progress bar; 1 if it does not tell.

    Some kinds of files, such as .mkv and .webm, only tell how long it lasts.
    """
    with suppress(DataError, ExtraError), _opened(path) as container:  # told of in its turn
        stream = container.streams.video[0]
        seconds = Fraction(container.duration or 0, pyav().time_base)
        return int(stream.frames) or max(1, round(seconds * (stream.average_rate or RATE)))
    return 1


def segment_video(
    segmenter: Segmenter, path: Path, stem: Path, kinds: Sequence[str], done: Callable[[], object]
) -> tuple[int, dict[str, float]]:
    """Segment each frame of a video and write what is asked for; memory is that of one frame.

    Parameters
    ----------
    segmenter : Segmenter
        Of a net that sees colour.
    path : Path
    stem : Path
        What the names of the files begin with.
    kinds : sequence of "label" or "overlay"
    done : callable
        Called after each frame.

    Returns
    -------
    frames : int
    classes : dict of str to float
        The share of each class that occurs in the pixels of all frames, the largest first.

    Raises
    ------
    DataError, ExtraError
        As `read_frames`, and if there is no frame. Then nothing is written.
    """
    heads = ["", *segmenter.model.extra_classes]
    files = [stem.with_name(stem.name + ending) for ending in video_endings(segmenter, kinds)]
    shares: dict[str, float] = {}
    frames = 0
    with ExitStack() as stack:
        container = stack.enter_context(_opened(path))
        source = container.streams.video[0]
        writers: list[tuple[str, Put]] = []
        for file, (head, kind) in zip(files, ((h, k) for h in heads for k in kinds), strict=True):
            writing = _frames_zipped(file) if kind == "label" else _overlay_video(file, source)
            writers.append((head, stack.enter_context(writing)))
        for frame in container.decode(source):
            result = segmenter(_upright(frame))
            for head, put in writers:
                put(result.heads[head] if head else result, frame)
            for name, share in result.classes.items():
                shares[name] = shares.get(name, 0.0) + share
            frames += 1
            done()
        if not frames:
            raise DataError(f"video {path} has no frame that can be decoded")
    order = sorted(shares, key=lambda name: -shares[name])
    return frames, {name: shares[name] / frames for name in order}


@contextmanager
def _frames_zipped(path: Path) -> Iterator[Put]:
    """Give what takes the frames' label maps and writes them to a zip file."""
    with atomic_write(path) as file, zipfile.ZipFile(file, "w") as archive:  # PNGs are compressed

        def put(result: Segmentation, _: Any) -> None:
            content = BytesIO()
            result.label_picture().save(content, "PNG")
            archive.writestr(f"{len(archive.filelist):06}.png", content.getvalue())

        yield put


@contextmanager
def _overlay_video(path: Path, source: Any) -> Iterator[Put]:
    """Give what takes the frames' results and draws them to a video that lasts as the source."""
    with atomic_write(path) as file, pyav().open(file, "w", format="mp4") as container:
        rate = source.average_rate or Fraction(RATE)
        stream = container.add_stream("libx264", rate=rate)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = source.time_base
        step = max(1, round(1 / (rate * source.time_base)))
        times: list[int] = []  # of the frames so far

        def put(result: Segmentation, frame: Any) -> None:
            picture = overlay(result.image, result.label, result.palette)
            names = result.class_names
            picture = with_legend(picture, names, result.palette, range(len(names)))
            height, width = picture.shape[:2]
            picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
            if not stream.codec_context.is_open:  # the first frame says the size
                stream.height, stream.width = picture.shape[:2]
            drawn = pyav().VideoFrame.from_ndarray(picture, format="rgb24")
            times.append(_later(frame.pts, times, step))
            drawn.pts, drawn.time_base = times[-1], source.time_base
            container.mux(stream.encode(drawn))

        yield put
        container.mux(stream.encode())


def _later(time: int | None, times: Sequence[int], step: int) -> int:
    """Return when a frame is shown: after those before it, whatever it says.

    Frames come in the order in which they are shown. An .avi only knows that in which they were
    stored, so that of a frame that is predicted from later ones it tells a time that is past.
    """
    if time is not None and (not times or time > times[-1]):
        return time
    return times[-1] + step if times else 0


def _upright(frame: Any) -> np.ndarray:
    """Return a frame as it is to be seen: telephones write theirs as the sensor lies."""
    return np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)


def pyav() -> Any:
    """Return PyAV, which only videos need."""
    return optional("av", "video")


@contextmanager
def _opened(path: str | Path) -> Iterator[Any]:
    """Open a video; what goes wrong with it becomes a DataError."""
    av = pyav()
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DataError(f"video {path} has sound only")
            yield container
    except FileNotFoundError:
        raise DataError(f"video {path} does not exist") from None
    except av.FFmpegError as error:
        raise DataError(
            f"video {path} cannot be decoded, it is truncated, damaged or no video "
            f"({error.strerror}); copy, download or export it again"
        ) from error
