"""The predict command: which net segments, and which arguments are the images."""

import json
import re
import shutil
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from helpers.drawn import draw_all
from helpers.preprocessing import CAFFE_VOC
from PIL import Image

from minifcn.data.palette import read_label
from minifcn.data.voc import VOC_CLASSES
from minifcn.inference.jobs import Job
from minifcn.inference.model import Model, save_model
from minifcn.models import ModelSpec, build
from minifcn.predict import main, model_and_images, units
from minifcn.system import resources
from minifcn.system.records import SettingsError

CLASSES = {"shipped": 15, "run": 8, "own": 12}  # the class that each net sees everywhere


def save_net(file: Path, number: int) -> None:
    """Write a net that gives every pixel one class."""
    spec = ModelSpec("fcn32s", "googlenet", len(VOC_CLASSES), 1 / 64, "same")
    net = draw_all(build(spec))
    net.params["score_fr/weight"][...] = 0
    net.params["score_fr/bias"][...] = np.arange(spec.num_classes) == number
    palette = [[0, 0, 0]] * spec.num_classes
    save_model(file, Model(net, spec, CAFFE_VOC, VOC_CLASSES, palette), dtype="float16")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with a shipped net, a run, a weight file and photographs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(resources, "FOLDERS", (tmp_path / "shipped",))
    save_net(tmp_path / f"shipped/{resources.SEGMENTER}.h5", CLASSES["shipped"])
    save_net(tmp_path / "run/weights.h5", CLASSES["run"])
    save_net(tmp_path / "own.h5", CLASSES["own"])
    pixels = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    Image.fromarray(pixels).save("photo.png")
    shutil.copyfile("photo.png", "plain")
    shutil.copyfile("own.h5", "weights")
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun/config.json").write_text("{}")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "net"),
    [
        (["photo.png"], "shipped"),
        (["plain"], "shipped"),
        (["run", "photo.png"], "run"),
        (["own.h5", "photo.png"], "own"),
        (["weights", "photo.png"], "own"),
        (["--model", "run", "photo.png"], "run"),
        (["photo.png", "--model", "own.h5"], "own"),
    ],
)
def test_the_first_argument_is_the_net_if_it_is_one_and_otherwise_ours_is_taken(
    arguments, net, here, capsys
):
    assert main([*arguments, "-o", "out"]) == 0
    (file,) = Path("out").glob("*_label.png")
    assert (read_label(file) == CLASSES[net]).all()
    said = "no run or weight file is given: taking fcn8s-googlenet-voc" in capsys.readouterr().out
    assert said == (net == "shipped")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "there is nothing to segment: give images after run"),
        (["photo.png", "run"], "run is a run .* no image: give it first, or by --model"),
        (["run", "photo.png", "own.h5"], "own.h5 is a run .* no image: run is the model already"),
        (["own.h5", "photo.png", "weights"], "weights is a run or a weight file"),
        (["--model", "run", "own.h5", "photo.png"], "own.h5 is a run .*: run is the model already"),
        (["begun", "photo.png"], "begun: holds no weights.h5; is it the folder of a run"),
        (["-", "photo.png"], "- is one image on standard input"),
        (["nowhere", "photo.png"], "nowhere: there is no such file"),
        (["nowhere.h5", "photo.png"], "nowhere.h5: there is no such file"),
        (["net.safetensors", "photo.png"], "net.safetensors: there is no such file"),
    ],
)
def test_what_could_be_meant_otherwise_is_refused(arguments, message, here, capsys):
    assert main([*arguments, "-o", "out"]) == 1
    assert re.search(f"error: {message}", capsys.readouterr().err)
    assert not Path("out").exists()


def test_a_photograph_that_is_not_there_is_no_run(here, capsys):
    assert main(["nowhere.jpg", "photo.png", "-o", "out"]) == 1
    assert "image nowhere.jpg does not exist" in capsys.readouterr().err
    assert [path.name for path in sorted(Path("out").iterdir())] == [
        "photo_label.png",
        "photo_overlay.png",
    ]


def test_weights_that_do_not_come_with_the_package_are_missed_by_name(here, capsys):
    shutil.rmtree("shipped")
    assert main(["photo.png", "-o", "out"]) == 1
    assert "no weights called 'fcn8s-googlenet-voc' come with minifcn" in capsys.readouterr().err


def test_the_option_leaves_all_arguments_to_the_images():
    images = [Path("a.jpg"), Path("nowhere")]
    assert model_and_images(Path("run"), images) == (Path("run"), images)
    with pytest.raises(SettingsError, match="nothing to segment"):
        model_and_images(None, [Path("nowhere")])


class Streams:
    """Standard input with a picture, and a standard output for bytes."""

    def __init__(self, content: bytes) -> None:
        self.buffer = BytesIO(content)
        self.encoding = "utf-8"

    def isatty(self) -> bool:
        return False

    def flush(self) -> None: ...


def streamed(arguments, monkeypatch, content: bytes) -> tuple[int, bytes]:
    """Run the command with a picture on standard input; return its status, and what came out."""
    out = Streams(b"")
    monkeypatch.setattr("sys.stdin", Streams(content))
    monkeypatch.setattr("sys.stdout", out)
    return main(arguments), out.buffer.getvalue()


@pytest.mark.parametrize(("only", "mode"), [([], "P"), (["--only", "overlay"], "RGB")])
def test_a_picture_goes_through_the_standard_streams_alone(only, mode, here, monkeypatch, capsys):
    status, out = streamed(["own.h5", "-", *only], monkeypatch, Path("photo.png").read_bytes())
    assert status == 0
    with Image.open(BytesIO(out)) as picture:
        assert picture.mode == mode
        assert mode != "P" or (np.asarray(picture) == CLASSES["own"]).all()
    assert "computing on" in capsys.readouterr().err
    assert not Path("predictions").exists()


def test_nothing_comes_out_for_what_is_no_picture(here, monkeypatch, capsys):
    assert streamed(["own.h5", "-"], monkeypatch, b"no picture") == (1, b"")
    assert "image given as bytes is not in a picture format" in capsys.readouterr().err


def test_a_folder_is_segmented_broken_pictures_are_told_of_once_and_others_left_out(here, capsys):
    Path("photos").mkdir()
    for name in ("b.png", "a.png"):
        shutil.copyfile("photo.png", f"photos/{name}")
    Path("photos/broken.jpg").write_bytes(b"no picture")
    Path("photos/notes.txt").touch()
    assert main(["own.h5", "photos", "none*", "-o", "out", "--json", "found.json"]) == 1
    out, error = capsys.readouterr()
    assert error.count("broken.jpg") == 1 and "no file is called as none* says" in error
    assert re.findall(r"^photos\S+", out, re.M) == [
        f"photos/{x}" for x in ("a.png", "b.png", "broken.jpg")
    ]
    name = VOC_CLASSES[CLASSES["own"]]
    assert re.search(rf"photos/a.png +{name} 100% +\d+\.\d\d$", out, re.M)
    assert "no pictures by their names, left out: 1" in out
    first, _, broken = json.loads(Path("found.json").read_text())["images"]
    assert first["classes"] == {name: 1.0}
    assert first["files"] == [str(Path("out") / f"a_{kind}.png") for kind in ("label", "overlay")]
    assert "error" in broken
    assert len(list(Path("out").iterdir())) == 4


@pytest.mark.parametrize(
    ("options", "written"),
    [
        (["--only", "label"], {"photo_label.png"}),
        (["--only", "overlay"], {"photo_overlay.png"}),
        (
            ["--only", "label", "--probabilities", "npz"],
            {"photo_label.png", "photo_probabilities.npz"},
        ),
    ],
)
def test_what_is_asked_for_is_written_and_no_more(options, written, here):
    assert main(["own.h5", "photo.png", "-o", "out", *options]) == 0
    assert {path.name for path in Path("out").iterdir()} == written


def test_of_a_pattern_that_matches_nothing_only_that_is_said(here, capsys):
    assert main(["own.h5", "none*", "-o", "out"]) == 1
    said = capsys.readouterr()
    assert "image" not in said.out and "0 of 0" not in said.out
    assert said.err == "error: no file is called as none* says\n"


def test_without_the_library_for_videos_the_photographs_are_segmented(here, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "av", None)
    (here / "street.mp4").write_bytes(b"")
    assert main(["street.mp4", "photo.png"]) == 1
    said = capsys.readouterr()
    assert "pip install 'minifcn[video]'" in said.err and "1 of 2 are in predictions" in said.out
    assert (here / "predictions/photo_label.png").exists()


def test_frames_are_counted_as_such():
    videos = [Job(Path(f"{name}.mp4"), Path(name), [], 9) for name in "ab"]
    photo = Job(Path("c.png"), Path("c"), [], 1)
    assert units(videos) == "frames"
    assert units([*videos, photo]) == "images and frames"
    assert units([photo]) == units([]) == "images"


def test_a_report_is_not_written_over_either(here, capsys):
    Path("found.json").write_text("precious")
    assert main(["own.h5", "photo.png", "-o", "out", "--json", "found.json"]) == 1
    assert "found.json is there already" in capsys.readouterr().err
    assert not Path("out").exists()


def test_dense_scores_are_asked_for_by_name_and_stride(here, capsys):
    for method in ("rarefy", "stitch"):
        options = ["--dense", method, "--dense-stride", "16", "-o", method]
        assert main(["own.h5", "photo.png", *options]) == 0
        assert (read_label(Path(method, "photo_label.png")) == CLASSES["own"]).all()
    for options, message in (
        (["--dense", "rarefy", "--dense-stride", "5"], "--dense rarefy: dense output: .* every 5"),
        (["--dense-stride", "8"], "--dense-stride is of --dense rarefy or stitch"),
    ):
        assert main(["own.h5", "photo.png", *options, "-o", "other"]) == 1
        assert re.search(message, capsys.readouterr().err)


def test_a_net_with_skips_is_not_made_dense(here, capsys):
    spec = ModelSpec("fcn8s", "googlenet", len(VOC_CLASSES), 1 / 64, "same")
    palette = [[0, 0, 0]] * spec.num_classes
    net = draw_all(build(spec))
    save_model(here / "fine.h5", Model(net, spec, CAFFE_VOC, VOC_CLASSES, palette))
    assert main(["fine.h5", "photo.png", "--dense", "stitch"]) == 1
    assert "--dense stitch: dense output: the net has skips" in capsys.readouterr().err
