"""One predictor for whatever a picture comes as, and what its result can do."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from helpers.segmenters import NAMES, small_model
from PIL import Image

from minifcn import Segmenter
from minifcn.data.dataset import DataError
from minifcn.data.palette import read_label
from minifcn.inference import save_model, scores
from minifcn.inference.tiles import find_overlap, tiles
from minifcn.system.machine import Memory


@pytest.fixture(scope="module")
def segment() -> Segmenter:
    return Segmenter(small_model())


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)


def png(image: np.ndarray) -> bytes:
    content = BytesIO()
    Image.fromarray(image).save(content, "PNG")
    return content.getvalue()


def test_importing_the_package_imports_nothing_else():
    code = "import sys, minifcn; print('numpy' in sys.modules, 'Segmenter' in dir(minifcn))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True"]


def test_a_picture_is_the_same_however_it_comes(segment, image, tmp_path):
    (tmp_path / "a.png").write_bytes(png(image))
    label = segment(image).label
    assert label.dtype == np.uint8 and label.shape == (50, 70)
    ways = [tmp_path / "a.png", str(tmp_path / "a.png"), png(image), Image.fromarray(image)]
    results = segment(ways)
    assert all(np.array_equal(result.label, label) for result in results)
    assert all(np.array_equal(result.image, image) for result in results)


def test_a_weight_file_gives_what_the_model_gives(segment, image, tmp_path):
    save_model(tmp_path / "net.h5", segment.model)
    loaded = Segmenter(tmp_path / "net.h5", device="cpu")
    assert np.array_equal(loaded(image).label, segment(image).label)
    assert loaded.class_names == NAMES


def test_the_classes_that_occur_have_their_share_the_largest_first(segment, image):
    result = segment(image)
    shares = {NAMES[n]: float(np.mean(result.label == n)) for n in np.unique(result.label)}
    assert result.classes == pytest.approx(shares)
    assert list(result.classes.values()) == sorted(shares.values(), reverse=True)
    assert repr(result).startswith("<Segmentation of 50 x 70 pixels: ")


def test_probabilities_are_there_if_asked_for_in_tiles_as_well(segment, image, monkeypatch):
    assert segment(image).probabilities is None
    image = np.resize(image, (40, 1000, 3))
    whole = segment(image, probabilities=True)
    assert whole.probabilities.dtype == np.float32
    np.testing.assert_allclose(whole.probabilities.sum(axis=0), 1, rtol=1e-5)
    assert np.array_equal(whole.probabilities.argmax(axis=0), whole.label)
    monkeypatch.setattr(
        scores,
        "fitting_tiles",
        lambda net, scores, channels, size, *_: tiles(size, 800, find_overlap(net, scores)),
    )
    monkeypatch.setattr(scores, "VALUES", 1000)
    again = segment(image, probabilities=True).probabilities
    np.testing.assert_allclose(again, whole.probabilities, rtol=1e-3, atol=1e-5)


def test_probabilities_for_which_there_is_no_memory_are_refused(segment, image, monkeypatch):
    monkeypatch.setattr(scores, "memory", lambda: Memory(1 << 14, 1 << 14))
    with pytest.raises(DataError, match="the probabilities of 50 x 70 pixels take"):
        segment(image, probabilities=True)


def test_what_is_saved_can_be_read_again(segment, image, tmp_path):
    result = segment(image, probabilities=True)
    kinds = ("label", "overlay", "npz", "png")
    written = result.save(tmp_path / "out/a", kinds)
    assert [path.name for path in written] == [
        *("a_label.png", "a_overlay.png", "a_probabilities.npz", "a_probability_00_sky.png"),
        *("a_probability_01_road-path.png", "a_probability_02_tree.png"),
    ]
    assert [f"a{ending}" for ending in segment.endings(kinds)] == [path.name for path in written]
    assert np.array_equal(read_label(written[0]), result.label)
    with np.load(written[2]) as saved:
        assert np.array_equal(saved["probabilities"], result.probabilities)
        assert saved["classes"].tolist() == list(NAMES)
    with Image.open(written[4]) as picture:
        share = np.asarray(picture) / 65535
    np.testing.assert_allclose(share, result.probabilities[1], atol=1e-5)
    with Image.open(written[1]) as picture:
        assert np.array_equal(np.asarray(picture), np.asarray(result.overlay()))
        assert picture.height > 50  # the legend


def test_what_is_not_there_cannot_be_saved(segment, image, tmp_path):
    result = segment(image)
    with pytest.raises(ValueError, match="probabilities=True"):
        result.save(tmp_path / "a", ["npz"])
    with pytest.raises(ValueError, match="kinds must be among label"):
        result.save(tmp_path / "a", ["mask"])
    assert not list(tmp_path.iterdir())


def test_several_threads_may_segment_at_once(segment, image):
    images = [np.roll(image, shift, axis=1) for shift in range(12)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(segment, images))
    alone = segment(images)
    assert all(np.array_equal(a.label, b.label) for a, b in zip(together, alone, strict=True))


@pytest.mark.parametrize("shape", [(5, 6), (5, 6, 4), (3, 5, 6), (0, 6, 3)])
def test_arrays_that_are_no_colour_images_are_refused(segment, shape):
    with pytest.raises(DataError, match=r"must be uint8 \(H, W, 3\), RGB, not uint8"):
        segment(np.zeros(shape, np.uint8))


def test_bytes_that_are_no_picture_are_refused(segment):
    with pytest.raises(DataError, match="image given as bytes is not in a picture format"):
        segment(b"no picture")


@pytest.mark.parametrize("modality", ["rgbd", "hha"])
def test_a_net_that_sees_depth_is_given_it(modality, image, tmp_path):
    segment = Segmenter(small_model(modality=modality))
    millimetres = np.linspace(1500, 4000, 50 * 70).reshape(50, 70).astype(np.uint16)
    Image.fromarray(millimetres).save(tmp_path / "depth.png")
    metres = (millimetres / 1000).astype(np.float32)
    one, other = segment([image, image], depth=[tmp_path / "depth.png", metres])
    assert np.array_equal(one.label, other.label)
    for depth, message in (
        (None, "sees depth"),
        (metres[:9], "depth map is of 9 x 70"),
        (millimetres, "must be of floats, in metres, not uint16"),
    ):
        with pytest.raises(DataError, match=message):
            segment(image, depth=depth)
    with pytest.raises(DataError, match="2 images need a list of as many depth maps"):
        segment([image, image], depth=[metres])


def test_further_heads_are_results_of_their_own(image, tmp_path):
    net = small_model(heads={"sem": 3, "geo": 2})
    result = Segmenter(net._replace(extra_classes={"geo": ("flat", "upright")}))(
        image, probabilities=True
    )
    assert result.heads["geo"].class_names == ("flat", "upright")
    assert result.heads["geo"].probabilities.shape == (2, 50, 70)
    written = {path.name for path in result.save(tmp_path / "a")}
    assert {"a_label.png", "a_geo_label.png", "a_geo_overlay.png"} < written


def test_a_dense_segmenter_has_its_own_scores_between_the_coarse_ones(image):
    model = small_model()
    shares = {
        how: Segmenter(model, **options)(image, probabilities=True).probabilities
        for how, options in {
            "coarse": {},
            "rarefy": {"dense": "rarefy", "dense_stride": 16},
            "stitch": {"dense": "stitch", "dense_stride": 16},
            "the same": {"dense": "rarefy", "dense_stride": 32},
        }.items()
    }
    np.testing.assert_allclose(shares["stitch"], shares["rarefy"], atol=1e-5)
    np.testing.assert_array_equal(shares["the same"], shares["coarse"])
    assert abs(shares["rarefy"] - shares["coarse"]).max() > 1e-3
    assert Segmenter(model).model is model
    with pytest.raises(ValueError, match="rarefy or stitch, not by 'fine'"):
        Segmenter(model, dense="fine")
