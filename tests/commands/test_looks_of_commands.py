"""How a net looks at images, through the commands: said by `convert`, kept in the file, used."""

import json

import numpy as np
import pytest
from helpers.tiny_run import TINY
from PIL import Image

from minifcn.__main__ import main
from minifcn.inference.looks import Looks
from minifcn.inference.model import load_model

ONCE = ["--scales", "1", "--no-mirror"]
SAID = "looked at 4 times, at 0.75 and 1 of their size and mirrored"


@pytest.fixture(scope="module")
def file(run):
    """Return a weight file that says how images are to be looked at."""
    path = run.parent / "looks.h5"
    looks = ["--scales", "0.75,1", "--mirror"]
    assert main(["convert", str(run), "--half", *looks, "-o", str(path)]) == 0
    return path


def test_convert_says_what_is_in_the_file(file, tmp_path, capsys):
    assert load_model(file).looks == Looks((0.75, 1.0), mirror=True)
    assert main(["convert", "--inspect", str(file)]) == 0
    assert 'looks: {"scales": [0.75, 1.0], "mirror": true}' in capsys.readouterr().out
    assert main(["convert", str(file), "-o", str(tmp_path / "copy.h5")]) == 0
    assert f"images will be {SAID}" in capsys.readouterr().out
    once = tmp_path / "once.h5"
    assert main(["convert", str(file), *ONCE, "-o", str(once)]) == 0
    assert "looked at" not in capsys.readouterr().out
    assert load_model(once).looks == Looks()


def test_convert_refuses_looks_of_a_classifier(tmp_path, capsys):
    out = tmp_path / "net.h5"
    arguments = ["convert", "weights/vgg16-shapes.h5", "--mirror", "-o", str(out)]
    assert main(arguments) == 1
    assert "the weights of a classifier: leave --scales and --mirror out" in capsys.readouterr().err
    assert not out.exists()


def test_evaluate_looks_as_the_file_says_unless_options_say_otherwise(file, tmp_path, capsys):
    figures = {}
    for name, options in {
        "file": [],
        "the same": ["--scales", "0.75,1", "--mirror"],
        "once": ONCE,
        "half": ["--scales", "0.5"],
    }.items():
        out = tmp_path / f"{name}.json"
        arguments = [str(file), "shapes", "--limit", "2", *options, "--json", str(out)]
        assert main(["evaluate", *arguments]) == 0
        assert (f"images were {SAID}" in capsys.readouterr().out) == (name in ("file", "the same"))
        figures[name] = json.loads(out.read_text())
    assert figures["file"] == figures["the same"]
    assert figures["once"]["looks"] == {"scales": [1.0], "mirror": False}
    assert figures["half"]["looks"] == {"scales": [0.5], "mirror": True}


def test_evaluate_draws_the_worst_images_by_the_same_looks(file, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "minifcn.inference.apply.several_looks",
        lambda model, picture, *_: (
            seen.append(model.looks) or {"": np.zeros(picture.size, np.uint8)}
        ),
    )
    out = ["--worst", "1", "-o", str(tmp_path / "worst.png")]
    assert main(["evaluate", str(file), "shapes", "--limit", "2", *out]) == 0
    assert seen == [Looks((0.75, 1.0), mirror=True)] * 3


def test_predict_writes_the_mean_of_the_looks(file, run, tmp_path):
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (40, 48, 3), np.uint8)).save(tmp_path / "a.png")
    shares = {}
    for name, model, options in (
        ("file", file, []),
        ("told", file, ONCE),
        ("mirrored", file, ["--scales", "1"]),
        ("small", file, ["--scales", "0.75"]),
    ):
        out = ["-o", str(tmp_path / name), "--probabilities", "npz", *options]
        assert main(["predict", str(model), str(tmp_path / "a.png"), *out]) == 0
        shares[name] = np.load(tmp_path / name / "a_probabilities.npz")["probabilities"]
    mean = (shares["mirrored"] + shares["small"]) / 2
    np.testing.assert_allclose(shares["file"], mean, atol=1e-6)
    assert abs(shares["file"] - shares["told"]).max() > 1e-6


def test_a_training_starts_from_the_weights_and_leaves_the_looks(file, tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["train", "shapes", *TINY, "--weights", str(file), "--out", out]) == 0
    assert load_model(out).looks == Looks()


def test_export_says_that_other_programs_look_once(file, run, tmp_path, capsys):
    net = tmp_path / "net.pth"
    assert main(["export", str(file), "-o", str(net)]) == 0
    assert f"minifcn looks at images {SAID[10:]}; other programs" in capsys.readouterr().out
    assert load_model(net).looks == Looks((0.75, 1.0), mirror=True)
    assert main(["export", str(run), "-o", str(tmp_path / "once.pth")]) == 0
    assert "looks" not in capsys.readouterr().out


def test_explore_says_that_it_shows_one_look(file, tmp_path, capsys):
    assert main(["explore", str(file), "val_00000", "-o", str(tmp_path / "page.html")]) == 0
    assert "the page shows one look; predict looks at images 4 times" in capsys.readouterr().out
