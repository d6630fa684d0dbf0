"""NYUDv2 from NYU's one file: read scene by scene, mapped to 40 classes, refused if damaged."""

import h5py
import numpy as np
import pytest
from helpers.data_files import edit
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


def replace(name, *arguments, link=None, **options):
    """Return a change of the file: another array of that name, or a link."""

    def change(file):
        del file[name]
        if link is not None:
            file[name] = link
        else:
            file.create_dataset(name, *arguments, **options)

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


# What is wrong


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


@pytest.mark.parametrize(
    ("split", "changes", "words"),
    [
        *(
            ("test", {"classMapping40.mat": {"mapClass": mapping}}, r"894 numbers within 1\.\.40")
            for mapping in (MAPPING[:893], MAPPING - 1, MAPPING + 0.5)
        ),
        *(
            ("test", {"splits.mat": {"testNdxs": numbers}}, r"testNdxs must hold the numbers of sc")
            for numbers in ([], [0], [1.5])
        ),
        *(
            ("mine", {"mine.txt": f"{name}\n"}, rf"no scene '{name}'; the ids are 5001 to 5005")
            for name in ("5006", "5000", "kitchen")
        ),
    ],
)
def test_companions_and_lists_of_another_kind_are_refused(labeled, split, changes, words):
    edit(labeled.parent, changes)
    with pytest.raises(DataError, match=words):
        NYUDDataset(split, labeled.parent)[0]


def group(file):
    del file["images"]
    file.create_group("images")


def absurd(file):
    for name, shape in (("images", (5, 3)), ("depths", (5,)), ("labels", (5,))):
        replace(name, (*shape, 1 << 20, 1 << 20), "u1", chunks=True)(file)


MAPS, CHUNK = np.zeros((5, 8, 6), np.uint16), {"chunks": (1, 8, 6)}
PICTURES = np.zeros((5, 3, 8, 6), np.float32)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda file: file.__delitem__("depths"), "it has no 'depths'"),
        (replace("labels", (5, 8, 7), "u2", chunks=(1, 8, 7)), "arrays of the shapes"),
        (replace("labels", data=MAPS.astype("S2"), **CHUNK), "not of plain numbers"),
        (replace("labels", data=MAPS, compression="lzf"), "another way than by gz"),
        (replace("labels", link=h5py.ExternalLink("other.mat", "/labels")), "'labels' is a link"),
        (group, "'images' is a group"),
        (absurd, r"images, .* it would unfold to more than its size allows"),
        (replace("labels", (5, 8, 6), "u2", **CHUNK), "parts that are not in the file"),
        (replace("labels", data=MAPS + 895, **CHUNK), "labels from 895 to 895"),
        (replace("images", data=PICTURES, chunks=(1, 3, 8, 6)), "has float32 pixels"),
        (replace("depths", data=MAPS.astype("f4"), **CHUNK), "scene 5004 in .*: .*holes only"),
    ],
)
def test_arrays_of_another_kind_are_refused(labeled, change, words):
    changed(labeled, change)
    with pytest.raises(DataError, match=rf"(?=.*labeled\.mat).*{words}"):
        NYUDDataset("test", labeled.parent)[0]


def test_no_more_than_the_parts_of_a_scene_is_read(labeled):
    def change(file):
        replace("labels", (5, 8, 6), "u2", **CHUNK)(file)
        file["labels"][3] = 1  # of the first scene of the test; the others are not there

    changed(labeled, change)
    assert (NYUDDataset("test", labeled.parent)[0].label == MAPPING[0] - 1).all()
