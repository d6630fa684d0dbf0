"""The classify command: the likeliest classes, and where in an image one of them is seen."""

import re

import numpy as np
import pytest
from helpers.drawn import draw_all
from helpers.preprocessing import CAFFE_VOC
from PIL import Image

from minifcn.classify import class_number, main
from minifcn.inference.model import Model, save_model
from minifcn.models import ModelSpec, build
from minifcn.system.records import SettingsError

NAMES = ("tabby, tabby cat", "crane", "Egyptian cat", "crane", "cock")
PICTURE = "heat-maps/photo_heat_map.png"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with a classifier of 64 x 64 pixels and two images."""
    monkeypatch.chdir(tmp_path)
    net = draw_all(build(spec := ModelSpec("classifier", "googlenet", 5, 1 / 32, "same")))
    save_model(tmp_path / "net.h5", Model(net, spec, CAFFE_VOC, NAMES, []))
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    Image.fromarray(pixels).save("photo.png")
    Image.fromarray(pixels[:40]).save("small.png")
    return tmp_path


def test_the_likeliest_classes_are_printed_and_nothing_is_written(here, capsys):
    before = set(here.iterdir())
    assert main(["net.h5", "photo.png", "--top", "2"]) == 0
    shares = re.findall(r"^ +([\d.]+)%  .+ \(\d\)$", capsys.readouterr().out, re.MULTILINE)
    assert len(shares) == 2 and float(shares[0]) >= float(shares[1])
    assert set(here.iterdir()) == before


def test_a_heat_map_is_of_the_likeliest_class(here, capsys):
    assert main(["net.h5", "photo.png", "--heat-map"]) == 0
    _, _, best, *_, last = capsys.readouterr().out.splitlines()
    name = re.sub(r"^ +[\d.]+%  ", "", best)
    assert f"{PICTURE}: {name}, at most" in last
    with Image.open(PICTURE) as picture:
        assert picture.width == 120 and picture.height > 90


def test_a_heat_map_is_of_the_class_that_is_asked_for(here, capsys):
    assert main(["net.h5", "photo.png", "--heat-map", "--class", "Tabby Cat", "-o", "out"]) == 0
    assert "out/photo_heat_map.png: tabby, tabby cat (0), at most" in capsys.readouterr().out


def test_an_image_that_is_too_small_does_not_keep_the_others_from_theirs(here, capsys):
    assert main(["net.h5", "small.png", "photo.png", "--heat-map"]) == 1
    assert "40 x 120 pixels is too small" in capsys.readouterr().err
    assert [path.name for path in (here / "heat-maps").iterdir()] == ["photo_heat_map.png"]


def test_a_heat_map_is_only_replaced_if_that_is_asked_for(here, capsys):
    arguments = ["net.h5", "photo.png", "--heat-map"]
    assert main(arguments) == 0
    assert main(arguments) == 1
    assert "photo_heat_map.png is there already" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0


def test_a_class_without_a_heat_map_is_refused(here, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["net.h5", "photo.png", "--class", "crane"])
    assert stop.value.code == 2
    assert "--class says what is drawn by --heat-map" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", 1), ("tabby", 0), ("tabby cat", 0), ("Tabby, tabby cat", 0), (" egyptian CAT ", 2)],
)
def test_a_class_has_a_number_and_names(text, number):
    assert class_number(text, NAMES) == number


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("crane", "2 classes are called 'crane'.*one of 1, 3"),
        ("egyptian cta", "no class of 0 to 4 is called 'egyptian cta'; did you mean egyptian cat"),
        ("5", "no class of 0 to 4 is called '5'$"),
    ],
)
def test_what_is_no_single_class_is_refused(text, message):
    with pytest.raises(SettingsError, match=message):
        class_number(text, NAMES)
