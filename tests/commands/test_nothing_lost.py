"""No command writes over what it reads, nor over files that are there."""

import shutil

import numpy as np
import pytest
from helpers.tiny_run import TINY
from PIL import Image

from minifcn import train
from minifcn.__main__ import main
from minifcn.data.shapes import ShapesDataset
from minifcn.system.resources import shipped_weights

DATA = ["--data-dir", "data"]
DEPTH = np.random.default_rng(0).integers(900, 5000, (20, 30), np.uint16)


@pytest.fixture
def here(run, tmp_path, monkeypatch):
    """A folder to work in, with a run, photographs, a depth map, weights and a data set."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(run, "run")
    shapes = ShapesDataset("train", size=(40, 48))
    for folder in ("data/images", "data/labels", "a", "b"):
        (tmp_path / folder).mkdir(parents=True)
    for path in ("photo.png", "photo_label.png", "a/x.png", "b/x.png"):
        Image.fromarray(shapes[0].image).save(path)
    for index in range(4):
        Image.fromarray(shapes[index].image).save(f"data/images/{index}.png")
        Image.fromarray(shapes[index].label).save(f"data/labels/{index}.png")
    (tmp_path / "data/classes.txt").write_text("\n".join(shapes.class_names))
    Image.fromarray(DEPTH).save("depth.png")
    shutil.copyfile(shipped_weights("vgg16-shapes"), "weights.h5")
    return tmp_path


def contents(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


OVER_INPUTS = {
    "predict": ["predict", "run", "photo.png", "photo_label.png", "-o", "."],
    "convert": ["convert", "weights.h5", "-o", "weights.h5"],
    "export": ["export", "weights.h5", "-o", "./weights.h5"],
    "hha": ["hha", "depth.png", "-o", "depth.png"],
    "evaluate, weights": ["evaluate", "run", "shapes", "--json", "run/weights.h5"],
    "report": ["report", "run", "-o", "run/weights.h5"],
    "explore": ["explore", "run", "photo.png", "-o", "photo.png"],
    "evaluate, data": ["evaluate", "run", "folder", *DATA, "--json", "data/labels/1.png"],
}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("case", OVER_INPUTS)
def test_what_is_read_is_never_written(case, overwrite, here, capsys):
    before = contents(here)
    assert main([*OVER_INPUTS[case], *(["--overwrite"] if overwrite else [])]) == 1
    assert "is read, or lies in a folder that is, so it cannot be" in capsys.readouterr().err
    assert contents(here) == before


OVER_OTHERS = {
    "predict": (["predict", "run", "photo.png", "-o", "out"], "out/photo_overlay.png"),
    "convert": (["convert", "weights.h5", "-o", "out.h5"], "out.h5"),
    "hha": (["hha", "depth.png", "-o", "hha.png"], "hha.png"),
    "evaluate": (["evaluate", "run", "shapes", "--limit", "1", "--json", "f.json"], "f.json"),
    "evaluate, worst": (
        ["evaluate", "run", "shapes", "--limit", "1", "--worst", "1", "-o", "w.png"],
        "w.png",
    ),
    "evaluate, confusion": (
        ["evaluate", "run", "shapes", "--limit", "1", "--confusion", "c.csv"],
        "c.csv",
    ),
    "report": (["report", "run", "-o", "r.html"], "r.html"),
    "explore": (["explore", "run", "photo.png", "-o", "e.html"], "e.html"),
    "inspect": (["inspect", "folder", *DATA, "-o", "s"], "s/folder-val.png"),
    "pretrain": (["pretrain", "shapes", "--smoke", "--width", "0.015625", "-o", "w.h5"], "w.h5"),
}


@pytest.mark.parametrize("case", OVER_OTHERS)
def test_a_file_that_is_there_is_only_replaced_if_that_is_asked_for(case, here, capsys):
    arguments, name = OVER_OTHERS[case]
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).write_text("precious")
    before = contents(here)
    assert main(arguments) == 1
    assert f"{name} is there already" in capsys.readouterr().err
    assert contents(here) == before
    assert main([*arguments, "--overwrite"]) == 0
    assert (here / name).read_bytes() != b"precious"


@pytest.mark.parametrize("name", ["weights.h5", "log.jsonl", "samples/a.png", "README.md"])
def test_a_run_starts_in_no_folder_that_holds_what_it_would_write(name, tmp_path, capsys):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("precious")
    assert train.main(["shapes", *TINY, "--out", str(tmp_path)]) == 1
    assert "which a run would write over; give another --out" in capsys.readouterr().err
    assert list(contents(tmp_path)) == [tmp_path / name]


def test_a_run_that_never_began_does_not_block_its_folder(tmp_path, capsys):
    (tmp_path / "config.json").write_text("{}")
    assert train.main(["shapes", *TINY, "--out", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["demo", "--smoke", "--out", "."], "demo.png"),
        (["train", "shapes", *TINY, "--lr-search", "1e-3", "--out", "."], "lr-search.json"),
    ],
)
def test_other_results_are_not_written_over_either(arguments, name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("precious")
    assert main(arguments) == 1
    assert f"{name} is there already" in capsys.readouterr().err
    assert (tmp_path / name).read_text() == "precious"


def test_images_of_one_name_have_outputs_of_their_own(here, capsys):
    assert main(["predict", "run", "a/x.png", "b/x.png", "-o", "out"]) == 0
    assert "b/x.png is written as x_2" in capsys.readouterr().out
    names = {path.name for path in (here / "out").iterdir()}
    assert names == {"x_label.png", "x_overlay.png", "x_2_label.png", "x_2_overlay.png"}
