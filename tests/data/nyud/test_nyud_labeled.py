"""NYUDv2 from NYU's one file: read scene by scene, mapped to 40 classes, refused if damaged."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
from helpers.matlab_labels import add_mat
from helpers.nyud_files import IDS, MAPPING, make_nyud_labeled, scene

from minifcn.data.dataset import DataError
from minifcn.data.nyud import NYUDDataset


@pytest.fixture
def labeled(tmp_path):
    return make_nyud_labeled(tmp_path)


def changed(path, change):
    """Apply a change to the open HDF5 file."""
    with h5py.File(path, "r+") as file:
        change(file)


def replace(name, data, **options):
    def change(file):
        del file[name]
        if isinstance(data, h5py.ExternalLink):
            file[name] = data
        else:
            file.create_dataset(name, data=data, **options)

    return change


@pytest.mark.parametrize(
    ("split", "ids"), [("trainval", IDS[:3]), ("test", IDS[3:]), ("one", ["5002"])]
)
def test_the_splits_are_nyus_or_lists(labeled, split, ids):
    labeled.with_name("one.txt").write_text("5002\n")
    assert NYUDDataset(split, labeled.parent).ids == ids


def test_the_file_is_found_in_a_folder_nyud(labeled):
    folder = labeled.parent / "nyud"
    folder.mkdir()
    for file in labeled.parent.glob("*.mat"):
        file.rename(folder / file.name)
    assert len(NYUDDataset("test", folder.parent)) == 2


def test_each_scene_is_turned_back_and_its_labels_mapped(labeled):
    dataset = NYUDDataset("trainval", labeled.parent)
    for sample in dataset:
        stored = scene(sample.id)
        assert np.array_equal(sample.image, stored["images"])
        depth = sample.extras["depth"]
        assert depth.dtype == np.float32 and depth.flags.c_contiguous
        np.testing.assert_allclose(depth, stored["depth"] / 1000, rtol=1e-6)
        labels = stored["labels"].astype(int)
        assert (sample.label[labels == 0] == 255).all()
        assert np.array_equal(sample.label[labels > 0], MAPPING[labels[labels > 0] - 1] - 1)
    assert not hasattr(dataset, "image_path")


# ---------------------------------------------------------------------------------------------
# What is wrong
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", ["train", "val"])
def test_train_and_val_need_lists(labeled, split):
    with pytest.raises(DataError, match=rf"no .*{split}\.txt .* trainval and test are also in"):
        NYUDDataset(split, labeled.parent)


@pytest.mark.parametrize(
    ("file", "source"), [("classMapping40.mat", "nyud-gupta"), ("splits.mat", "nyud-splits")]
)
def test_a_missing_or_damaged_companion_is_named_with_its_source(labeled, file, source):
    path = labeled.with_name(file)
    path.write_bytes(path.read_bytes()[:140])
    with pytest.raises(DataError, match=rf"{file} cannot be read as .*{source}"):
        NYUDDataset("test", labeled.parent)
    path.unlink()
    with pytest.raises(DataError, match=rf"no.*test\.txt.*{source}|{file} does not.*{source}"):
        NYUDDataset("test", labeled.parent)


@pytest.mark.parametrize("mapping", [MAPPING[:893], MAPPING - 1, MAPPING + 0.5])
def test_a_mapping_of_another_kind_is_refused(labeled, mapping):
    add_mat(labeled.with_name("classMapping40.mat"), {"mapClass": mapping})
    with pytest.raises(DataError, match=r"mapClass must have 894 numbers within 1\.\.40"):
        NYUDDataset("test", labeled.parent)


@pytest.mark.parametrize("numbers", [[], [0], [1.5]])
def test_splits_that_are_no_numbers_of_scenes_are_refused(labeled, numbers):
    add_mat(labeled.with_name("splits.mat"), {"testNdxs": np.array(numbers)})
    with pytest.raises(DataError, match=r"splits\.mat: testNdxs must hold the numbers of scenes"):
        NYUDDataset("test", labeled.parent)


@pytest.mark.parametrize("name", ["5006", "5000", "kitchen"])
def test_a_scene_that_is_not_there_is_refused(labeled, name):
    labeled.with_name("mine.txt").write_text(f"{name}\n")
    with pytest.raises(DataError, match=rf"no scene '{name}'; the ids are 5001 to 5005"):
        NYUDDataset("mine", labeled.parent)[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.__delitem__("depths"), "it has no 'depths'"),
        (replace("labels", np.zeros((5, 8, 7), "u2"), chunks=(1, 8, 7)), "arrays of the shapes"),
        (replace("labels", np.zeros((5, 8, 6), "S2"), chunks=(1, 8, 6)), "not of plain numbers"),
        (replace("labels", np.zeros((5, 8, 6), "u2"), compression="lzf"), "another way than by gz"),
        (replace("labels", h5py.ExternalLink("other.mat", "/labels")), "'labels' is a link"),
        (lambda f: (f.__delitem__("images"), f.create_group("images")), "'images' is a group"),
    ],
)
def test_arrays_of_another_kind_are_refused(labeled, change, message):
    changed(labeled, change)
    with pytest.raises(DataError, match=rf"labeled\.mat .*{message}"):
        NYUDDataset("test", labeled.parent)[0]


def test_an_entry_that_claims_more_than_is_there_is_refused(labeled):
    def change(file):
        for name, shape in (("images", (5, 3)), ("depths", (5,)), ("labels", (5,))):
            del file[name]
            file.create_dataset(name, (*shape, 1 << 20, 1 << 20), "u1", chunks=True)

    changed(labeled, change)
    with pytest.raises(DataError, match=r"images, .* it would unfold to more than its size allows"):
        NYUDDataset("test", labeled.parent)[0]


def test_no_more_than_the_parts_of_a_scene_is_read(labeled):
    def change(file):
        del file["labels"]
        labels = file.create_dataset("labels", (5, 8, 6), "u2", chunks=(1, 8, 6))
        labels[3] = 1  # of the first scene of the test; the others are not there

    changed(labeled, change)
    assert (NYUDDataset("test", labeled.parent)[0].label == MAPPING[0] - 1).all()


def test_chunks_that_were_never_written_are_refused(labeled):
    def change(file):
        del file["labels"]
        file.create_dataset("labels", (5, 8, 6), "u2", chunks=(1, 8, 6))

    changed(labeled, change)
    with pytest.raises(DataError, match=r"parts that are not in the file"):
        NYUDDataset("test", labeled.parent)[0]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("labels", np.full((5, 8, 6), 895, np.uint16), r"labels from 895 to 895"),
        ("images", np.zeros((5, 3, 8, 6), np.float32), r"has float32 pixels"),
        ("depths", np.zeros((5, 8, 6), np.float32), r"scene 5004 in .*: .*holes only"),
    ],
)
def test_values_that_cannot_be_are_refused(labeled, name, data, message):
    changed(labeled, replace(name, data, chunks=(1, *data.shape[1:])))
    with pytest.raises(DataError, match=message):
        NYUDDataset("test", labeled.parent)[0]
