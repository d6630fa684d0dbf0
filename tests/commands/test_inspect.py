"""The command that looks through a data set, as a user types it."""

import re

import numpy as np
import pytest
from helpers.data_files import add_picture, picture
from helpers.data_trees import make_context, make_sbd, make_siftflow, make_voc
from PIL import Image

from minifcn.data import Sample, open_dataset
from minifcn.data.palette import voc_palette, write_palette_png
from minifcn.inference.contact_sheet import contact_sheet
from minifcn.inspect import main, report_shared

LABEL = np.arange(48, dtype=np.uint8).reshape(6, 8) % 2


def make_folder(folder, label=LABEL):
    """Make a folder of one's own with six images and the classes road, car, tree."""
    for index in range(6):
        add_picture(folder / f"images/{index}.jpg", picture(index))
        write_palette_png(folder / f"labels/{index}.png", label)
    (folder / "classes.txt").write_text("road\ncar\ntree\n")
    return folder


def inspect(capsys, *arguments):
    """Return the command's status, what it printed, and what it printed as errors."""
    status = main([*map(str, arguments), "--threads", "2"])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture(autouse=True)
def _threads(threads):
    """Undo what the command sets."""


def test_classes_sizes_and_colours_are_counted(tmp_path, capsys):
    label = LABEL.copy()
    label[0] = 255
    status, out, _ = inspect(capsys, "folder", "--data-dir", make_folder(tmp_path, label))
    assert status == 0
    assert re.search(r"folder train: \d images\n  looked at (\d) of \1, 0 unusable", out)
    assert "sizes (width x height): 8 x 6 (" in out and "mean RGB: 1" in out
    assert re.search(r"road +50\.000 +\d", out) and re.search(r"tree +0\.000 +0", out)
    assert "ignored (255): 16.667 % of all pixels" in out
    assert "never seen in these images: tree" in out
    assert "folder train and folder val share no image" in out


def test_broken_files_are_named_and_the_status_is_1(tmp_path, capsys):
    root = make_voc(tmp_path, {"2011": {"train": "abc", "val": "d"}}) / "VOC2011"
    image, label = root / "JPEGImages/a.jpg", root / "SegmentationClass/b.png"
    image.write_bytes(image.read_bytes()[:300])
    write_palette_png(label, LABEL.T)
    status, out, _ = inspect(capsys, "voc", "--data-dir", tmp_path)
    assert status == 1 and "looked at 3 of 3, 2 unusable" in out
    assert f"unusable: image {image} cannot be decoded" in out
    assert f"label map {label} is 6 x 8" in out


def test_values_that_are_no_class_are_said_once_for_all_files(tmp_path, capsys):
    status, out, _ = inspect(capsys, "folder", "--data-dir", make_folder(tmp_path, LABEL * 11))
    assert status == 1 and out.count("holds the value 11") == 2  # once for each split
    assert re.search(r'"ignore: 11".*\(the same: \d(, \d)*(, ...)?; \d in all\)', out)
    folder = ("--data-dir", tmp_path, "--ignore", 11)
    assert inspect(capsys, "folder", *folder)[0] == 0


@pytest.mark.parametrize(
    ("pixels", "status", "words"),
    [
        (LABEL * 255, 0, "masks in black and white"),
        (voc_palette()[LABEL], 1, r'/\d\.png is an RGB picture.*"palette": "voc" in classes\.json'),
    ],
)
def test_maps_coded_otherwise_are_pointed_out(tmp_path, capsys, pixels, status, words):
    make_folder(tmp_path)
    for path in (tmp_path / "labels").iterdir():
        add_picture(path, pixels)
    found, out, _ = inspect(capsys, "folder", "--data-dir", tmp_path)
    assert found == status and re.search(words, out)


def test_images_in_two_splits_are_named(tmp_path, capsys):
    make_voc(tmp_path, {"2011": {"train": "abc", "val": "bcd"}})
    status, out, _ = inspect(capsys, "voc", "--data-dir", tmp_path)
    assert status == 0 and "voc train and voc val share 2 images (b, c)" in out


def test_sbd_is_compared_with_vocs_validation_images_if_there_are_any(tmp_path, capsys):
    make_sbd(tmp_path, {"train": "bx", "val": "c"})
    status, out, _ = inspect(capsys, "sbd", "--data-dir", tmp_path)
    assert status == 0 and "not compared with" in out
    make_voc(tmp_path, {"2011": {"train": "a", "val": "bc"}})
    status, out, _ = inspect(capsys, "sbd", "--data-dir", tmp_path)
    assert status == 0 and "sbd train and voc val share 1 images (b)" in out
    status, out, _ = inspect(capsys, "voc", "--sbd", "--data-dir", tmp_path)
    assert status == 0 and "voc train and voc val share no image" in out


def test_a_comparison_that_fails_is_an_error(tmp_path, capsys):
    root = make_voc(tmp_path, {"2011": {"train": "a", "val": "b"}}) / "VOC2011"
    splits = [(name, open_dataset("voc", name, data_dir=tmp_path)) for name in ("train", "val")]
    assert report_shared(*splits)
    (root / "JPEGImages/b.jpg").unlink()
    assert not report_shared(*splits)
    assert "train and val cannot be compared: image" in capsys.readouterr().err


def test_both_heads_of_siftflow_are_counted_and_shown(tmp_path, capsys):
    make_siftflow(tmp_path)
    arguments = ("siftflow", "--data-dir", tmp_path, "-o", tmp_path / "out")
    status, out, _ = inspect(capsys, *arguments)
    assert status == 0 and re.search(r"window +\d", out) and re.search(r"vertical +33\.333", out)
    assert f"contact sheet: {tmp_path / 'out' / 'siftflow-val.png'}" in out
    with Image.open(tmp_path / "out" / "siftflow-train.png") as sheet:
        assert sheet.mode == "RGB"


def test_one_split_a_limit_and_a_data_set_that_is_not_there(tmp_path, capsys):
    status, out, _ = inspect(capsys, "shapes", "--images", 2)
    assert status == 0 and out.count("looked at 2 of ") == 2
    status, _, err = inspect(capsys, "context", "--data-dir", tmp_path)
    assert status == 1 and "no PASCAL-Context" in err
    make_context(tmp_path)
    status, out, _ = inspect(capsys, "context", "--data-dir", tmp_path, "--split", "train")
    assert status == 0 and "context train: 2 images" in out and "context val" not in out


def test_many_sizes_and_problems_are_summed_up(tmp_path, capsys):
    root = make_voc(tmp_path, {"2011": {"train": "abcdefghijklmnopqr"}}) / "VOC2011"
    for size, name in enumerate("abcdefg", 10):
        Image.new("RGB", (size, 5)).save(root / f"JPEGImages/{name}.jpg")
        write_palette_png(root / f"SegmentationClass/{name}.png", np.zeros((5, size), np.uint8))
    for index, name in enumerate("hijklmnopqr"):
        wrong = np.zeros((5, 1 + index), np.uint8)
        write_palette_png(root / f"SegmentationClass/{name}.png", wrong)
    status, out, _ = inspect(capsys, "voc", "--data-dir", tmp_path, "--split", "train")
    assert status == 1 and "and 2 others, all within 10..16 x 5..5" in out
    assert "unusable: 1 others: r" in out


def test_a_sheet_shows_the_colours_of_every_head(tmp_path):
    make_siftflow(tmp_path)
    dataset = open_dataset("siftflow", "train", data_dir=tmp_path)
    sheet = contact_sheet(dataset, [0, 1])
    for label, palette in (
        (dataset[0].label, dataset.palette),
        (dataset[0].extra_labels["geo"], dataset.extra_palettes["geo"]),
    ):
        shown = palette[label]
        windows = np.lib.stride_tricks.sliding_window_view(sheet, shown.shape)[:, :, 0]
        assert (windows == shown).all(axis=(2, 3, 4)).any()


class Large:
    """A data set of one large image."""

    class_names = ("a", "b")
    palette = voc_palette()

    def __getitem__(self, index):
        return Sample("large", np.zeros((600, 800, 3), np.uint8), np.ones((600, 800), np.uint8))


def test_a_sheet_shrinks_large_images():
    height, width = contact_sheet(Large(), [0]).shape[:2]
    assert 180 < height < 320 and 480 < width < 600
