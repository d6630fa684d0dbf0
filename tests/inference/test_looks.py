"""Several looks at an image: their mean is that of the plain way, and one look is as it was."""

import argparse
import sys

import numpy as np
import pytest
from helpers.segmenters import NAMES, small_model
from helpers.stand_in import cupy
from PIL import Image

from minifcn import Looks, Segmenter
from minifcn.data.dataset import DataError
from minifcn.data.inputs import net_inputs
from minifcn.inference import scores, segment, segment_all
from minifcn.inference.apply import segment_with_probabilities
from minifcn.inference.look_options import scales_of
from minifcn.inference.scores import Picture
from minifcn.inference.several_looks import resized, rows_resized
from minifcn.inference.tiles import find_overlap, tiles
from minifcn.models import ModelSpec, build
from minifcn.system.machine import Memory


@pytest.fixture(scope="module")
def model():
    return small_model()


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)


def plainly(model, image, looks, score="score") -> np.ndarray:
    """Return the mean of the probabilities (C, H, W), look by look, without tiles and strips."""
    height, width = image.shape[:2]
    found = []
    for scale in looks.scales:
        size = (round(width * scale), round(height * scale))
        small = np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
        for step in (1, -1) if looks.mirror else (1,):
            data = model.preprocess(np.ascontiguousarray(small[:, ::step]))[None]
            exp = np.exp(model.net.forward({"data": data}, outputs=[score])[0][score][0])
            share = (exp / exp.sum(axis=0))[..., ::step]
            found.append([np.asarray(_back(channel, (width, height))) for channel in share])
    return np.mean(found, axis=0)


def _back(channel: np.ndarray, size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(channel.copy()).resize(size, Image.Resampling.BILINEAR)


def in_tiles(monkeypatch, side: int) -> None:
    """Cut every image into tiles, and every map into strips."""
    monkeypatch.setattr(
        scores,
        "fitting_tiles",
        lambda net, wanted, channels, size, *_: tiles(size, side, find_overlap(net, wanted)),
    )
    monkeypatch.setattr(scores, "VALUES", 1000)


@pytest.mark.parametrize(
    "looks",
    [
        Looks((0.75,)),
        Looks((1.5,)),
        Looks((1.0,), mirror=True),
        Looks((0.6, 1.0, 1.3), mirror=True),
    ],
    ids=str,
)
def test_the_mean_is_that_of_resizing_forward_softmax_and_resizing_back(model, image, looks):
    labels, found = segment_with_probabilities(model._replace(looks=looks), image)
    expected = plainly(model, image, looks)
    np.testing.assert_allclose(found[""], expected, rtol=1e-4, atol=1e-6)
    assert np.array_equal(labels[""], found[""].argmax(axis=0))
    assert labels[""].dtype == np.uint8
    assert np.array_equal(segment_all(model._replace(looks=looks), image)[""], labels[""])
    assert abs(found[""] - plainly(model, image, Looks())).max() > 1e-3  # the looks differ


def test_one_look_at_an_image_as_it_is_is_what_it_was_bit_for_bit(model, image):
    labels, found = segment_with_probabilities(model._replace(looks=Looks()), image)
    data = model.preprocess(image)[None]
    raw = model.net.forward({"data": data}, outputs=["score"])[0]["score"][0]
    assert np.array_equal(labels[""], raw.argmax(axis=0))
    assert np.array_equal(labels[""], segment(model.net, image, model.preprocess))
    exp = np.exp(raw - raw.max(axis=0))
    assert np.array_equal(found[""], exp / exp.sum(axis=0))


def test_a_net_without_left_and_right_sees_nothing_new_in_a_mirror():
    spec = ModelSpec("fcn32s", "vgg16", len(NAMES), 1 / 64, "same")
    model = small_model()._replace(net=build(spec), spec=spec)
    rng = np.random.default_rng(1)
    for name, layer in model.net.owners().items():
        weight = layer.params["weight"]
        if not name.startswith("upscore"):
            drawn = rng.normal(0, weight[0].size ** -0.5, weight.shape).astype(np.float32)
            layer.params["weight"] = drawn + drawn[..., ::-1]
    image = rng.integers(0, 256, (64, 96, 3), np.uint8)
    once, twice = (
        segment_with_probabilities(model._replace(looks=Looks((1.0,), mirror)), image)[1][""]
        for mirror in (False, True)
    )
    assert once.max() - once.min() > 0.1
    np.testing.assert_allclose(twice, once, atol=1e-4)  # scores of some sixty
    image[:, :20] //= 4  # and the mean over both has the symmetry of an image that has it
    both = np.concatenate([image, image[:, ::-1]], axis=1)
    drawn = small_model()._replace(looks=Looks((1.0,), mirror=True))
    found = segment_with_probabilities(drawn, both)[1][""]
    np.testing.assert_allclose(found, found[..., ::-1], atol=1e-6)


def test_tiles_of_the_resized_image_give_the_mean_of_the_whole(model, monkeypatch):
    model = model._replace(looks=Looks((0.75, 1.25), mirror=True))
    image = np.random.default_rng(2).integers(0, 256, (40, 1400, 3), np.uint8)
    _, whole = segment_with_probabilities(model, image)
    calls, forward = [], model.net.forward
    monkeypatch.setattr(
        model.net, "forward", lambda *args, **how: calls.append(args) or forward(*args, **how)
    )
    in_tiles(monkeypatch, 800)
    labels, parts = segment_with_probabilities(model, image)
    assert len(calls) > 4
    np.testing.assert_allclose(parts[""], whole[""], rtol=1e-3, atol=1e-5)
    assert np.array_equal(labels[""], parts[""].argmax(axis=0))


@pytest.mark.parametrize("size", [(37, 29), (80, 110), (160, 23)])
def test_rows_of_a_resized_map_are_those_of_the_whole(size):
    maps = np.random.default_rng(3).random((2, 53, 41), np.float32)
    whole = np.stack([np.asarray(_back(one, size[::-1])) for one in maps])
    for start in range(0, size[0], 7):
        rows = slice(start, min(start + 7, size[0]))
        np.testing.assert_allclose(rows_resized(maps, size, rows), whole[:, rows], atol=1e-5)


def test_each_head_has_its_own_mean(image):
    model = small_model(heads={"sem": 3, "geo": 2})
    looks = Looks((0.8, 1.0), mirror=True)
    model = model._replace(extra_classes={"geo": ("flat", "upright")}, looks=looks)
    labels, found = segment_with_probabilities(model, image)
    for head, score in {"": "score_sem", "geo": "score_geo"}.items():
        expected = plainly(model, image, looks, score)
        np.testing.assert_allclose(found[head], expected, rtol=1e-4, atol=1e-6)
        assert np.array_equal(labels[head], found[head].argmax(axis=0))


def test_a_dense_net_looks_as_often(image):
    looks = Looks((0.75,), mirror=True)
    dense = Segmenter(small_model(), dense="rarefy", dense_stride=16, looks=looks)
    found = dense(image, probabilities=True).probabilities
    np.testing.assert_allclose(found, plainly(dense.model, image, looks), rtol=1e-4, atol=1e-6)


def test_depth_is_never_mixed_with_what_is_not_known(image):
    depth = np.where(np.arange(70) % 3 == 1, np.nan, 2.0).astype(np.float32) * np.ones((50, 1))
    picture = Picture(image, {"depth": depth, "hha": image})
    small = resized(picture, (38, 53), "rgbd")
    assert set(small.extras) == {"depth"}
    assert small.extras["depth"].shape == (38, 53)
    known = ~np.isnan(small.extras["depth"])
    assert (small.extras["depth"][known] == 2.0).all() and 0.5 < known.mean() < 0.8
    hha = resized(picture, (38, 53), "hha").extras["hha"]
    assert np.array_equal(hha, resized(picture, (38, 53), "rgb").image)


@pytest.mark.parametrize("modality", ["rgbd", "hha", "rgb-hha"])
def test_depth_is_mirrored_with_its_image(modality, image):
    model = small_model(modality=modality)._replace(looks=Looks((1.0,), mirror=True))
    depth = np.random.default_rng(4).uniform(1, 5, (50, 70)).astype(np.float32)
    extras = {"depth": depth, "hha": image[::-1]}
    _, found = segment_with_probabilities(model, image, extras=extras)
    expected = []
    for step in (1, -1):
        parts = {name: array[:, ::step] for name, array in extras.items()}
        inputs = net_inputs(image[:, ::step], parts, model.preprocess, modality)
        data = {name: array[None] for name, array in inputs.items()}
        exp = np.exp(model.net.forward(data, outputs=["score"])[0]["score"][0])
        expected.append((exp / exp.sum(axis=0))[..., ::step])
    np.testing.assert_allclose(found[""], np.mean(expected, axis=0), rtol=1e-4, atol=1e-6)


def test_looks_for_which_there_is_no_memory_are_refused(model, image, monkeypatch):
    model = model._replace(looks=Looks((0.75, 2.0)))
    monkeypatch.setattr(scores, "memory", lambda: Memory(1 << 17, 1 << 17))
    with pytest.raises(DataError, match=r"at 0.75 and 2 of their size, take .* look at them once"):
        segment_all(model, image)


def test_an_image_too_small_at_a_scale_is_refused_with_the_scale():
    spec = ModelSpec("fcn32s", "googlenet", len(NAMES), 1 / 64, "faithful")
    model = small_model()._replace(net=build(spec), spec=spec, looks=Looks((1.0, 0.1)))
    image = np.zeros((50, 70, 3), np.uint8)
    with pytest.raises(DataError, match="50 x 70 pixels at 0.1 of its size: .* too small for"):
        segment_all(model, image)


@pytest.mark.parametrize("looks", [Looks((0.75, 1.0), mirror=True), Looks((1.4,))], ids=str)
def test_a_device_finds_what_the_host_finds(looks, image, monkeypatch):
    expected_labels, expected = segment_with_probabilities(
        small_model()._replace(looks=looks), image
    )
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    model = small_model()._replace(looks=looks)
    model.net.to(cupy)
    labels, found = segment_with_probabilities(model, image, cupy)
    assert isinstance(labels[""], cupy.ndarray)
    assert isinstance(found[""], np.ndarray)
    np.testing.assert_allclose(found[""], expected[""], rtol=1e-4, atol=1e-6)
    assert np.mean(labels[""].get() == expected_labels[""]) > 0.999


def test_a_segmenter_looks_as_its_file_says_unless_it_is_told(model, image):
    looks = Looks((0.75,), mirror=True)
    stored = model._replace(looks=looks)
    by_file, once = (
        Segmenter(stored, **how)(image, probabilities=True).probabilities
        for how in ({}, {"looks": Looks()})
    )
    assert np.array_equal(by_file, segment_with_probabilities(stored, image)[1][""])
    assert np.array_equal(once, segment_with_probabilities(model, image)[1][""])
    assert abs(once - by_file).max() > 1e-3


def test_they_are_counted_and_told():
    assert len(Looks()) == 1 and len(Looks((0.5, 1, 2), True)) == 6
    assert str(Looks((0.75, 1), True)) == "4 times, at 0.75 and 1 of their size and mirrored"
    assert Looks([1, 2]) == Looks((1.0, 2.0))  # as JSON has them


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be numbers, not ''"),
        ("1,", "must be numbers"),
        ("a", "must be numbers"),
        ("nan", "from 0.1 to 8"),
        ("0", "from 0.1 to 8"),
        ("1,1.0", "different from each other"),
        (",".join(str(1 + n / 100) for n in range(17)), "1 to 16 numbers, not 17"),
    ],
)
def test_scales_that_cannot_be_are_refused_on_the_command_line(text, message):
    with pytest.raises(argparse.ArgumentTypeError, match=message):
        scales_of(text)
    assert scales_of("0.75,1") == (0.75, 1.0)


def test_a_mirror_is_asked_for_by_true_alone():
    with pytest.raises(ValueError, match="mirror must be true or false, not 1"):
        Looks((1.0,), 1)
