"""Folders of one's own images and label maps: the three layouts, options and errors."""

from __future__ import annotations

import json

import numpy as np
import pytest
from helpers.data_files import add_pair, label_map, picture
from PIL import Image

from minifcn.data.dataset import DataError
from minifcn.data.folder import FolderDataset
from minifcn.data.palette import voc_palette


def classes_json(folder, **content):
    (folder / "classes.json").write_text(json.dumps({"classes": ["nothing", "thing"], **content}))


# The three layouts


@pytest.fixture
def split_folder(tmp_path):
    for split, names in (("train", "ab"), ("val", "a")):
        for seed, name in enumerate(names):
            image = tmp_path / "images" / split / f"{name}.png"
            add_pair(image, tmp_path / "labels" / split / f"{name}.png", seed=seed)
    (tmp_path / "classes.txt").write_text("nothing\nthing\n")
    return tmp_path


def test_folders_for_splits(split_folder):
    dataset = FolderDataset("train", split_folder)
    assert dataset.ids == ["a", "b"] and dataset.class_names == ("nothing", "thing")
    assert dataset.image_path(1) == split_folder / "images" / "train" / "b.png"


def test_a_split_without_a_folder_is_refused(split_folder):
    with pytest.raises(DataError, match=r"no split 'test' in .*images, only train, val"):
        FolderDataset("test", split_folder)


def test_a_split_without_labels_is_refused(split_folder):
    (split_folder / "labels" / "val").rename(split_folder / "labels" / "valid")
    with pytest.raises(DataError, match=r"labels.val does not exist"):
        FolderDataset("val", split_folder)


def test_lists_for_splits(own_folder):
    (own_folder / "train.txt").write_text("n3\nn1.png\n\n")
    (own_folder / "val.txt").write_text("images/n2.png\n")
    assert FolderDataset("train", own_folder).ids == ["n3", "n1"]
    assert FolderDataset("val", own_folder).ids == ["n2"]


def test_a_name_with_dots_is_listed_as_it_is(own_folder):
    add_pair(own_folder / "images" / "x.1.png", own_folder / "labels" / "x.1.png")
    (own_folder / "train.txt").write_text("x.1\n")
    assert FolderDataset("train", own_folder).ids == ["x.1"]


def test_a_split_without_a_list_is_refused(own_folder):
    (own_folder / "train.txt").write_text("n3\n")
    with pytest.raises(DataError, match=r"no list val\.txt in .*, only train"):
        FolderDataset("val", own_folder)


def test_listed_names_without_files_are_counted(own_folder):
    (own_folder / "train.txt").write_text("n1\nx\ny\n")
    with pytest.raises(DataError, match=r"train\.txt lists 3 names, 2 of them .*\(x, y\)"):
        FolderDataset("train", own_folder)


def test_a_fraction_is_held_out(own_folder):
    train, val = (FolderDataset(s, own_folder, fraction=0.3) for s in ("train", "val"))
    assert val.ids and sorted(train.ids + val.ids) == [f"n{i}" for i in range(10)]


def test_held_out_names_stay_so_when_files_are_added(own_folder):
    before = FolderDataset("val", own_folder, fraction=0.5).ids
    for i in range(10):
        add_pair(own_folder / "images" / f"m{i}.png", own_folder / "labels" / f"m{i}.png")
    after = FolderDataset("val", own_folder, fraction=0.5).ids
    assert [name for name in after if name.startswith("n")] == before


def test_another_seed_holds_out_others(own_folder):
    held_out = {tuple(FolderDataset("val", own_folder, seed=seed).ids) for seed in range(5)}
    assert len(held_out) > 1


@pytest.mark.parametrize("fraction", [1e-6, 1 - 1e-6])
def test_neither_side_is_empty(own_folder, fraction):
    lengths = [len(FolderDataset(s, own_folder, fraction=fraction)) for s in ("train", "val")]
    assert sorted(lengths) == [1, 9]


def test_other_splits_need_folders_or_lists(own_folder):
    with pytest.raises(DataError, match=r"no split 'test' .*only train and val"):
        FolderDataset("test", own_folder)


# Reading


def test_a_sample(own_folder):
    dataset = FolderDataset("train", own_folder)
    sample = dataset[0]
    assert sample.id == dataset.ids[0]
    assert np.array_equal(sample.image, picture(int(sample.id[1:])))
    assert np.array_equal(sample.label, label_map(1)) and sample.label.dtype == np.uint8


@pytest.fixture
def value_11(own_folder):
    """Let the label maps hold 11 where the two classes end at 1."""
    for path in (own_folder / "labels").iterdir():
        Image.fromarray(label_map(11)).save(path)
    return own_folder


def test_values_that_are_no_class_are_refused_with_the_remedy(value_11):
    with pytest.raises(DataError, match=r"value 11, but .* 0\.\.1 .*\"ignore: 11\".* --ignore 11"):
        FolderDataset("train", value_11)[0]


def test_a_value_is_ignored_by_option(value_11):
    label = FolderDataset("train", value_11, ignore=11)[0].label
    assert np.array_equal(label, label_map(255))


def test_a_value_is_ignored_by_the_classes_file(value_11):
    (value_11 / "classes.txt").write_text("nothing\nthing\nignore: 11\n")
    assert np.array_equal(FolderDataset("train", value_11)[0].label, label_map(255))


def test_the_option_goes_before_the_classes_file(value_11):
    (value_11 / "classes.txt").write_text("nothing\nthing\nignore: 7\n")
    assert FolderDataset("train", value_11, ignore=11).ignore == 11


def test_maps_coded_by_colour(own_folder):
    colours = np.array([[9, 9, 9], [200, 0, 0], [0, 0, 0]], np.uint8)
    classes_json(own_folder, ignore=2, palette=colours.tolist())
    values = np.minimum(label_map(1), 2)
    for path in (own_folder / "labels").iterdir():
        Image.fromarray(colours[values]).save(path)
    dataset = FolderDataset("train", own_folder)
    assert np.array_equal(dataset[0].label, label_map(1))
    assert np.array_equal(dataset.palette[:3], colours)
    assert np.array_equal(dataset.palette[3:], voc_palette()[3:])


def test_maps_coded_by_colour_are_refused_without_a_palette(own_folder):
    for path in (own_folder / "labels").iterdir():
        Image.fromarray(voc_palette()[label_map(1)]).save(path)
    with pytest.raises(DataError, match=r'"palette": "voc" in classes\.json reads it'):
        FolderDataset("train", own_folder)[0]
    classes_json(own_folder, palette="voc")
    assert np.array_equal(FolderDataset("train", own_folder)[0].label, label_map(1))


# What does not fit


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"images does not exist; --data-dir \(or MINIFCN_DATA\)"):
        FolderDataset("train", tmp_path)


def test_empty_folders_are_refused(own_folder):
    for path in (own_folder / "images").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"images has no files of a kind .*\.jpg"):
        FolderDataset("train", own_folder)


def test_label_maps_saved_as_jpeg_are_not_found(own_folder):
    for path in (own_folder / "labels").iterdir():
        path.rename(path.with_suffix(".jpg"))
    with pytest.raises(DataError, match=r"labels has no files of a kind .*\.png"):
        FolderDataset("train", own_folder)


def test_unmatched_names_are_counted(own_folder):
    for name in ("n0", "n1", "n2", "n3", "n4"):
        (own_folder / "labels" / f"{name}.png").unlink()
    (own_folder / "images" / "n9.png").unlink()
    with pytest.raises(DataError) as error:
        FolderDataset("train", own_folder)
    assert "5 of 9 images have no label map (n0, n1, n2, ...)" in str(error.value)
    assert "1 of 5 label maps have no image (n9) of the same name;" in str(error.value)


def test_two_images_of_one_name_are_refused(own_folder):
    (own_folder / "images" / "n0.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"n0\.jpg and n0\.png have the same name"):
        FolderDataset("train", own_folder)


def test_other_files_are_passed_by(own_folder):
    for name in (".DS_Store", "Thumbs.db", ".n0.png"):
        (own_folder / "images" / name).write_bytes(b"")
    assert len(FolderDataset("train", own_folder)) + len(FolderDataset("val", own_folder)) == 10


def test_one_image_cannot_be_split(own_folder):
    for folder in ("images", "labels"):
        for i in range(1, 10):
            (own_folder / folder / f"n{i}.png").unlink()
    with pytest.raises(DataError, match="one image, n0, cannot be split"):
        FolderDataset("train", own_folder)


@pytest.mark.parametrize("options", [{"fraction": 0.0}, {"fraction": 1.0}, {"ignore": 256}])
def test_options_out_of_range_are_refused(own_folder, options):
    with pytest.raises(DataError, match=f"{next(iter(options))} must be"):
        FolderDataset("train", own_folder, **options)
