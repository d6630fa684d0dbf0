"""What goes wrong ends in one sentence and a status that is not 0, in every command."""

import json
import os
import re
import shutil
import subprocess
import sys
from io import BytesIO

import numpy as np
import pytest
from helpers.tiny_run import TINY
from PIL import Image

from minifcn.__main__ import main
from minifcn.data import images
from minifcn.data.shapes import ShapesDataset
from minifcn.inference import segmenter
from minifcn.system.resources import shipped_weights
from minifcn.training import run_files
from minifcn.weights.store import load_weights, save_weights


@pytest.fixture
def here(run, tmp_path, monkeypatch):
    """A folder to work in, with a run, a photograph, a data set, and a file in the way."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run, "run")
    shapes = ShapesDataset("train", size=(40, 48))
    for folder in ("data/images", "data/labels"):
        (tmp_path / folder).mkdir(parents=True)
    for index in range(4):
        Image.fromarray(shapes[index].image).save(f"data/images/{index}.png")
        Image.fromarray(shapes[index].label).save(f"data/labels/{index}.png")
    (tmp_path / "data/classes.txt").write_text("\n".join(shapes.class_names))
    Image.fromarray(shapes[0].image).save("photo.png")
    Image.fromarray(np.full((20, 30), 1000, np.uint16)).save("depth.png")
    (tmp_path / "file").write_text("in the way")
    return tmp_path


def said(capsys) -> str:
    """Return the one sentence that was said of an error, without the bars before it."""
    (line,) = re.findall(r"error: .*", capsys.readouterr().err)
    return line


@pytest.mark.parametrize(
    "arguments",
    [
        ["train", "shapes", *TINY, "--out", "file/run"],
        ["predict", "run", "photo.png", "-o", "file"],
        ["evaluate", "run", "shapes", "--limit", "1", "--json", "file/f.json"],
        ["inspect", "folder", "--data-dir", "data", "-o", "file"],
        ["hha", "depth.png", "-o", "file/hha.png"],
        ["convert", "run/weights.h5", "-o", "file/weights.h5"],
        ["download", "nyud-splits", "--dir", "file"],
        ["pretrain", "shapes", "--width", "0.015625", "--smoke", "-o", "file/w.h5"],
        ["demo", "--smoke", "--out", "file"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_file_in_the_place_of_a_folder_is_told_of(arguments, here, capsys):
    assert main(arguments) == 1
    assert "file" in said(capsys)
    assert (here / "file").read_text() == "in the way"


def test_what_there_is_no_memory_for_is_told_of(here, monkeypatch, capsys):
    def starved(*_, **__):
        raise MemoryError("Unable to allocate 9.00 GiB")

    monkeypatch.setattr(segmenter, "segment_all", starved)
    assert main(["predict", "run", "photo.png"]) == 1
    assert "out of memory (Unable to allocate 9.00 GiB; " in said(capsys)


def test_a_reader_that_has_seen_enough_ends_no_training(tmp_path):
    command = [sys.executable, "-m", "minifcn.train", "shapes", *TINY, "--out", tmp_path / "run"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait(timeout=60) == 0
    assert b"Traceback" not in errors
    assert (tmp_path / "run/results.json").exists()


def picture(form: str) -> bytes:
    content = BytesIO()
    Image.new("RGB", (40, 40)).save(content, form)
    return content.getvalue()


DDS = b"DDS " + bytes.fromhex("7c000000") + bytes(120)
AVIF = b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf" + bytes(200)


@pytest.mark.parametrize(
    "content",
    [AVIF, DDS, picture("PNG")[:60], picture("TIFF")[:60], b"", b"no picture"],
    ids=["AVIF", "DDS", "half a PNG", "half a TIFF", "empty", "text"],
)
def test_a_picture_that_cannot_be_read_is_named_and_the_others_are_done(content, here, capsys):
    (here / "bad.jpg").write_bytes(content)
    assert main(["predict", "run", "bad.jpg", "photo.png", "-o", "out"]) == 1
    assert "image bad.jpg" in said(capsys)
    assert (here / "out/photo_label.png").exists()


@pytest.mark.parametrize("error", [NotImplementedError, KeyError, RuntimeError, TypeError])
def test_whatever_a_reader_of_pictures_raises_is_told_of(error, here, monkeypatch, capsys):
    def broken(*_):
        raise error("in some format")

    monkeypatch.setattr(images.Image, "open", broken)
    assert main(["predict", "run", "photo.png"]) == 1
    assert "image photo.png cannot be decoded" in said(capsys)


def test_a_picture_of_a_billion_pixels_is_refused(here, monkeypatch, capsys):
    monkeypatch.setattr(images.Image, "MAX_IMAGE_PIXELS", 100)
    assert main(["predict", "run", "photo.png"]) == 1
    assert "too large to decode safely" in said(capsys)


@pytest.mark.parametrize("command", ["predict", "classify"])
def test_a_pipe_is_not_waited_for(command, here, capsys):
    os.mkfifo("pipe.png")
    model = "run" if command == "predict" else str(shipped_weights("vgg16-shapes"))
    assert main([command, model, "pipe.png"]) == 1
    assert "pipe.png is a pipe or a device" in said(capsys)


@pytest.mark.parametrize("arguments", [["predict", "photo.png"], ["evaluate", "shapes"]])
def test_a_classifier_is_called_one(arguments, here, capsys):
    command, other = arguments
    assert main([command, str(shipped_weights("vgg16-shapes")), other]) == 1
    assert "holds a classifier, which names what is in an image: use minifcn.cl" in said(capsys)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(value, here, capsys):
    params, attributes = load_weights("run/weights.h5")
    params["conv2_1/weight"].flat[3] = value
    save_weights("bad.h5", params, attributes)
    assert main(["predict", "bad.h5", "photo.png"]) == 1
    assert "conv2_1/weight holds values that are infinite or not a number" in said(capsys)


def test_names_do_not_command_the_terminal(here, capsys):
    name = "\x1b[31mred\n.png"
    shutil.copyfile("photo.png", name)
    (here / "\x1b[2Jbad.png").write_bytes(b"bad")
    assert main(["predict", "run", name, "\x1b[2Jbad.png", "-o", "out"]) == 1
    out, error = capsys.readouterr()
    assert "\x1b[3" not in out + error and "\x1b[2" not in out + error
    assert r"\x1b[31mred" in out and r"\x1b[2Jbad.png" in error


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_labels_that_are_all_ignored_are_told_of(command, here, capsys):
    for path in (here / "data/labels").iterdir():
        Image.fromarray(np.full((40, 48), 255, np.uint8)).save(path)
    arguments = {"train": ["folder", *TINY, "--out", "new"], "evaluate": ["run", "folder"]}
    assert main([command, *arguments[command], "--data-dir", "data"]) == 1
    assert "255 everywhere, so there is nothing to" in said(capsys)
    assert not (here / "new").exists()


def test_a_run_whose_folder_vanishes_ends(here, monkeypatch, capsys):
    save = run_files.save_checkpoint

    def vanish(path, *rest):
        save(path, *rest)
        shutil.rmtree("new")

    monkeypatch.setattr(run_files, "save_checkpoint", vanish)
    assert main(["train", "shapes", *TINY, "--out", "new"]) == 1
    assert "new has gone while the net was trained" in said(capsys)
    assert not (here / "new").exists()


@pytest.mark.parametrize("listed", ["../0", "{}/elsewhere/0.png", "images/../../0"])
def test_images_outside_of_the_data_are_not_read(listed, here, capsys):
    for split in ("train", "val"):
        (here / f"data/{split}.txt").write_text(listed.format(here))
    assert main(["inspect", "folder", "--data-dir", "data", "--split", "val"]) == 1
    assert "leads out of the folder of the data" in said(capsys)


@pytest.mark.parametrize("name", ["a\nb", "", "\ud800", "\x1b[31m", "x" * 300])
def test_class_names_that_cannot_be_written_are_found_before_a_training(name, here, capsys):
    names = [*ShapesDataset("train").class_names[:-1], name]
    (here / "data/classes.txt").unlink()
    (here / "data/classes.json").write_text(json.dumps({"classes": names}))
    assert main(["train", "folder", "--data-dir", "data", *TINY, "--out", "new"]) == 1
    assert "classes.json: " in said(capsys)
    assert not (here / "new").exists()


def test_a_path_of_convolution_that_there_is_not_is_refused_before_anything_is_written(
    here, capsys, monkeypatch
):
    monkeypatch.setenv("MINIFCN_CONV", "winogard")
    assert main(["train", "shapes", *TINY, "--out", "new"]) == 1
    assert "MINIFCN_CONV must be one of im2col, strips" in said(capsys)
    assert not (here / "new").exists()
