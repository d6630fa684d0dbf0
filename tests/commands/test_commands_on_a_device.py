"""The commands with `--device gpu`, on the stand-in for CuPy: they find what the CPU finds."""

import json
import sys

import numpy as np
import pytest
from helpers.stand_in import cupy
from helpers.stand_in_array import counted
from helpers.tiny_run import TINY
from PIL import Image

from minifcn import classify, doctor, evaluate, predict, train
from minifcn.data.palette import read_label

GPU = ["--device", "gpu"]
pytestmark = pytest.mark.usefixtures("device")
NAME = "computing on stand-in through CuPy 14.0.0"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return the folder of a run that was begun on the device, and finished there."""
    folder = tmp_path_factory.mktemp("run") / "shapes"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", cupy)
        assert train.main(["shapes", *TINY, *GPU, "--out", str(folder)]) == 0
    return folder


def test_a_training_writes_finite_losses_and_whole_weights(run):
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    reports = [line for line in lines if "loss" in line]
    assert sum(report["steps"] for report in reports) == 2
    assert all(np.isfinite(report["loss"]) for report in reports)
    assert (run / "weights.h5").exists() and (run / "results.json").exists()


def test_a_training_goes_on_from_a_checkpoint_of_the_device(run, capsys):
    assert train.main(["shapes", "--resume", *GPU, "--out", str(run)]) == 0
    out = capsys.readouterr().out
    assert NAME in out and "going on from" in out


def test_an_evaluation_counts_the_pixels_that_the_cpu_counts(run, tmp_path, capsys):
    figures = {}
    for device in ("cpu", "gpu"):
        file = tmp_path / f"{device}.json"
        options = ["--limit", "3", "--device", device, "--json", str(file)]
        assert evaluate.main([str(run), "shapes", *options]) == 0
        figures[device] = json.loads(file.read_text())
    assert NAME in capsys.readouterr().out
    assert figures["gpu"] == figures["cpu"]


def test_of_an_evaluation_only_the_figures_come_to_the_host(run):
    with counted() as of_two:
        assert evaluate.main([str(run), "shapes", "--limit", "2", *GPU]) == 0
    with counted() as of_five:
        assert evaluate.main([str(run), "shapes", "--limit", "5", *GPU]) == 0
    assert of_five["download"] == of_two["download"]
    assert of_five["upload"] == of_two["upload"] + 3 * 2  # image and labels


@pytest.mark.parametrize("command", [predict, classify])
def test_a_prediction_is_that_of_the_cpu(command, run, tmp_path, capsys):
    image = np.random.default_rng(0).integers(0, 256, (70, 80, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    model = str(run) if command is predict else "weights/vgg16-shapes.h5"
    found = []
    for device in ("cpu", "gpu"):
        out = tmp_path / device
        options = [str(tmp_path / "a.png"), "--device", device]
        options += ["-o", str(out), "--probabilities", "npz"] if command is predict else []
        assert command.main([model, *options]) == 0
        first, *said = capsys.readouterr().out.splitlines()
        found.append(read_label(out / "a_label.png").tolist() if command is predict else said)
    assert first == NAME
    assert found[0] == found[1]
    if command is predict:
        files = [tmp_path / device / "a_probabilities.npz" for device in ("cpu", "gpu")]
        one, other = (np.load(file)["probabilities"] for file in files)
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_the_doctor_finds_that_the_device_computes_as_the_cpu_does(capsys):
    assert doctor.main(GPU) == 0
    assert "stand-in" in capsys.readouterr().out
