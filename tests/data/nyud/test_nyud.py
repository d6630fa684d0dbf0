"""NYUDv2 from the authors' folders: colour, depth, HHA, labels, lists."""

import numpy as np
import pytest
from helpers.data_files import add_mat, add_picture
from helpers.nyud_files import LABEL, make_nyud_folder, scene
from helpers.preprocessing import CAFFE_VOC

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


def test_trainval_is_train_and_then_val_or_a_list_of_its_own(nyud):
    assert NYUDDataset("trainval", nyud).ids == ["5003", "5001", "5002"]
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
    assert not dataset.palette[255].any()


def test_the_label_maps_may_lie_beside_the_images(nyud):
    (nyud / "segmentation").rename(nyud / "data" / "segmentation")
    assert (NYUDDataset("val", nyud)[0].label < 40).any()


def test_holes_in_the_depth_are_filled(nyud):
    pixels = scene("5002")["depth"]
    pixels[:2, :3] = 0
    pixels[2, :3] = pixels[0, 3] = 4000
    add_picture(nyud / "data/depth/img_5002.png", pixels)
    depth = NYUDDataset("val", nyud)[0].extras["depth"]
    assert (depth[1, :3] == 4).all() and (depth > 0).all()


def test_what_is_not_stored_is_left_out(nyud):
    (nyud / "data" / "hha").rename(nyud / "data" / "no hha")
    assert list(NYUDDataset("val", nyud)[0].extras) == ["depth"]  # whose camera is unknown
    (nyud / "data" / "depth").rename(nyud / "data" / "no depth")
    assert not NYUDDataset("val", nyud)[0].extras


@pytest.mark.parametrize("size", CAMERAS)
def test_hha_that_is_not_stored_is_computed_from_depth_and_camera(nyud, size):
    (nyud / "data" / "hha").rename(nyud / "data" / "no hha")
    stored = scene("5002", size)
    for kind in ("images", "depth"):
        add_picture(nyud / "data" / kind / "img_5002.png", stored[kind])
    add_mat(nyud / "segmentation/img_5002.mat", {"segmentation": np.ones(size, np.uint8)})
    sample = NYUDDataset("val", nyud)[0]
    assert dict(sample.extras).keys() == {"depth", "hha"} and len(sample.extras) == 2
    expected = encode_hha(sample.extras["depth"], CAMERAS[size])
    assert np.array_equal(sample.extras["hha"], expected)


def test_hha_is_not_computed_for_those_who_do_not_ask(nyud, monkeypatch):
    (nyud / "data" / "hha").rename(nyud / "data" / "no hha")
    camera = next(iter(CAMERAS.values()))
    monkeypatch.setattr("minifcn.data.nyud.dataset.CAMERAS", {(6, 8): camera})
    monkeypatch.setattr("minifcn.data.hha.encode_hha", lambda *_: pytest.fail("computed"))
    sample = NYUDDataset("val", nyud)[0]
    assert "hha" in sample.extras and "other" not in sample.extras
    assert net_inputs(sample.image, sample.extras, CAFFE_VOC, "rgbd")["data"].shape == (4, 6, 8)
