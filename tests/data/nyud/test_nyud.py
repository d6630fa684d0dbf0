"""NYUDv2 from the authors' folders: colour, depth, HHA, labels, lists, broken files."""

from __future__ import annotations

import numpy as np
import pytest
from helpers.nyud_files import LABEL, SPLITS, add_label, add_png, make_nyud_folder, scene
from helpers.preprocessing import CAFFE_VOC

from minifcn.data.dataset import DataError
from minifcn.data.hha import encode_hha
from minifcn.data.inputs import net_inputs
from minifcn.data.nyud.dataset import CAMERAS, NYUD_CLASSES, NYUDDataset


@pytest.fixture
def nyud(tmp_path):
    return make_nyud_folder(tmp_path)


def test_there_are_40_classes_in_the_order_of_gupta():
    assert len(set(NYUD_CLASSES)) == 40
    assert [NYUD_CLASSES[i] for i in (0, 1, 9, 19, 29, 30, 36, 39)] == [
        *("wall", "floor", "bookshelf", "floor mat", "whiteboard", "person", "bag", "otherprop")
    ]


@pytest.mark.parametrize("place", [".", ".."])
def test_the_folders_are_found_from_above_and_within(nyud, place):
    assert NYUDDataset("val", nyud / place).ids == SPLITS["val"]


def test_trainval_is_train_and_then_val(nyud):
    assert NYUDDataset("trainval", nyud).ids == ["5003", "5001", "5002"]


def test_a_list_of_trainval_is_taken_as_it_is(nyud):
    (nyud / "trainval.txt").write_text("5005\n")
    assert NYUDDataset("trainval", nyud).ids == ["5005"]


def test_a_scene_has_what_its_files_have(nyud):
    dataset = NYUDDataset("train", nyud)
    sample, stored = dataset[0], scene("5003")
    assert sample.id == "5003" and np.array_equal(sample.image, stored["images"])
    assert sample.label.dtype == np.uint8 and (sample.label[LABEL == 0] == 255).all()
    assert np.array_equal(sample.label[LABEL > 0], LABEL[LABEL > 0] - 1)
    depth, hha = sample.extras["depth"], sample.extras["hha"]
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, stored["depth"] / 1000, rtol=1e-6)
    assert np.array_equal(hha, stored["hha"])
    assert dataset.image_path(0) == nyud / "data" / "images" / "img_5003.png"
    assert dataset.palette.shape == (256, 3) and not dataset.palette[255].any()


def test_the_label_maps_may_lie_beside_the_images(nyud):
    (nyud / "segmentation").rename(nyud / "data" / "segmentation")
    assert (NYUDDataset("val", nyud)[0].label < 40).any()


def test_holes_in_the_depth_are_filled(nyud):
    pixels = scene("5002")["depth"]
    pixels[:2, :3] = 0
    pixels[2, :3] = pixels[0, 3] = 4000
    add_png(nyud, "depth", "5002", pixels)
    depth = NYUDDataset("val", nyud)[0].extras["depth"]
    assert (depth[1, :3] == 4).all() and (depth > 0).all()


def test_without_folders_of_depth_and_hha_there_is_colour_alone(nyud):
    for kind in ("depth", "hha"):
        (nyud / "data" / kind).rename(nyud / "data" / f"no {kind}")
    assert not NYUDDataset("val", nyud)[0].extras


@pytest.mark.parametrize("size", CAMERAS)
def test_hha_that_is_not_stored_is_computed_from_depth_and_camera(nyud, size):
    (nyud / "data" / "hha").rename(nyud / "data" / "no hha")
    stored = scene("5002", size)
    for kind in ("images", "depth"):
        add_png(nyud, kind, "5002", stored[kind])
    add_label(nyud, "5002", np.ones(size))
    sample = NYUDDataset("val", nyud)[0]
    assert dict(sample.extras).keys() == {"depth", "hha"} and len(sample.extras) == 2
    expected = encode_hha(sample.extras["depth"], CAMERAS[size])
    assert np.array_equal(sample.extras["hha"], expected)
    inputs = net_inputs(sample.image, sample.extras, CAFFE_VOC, "rgb-hha")
    assert inputs["hha"].shape == (3, *size)


def test_hha_is_not_computed_for_those_who_do_not_ask(nyud, monkeypatch):
    (nyud / "data" / "hha").rename(nyud / "data" / "no hha")
    camera = next(iter(CAMERAS.values()))
    monkeypatch.setattr("minifcn.data.nyud.dataset.CAMERAS", {(6, 8): camera})
    monkeypatch.setattr("minifcn.data.hha.encode_hha", lambda *_: pytest.fail("computed"))
    sample = NYUDDataset("val", nyud)[0]
    assert "hha" in sample.extras and "other" not in sample.extras
    assert net_inputs(sample.image, sample.extras, CAFFE_VOC, "rgbd")["data"].shape == (4, 6, 8)


def test_pictures_of_an_unknown_camera_come_without_computed_hha(nyud):
    (nyud / "data" / "hha").rename(nyud / "data" / "no hha")
    assert list(NYUDDataset("val", nyud)[0].extras) == ["depth"]


# ---------------------------------------------------------------------------------------------
# What is wrong
# ---------------------------------------------------------------------------------------------


def test_missing_data_say_how_to_get_them(tmp_path):
    with pytest.raises(DataError, match=r"no NYUDv2 .*img_<id>\.png or .*download nyud` "):
        NYUDDataset("train", tmp_path)


@pytest.mark.parametrize(
    ("split", "missing"), [("train", "train"), ("trainval", "val"), ("mine", "mine")]
)
def test_a_missing_list_says_where_to_get_it(nyud, split, missing):
    (nyud / f"{missing}.txt").unlink(missing_ok=True)
    with pytest.raises(DataError, match=rf"no .*{missing}\.txt \(one id a line.*data/nyud"):
        NYUDDataset(split, nyud)


def test_an_empty_list_is_refused(nyud):
    (nyud / "val.txt").write_text("\n")
    with pytest.raises(DataError, match="the list of val in .* is empty"):
        NYUDDataset("val", nyud)


def test_a_tree_without_label_maps_is_refused(nyud):
    (nyud / "segmentation").rename(nyud / "elsewhere")
    with pytest.raises(DataError, match=r"no folder segmentation"):
        NYUDDataset("val", nyud)


@pytest.mark.parametrize("kind", ["images", "depth", "hha"])
def test_a_damaged_or_missing_picture_is_named(nyud, kind):
    path = nyud / "data" / kind / "img_5002.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=rf"{kind}.img_5002\.png .*damaged"):
        NYUDDataset("val", nyud)[0]
    path.unlink()
    with pytest.raises(DataError, match=rf"{kind}.img_5002\.png does not exist"):
        NYUDDataset("val", nyud)[0]


@pytest.mark.parametrize("kind", ["depth", "hha"])
def test_a_picture_of_another_size_is_refused(nyud, kind):
    add_png(nyud, kind, "5002", scene("5002", (6, 9))[kind])
    with pytest.raises(DataError, match=rf"{kind}.img_5002\.png is 9 x 6 .* image is 8 x 6"):
        NYUDDataset("val", nyud)[0]


def test_a_depth_map_of_8_bits_is_refused(nyud):
    add_png(nyud, "depth", "5002", np.ones((6, 8), np.uint8))
    with pytest.raises(DataError, match=r"depth map .*5002\.png has pixels of mode L; .*16"):
        NYUDDataset("val", nyud)[0]


def test_a_depth_map_of_holes_is_refused(nyud):
    add_png(nyud, "depth", "5002", np.zeros((6, 8), np.uint16))
    with pytest.raises(DataError, match=r"depth map .*5002\.png is 0 everywhere"):
        NYUDDataset("val", nyud)[0]


@pytest.mark.parametrize("value", [41, 255])
def test_a_label_that_is_no_class_is_refused(nyud, value):
    add_label(nyud, "5002", np.full((6, 8), value))
    with pytest.raises(DataError, match=rf"img_5002\.mat holds {value}, but .* 0\.\.40;"):
        NYUDDataset("val", nyud)[0]
