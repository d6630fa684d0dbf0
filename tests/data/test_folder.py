"""Folders of one's own images and label maps: the three layouts, options and errors."""

import json

import numpy as np
import pytest
from helpers.data_files import add_pair, edit, label_map, picture

from minifcn.data.dataset import DataError
from minifcn.data.folder import FolderDataset
from minifcn.data.palette import voc_palette

TEN = [f"n{i}" for i in range(10)]


def classes_json(**content):
    return {"classes.json": json.dumps({"classes": ["nothing", "thing"], **content})}


def maps(pixels):
    """Return the changes that put other label maps in the folder."""
    return {f"labels/{name}.png": pixels for name in TEN}


def without(folder, names):
    return {f"{folder}/{name}.png": None for name in names}


@pytest.fixture
def split_folder(tmp_path):
    for seed, name in enumerate(("train/a", "train/b", "val/a")):
        add_pair(tmp_path / f"images/{name}.png", tmp_path / f"labels/{name}.png", seed)
    (tmp_path / "classes.txt").write_text("nothing\nthing\n")
    return tmp_path


def test_folders_for_splits(split_folder):
    dataset = FolderDataset("train", split_folder)
    assert dataset.ids == ["a", "b"] and dataset.class_names == ("nothing", "thing")
    assert dataset.image_path(1) == split_folder / "images" / "train" / "b.png"


def test_lists_for_splits(own_folder):
    add_pair(own_folder / "images" / "x.1.png", own_folder / "labels" / "x.1.png")
    edit(own_folder, {"train.txt": "n3\nn1.png\n\nx.1\n", "val.txt": "images/n2.png\n"})
    assert FolderDataset("train", own_folder).ids == ["n3", "n1", "x.1"]
    assert FolderDataset("val", own_folder).ids == ["n2"]


def test_a_fraction_is_held_out(own_folder):
    train, val = (FolderDataset(s, own_folder, fraction=0.3) for s in ("train", "val"))
    assert val.ids and sorted(train.ids + val.ids) == TEN


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


def test_other_files_are_passed_by(own_folder):
    for name in (".DS_Store", "Thumbs.db", ".n0.png"):
        (own_folder / "images" / name).write_bytes(b"")
    assert len(FolderDataset("train", own_folder)) + len(FolderDataset("val", own_folder)) == 10


# Reading


def test_a_sample(own_folder):
    dataset = FolderDataset("train", own_folder)
    sample = dataset[0]
    assert sample.id == dataset.ids[0]
    assert np.array_equal(sample.image, picture(int(sample.id[1:])))
    assert np.array_equal(sample.label, label_map(1)) and sample.label.dtype == np.uint8


@pytest.mark.parametrize(
    ("options", "classes"),
    [
        ({"ignore": 11}, "nothing\nthing\n"),
        ({}, "nothing\nthing\nignore: 11\n"),
        ({"ignore": 11}, "nothing\nthing\nignore: 7\n"),  # the option goes before the file
    ],
)
def test_a_value_is_ignored_by_option_or_by_the_classes_file(own_folder, options, classes):
    edit(own_folder, {**maps(label_map(11)), "classes.txt": classes})
    label = FolderDataset("train", own_folder, **options)[0].label
    assert np.array_equal(label, label_map(255))


def test_maps_coded_by_colour(own_folder):
    colours = np.array([[9, 9, 9], [200, 0, 0], [0, 0, 0]], np.uint8)
    edit(own_folder, classes_json(ignore=2, palette=colours.tolist()))
    edit(own_folder, maps(colours[np.minimum(label_map(1), 2)]))
    dataset = FolderDataset("train", own_folder)
    assert np.array_equal(dataset[0].label, label_map(1))
    assert np.array_equal(dataset.palette[:3], colours)
    assert np.array_equal(dataset.palette[3:], voc_palette()[3:])


def test_maps_coded_by_vocs_colours(own_folder):
    edit(own_folder, maps(voc_palette()[label_map(1)]) | classes_json(palette="voc"))
    assert np.array_equal(FolderDataset("train", own_folder)[0].label, label_map(1))


# What does not fit


@pytest.mark.parametrize(
    ("split", "changes", "words"),
    [
        ("test", {}, r"no split 'test' .*only train and val"),
        ("val", {"train.txt": "n3\n"}, r"no list val\.txt in .*, only train"),
        (
            *("train", {"train.txt": "n1\nx\ny\n"}),
            r"train\.txt lists 3 names, 2 of them .*\(x, y\)",
        ),
        ("train", {"images": None}, r"images does not exist; --data-dir \(or MINIFCN_DATA\)"),
        ("train", without("images", TEN), r"images has no images, which are files like \.jpg"),
        (
            *("train", without("labels", TEN[:5]) | without("images", TEN[9:])),
            r"5 of 9 images have no label map \(n0, n1, n2, \.\.\.\).*"
            r"1 of 5 label maps have no image \(n9\) of the same name;",
        ),
        ("train", {"images/n0.jpg": ""}, r"n0\.jpg and n0\.png have the same name"),
        (
            *("train", without("images", TEN[1:]) | without("labels", TEN[1:])),
            "one image, n0, cannot be split",
        ),
        (
            *("train", maps(label_map(11))),
            r"value 11, but .* 0\.\.1 .*\"ignore: 11\".* --ignore 11",
        ),
        (
            *("train", maps(voc_palette()[label_map(1)])),
            r'"palette": "voc" in classes\.json reads it',
        ),
    ],
)
def test_what_does_not_fit_is_refused(own_folder, split, changes, words):
    edit(own_folder, changes)
    with pytest.raises(DataError, match=words):
        FolderDataset(split, own_folder)[0]


@pytest.mark.parametrize("count", [10, 3])
def test_label_maps_saved_as_jpeg_are_told_of(own_folder, count):
    for path in sorted((own_folder / "labels").iterdir())[:count]:
        path.rename(path.with_suffix(".jpg"))
    words = rf"^{count} \.jpg found in .*labels: JPEG destroys class indices; save .* as PNG$"
    with pytest.raises(DataError, match=words):
        FolderDataset("train", own_folder)


def call_masks(folder, end, to="labels"):
    for path in sorted((folder / "labels").iterdir()):
        path.rename(folder / to / f"{path.stem}{end}.png")


def test_label_maps_may_have_a_suffix(own_folder):
    plain = FolderDataset("train", own_folder)
    call_masks(own_folder, "_mask")
    words = (
        r"label maps are called as the images with '_mask' at the end \(n0_mask\.png for n0\): "
        r"give --label-suffix _mask$"
    )
    with pytest.raises(DataError, match=words):
        FolderDataset("train", own_folder)
    with pytest.raises(DataError, match=r"ends in '_L', only n0_mask, .*: correct --label-suffix"):
        FolderDataset("train", own_folder, label_suffix="_L")
    dataset = FolderDataset("train", own_folder, label_suffix="_mask")
    assert dataset.ids == plain.ids
    assert np.array_equal(dataset[0].label, label_map(1))


def test_label_maps_beside_the_images_are_told_of(own_folder):
    call_masks(own_folder, ".mask", "images")
    (own_folder / "labels").rmdir()
    with pytest.raises(
        DataError, match=r"\(\*\.mask\): move them to labels/ and give --label-suff"
    ):
        FolderDataset("train", own_folder)


def test_names_that_begin_as_others_make_no_suffix(own_folder):
    add_pair(own_folder / "images" / "n00.png", own_folder / "labels" / "n00.png")
    edit(own_folder, {"labels/n0.png": None})
    with pytest.raises(DataError, match=r"1 of 11 images have no label map \(n0\)"):
        FolderDataset("train", own_folder)


def test_a_split_without_a_folder_of_images_or_labels_is_refused(split_folder):
    with pytest.raises(DataError, match=r"no split 'test' in .*images, only train, val"):
        FolderDataset("test", split_folder)
    (split_folder / "labels" / "val").rename(split_folder / "labels" / "valid")
    with pytest.raises(DataError, match=r"labels.val does not exist"):
        FolderDataset("val", split_folder)


@pytest.mark.parametrize("options", [{"fraction": 0.0}, {"fraction": 1.0}, {"ignore": 256}])
def test_options_out_of_range_are_refused(own_folder, options):
    with pytest.raises(DataError, match=f"{next(iter(options))} must be"):
        FolderDataset("train", own_folder, **options)
