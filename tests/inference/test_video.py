"""Videos: frames in, an overlay and label maps out."""

import sys
import zipfile
from io import BytesIO

import numpy as np
import pytest
from helpers.segmenters import NAMES, small_model
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.inference import video
from minifcn.inference.segmenter import Segmenter
from minifcn.system.extras import ExtraError

av = pytest.importorskip("av", reason="comes with the extra `video`")

KINDS = ("label", "overlay")


@pytest.fixture
def clip(tmp_path):
    """A video of five frames of 36 x 63 pixels, each brighter than the one before."""
    path = tmp_path / "clip.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=10, width=63, height=36, pix_fmt="bgr0")
        for level in range(5):
            pixels = np.full((36, 63, 3), 50 * level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_frames_come_in_their_order_as_they_are_to_be_seen(clip):
    assert [int(frame.mean()) for frame in video.read_frames(clip)] == [0, 50, 100, 150, 200]
    assert next(video.read_frames(clip)).shape == (36, 63, 3)


def test_a_video_tells_about_how_many_frames_it_has(clip, tmp_path):
    assert video.count_frames(clip) == 5  # by how long it lasts, for this kind of file does not say
    with av.open(str(tmp_path / "clip.avi"), "w") as container:
        stream = container.add_stream("ffv1", rate=10, width=8, height=8, pix_fmt="bgr0")
        container.mux(stream.encode(av.VideoFrame(8, 8, "bgr0")))
        container.mux(stream.encode())
    assert video.count_frames(tmp_path / "clip.avi") == 1


def test_without_the_library_it_is_said_how_to_get_it(clip, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ExtraError, match=r"pip install 'minifcn\[video\]' brings it"):
        next(video.read_frames(clip))
    assert video.count_frames(clip) == 1


def test_the_overlay_lasts_as_the_video_and_each_frame_has_its_label_map(clip, tmp_path):
    segment, done = Segmenter(small_model()), []
    stem = tmp_path / "out/clip"
    frames, classes = video.segment_video(segment, clip, stem, KINDS, lambda: done.append(1))
    assert frames == len(done) == 5
    assert sum(classes.values()) == pytest.approx(1) and set(classes) <= set(NAMES)
    written = sorted(path.name for path in stem.parent.iterdir())
    assert written == ["clip_labels.zip", "clip_overlay.mp4"]
    assert {f"clip{ending}" for ending in video.video_endings(segment, KINDS)} == set(written)
    with zipfile.ZipFile(stem.with_name("clip_labels.zip")) as archive:
        assert archive.namelist() == [f"{number:06}.png" for number in range(5)]
        with Image.open(BytesIO(archive.read("000003.png"))) as picture:
            expected = segment(np.full((36, 63, 3), 150, np.uint8)).label
            assert picture.mode == "P" and np.array_equal(np.asarray(picture), expected)
    drawn = list(video.read_frames(stem.with_name("clip_overlay.mp4")))
    assert len(drawn) == 5
    assert drawn[0].shape[0] > 36 and drawn[0].shape[1] % 2 == 0  # a legend; as the codec wants it
    with av.open(str(clip)) as before, av.open(str(stem) + "_overlay.mp4") as after:
        times = [[f.time for f in one.decode(video=0)] for one in (before, after)]
    assert times[0] == pytest.approx(times[1], abs=1e-3)


def test_frames_that_tell_a_time_that_is_past_follow_one_another(tmp_path):
    levels = [(20 + 30 * number) % 230 for number in range(12)]
    between = {"bf": "2"}  # frames that are predicted from later ones
    with av.open(str(tmp_path / "clip.avi"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options=between)
        stream.width, stream.height, stream.pix_fmt = 62, 36, "yuv420p"
        for level in levels:
            pixels = np.full((36, 62, 3), level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    with av.open(str(tmp_path / "clip.avi")) as container:
        told = [frame.pts for frame in container.decode(video=0)]
    assert told != sorted(told)
    stem = tmp_path / "out"
    frames, _ = video.segment_video(
        Segmenter(small_model()), tmp_path / "clip.avi", stem, ["overlay"], list
    )
    with av.open(f"{stem}_overlay.mp4") as container:
        times = [frame.time for frame in container.decode(video=0)]
    assert frames == len(times) == len(levels)
    steps = np.diff(times)
    assert steps.min() > 0.039 and steps.max() < 0.121 and times[-1] < 0.6


@pytest.mark.parametrize("content", [b"", b"no video", None])
def test_what_is_no_video_is_told_of_and_nothing_is_written(content, tmp_path):
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="video .*a.mp4 (cannot be decoded|does not exist)"):
        video.segment_video(Segmenter(small_model()), path, tmp_path / "o/a", KINDS, list)
    assert video.count_frames(path) == 1
    assert not (tmp_path / "o").exists()


def test_a_failure_half_way_leaves_nothing(clip, tmp_path):
    def stop():
        raise MemoryError

    with pytest.raises(MemoryError):
        video.segment_video(Segmenter(small_model()), clip, tmp_path / "o/a", KINDS, stop)
    assert not list((tmp_path / "o").iterdir())
