"""What is subtracted from images: the weights' own mean, or that of the data trained on."""

import json

import numpy as np
import pytest
from helpers.data_trees import make_siftflow
from helpers.nyud_files import IDS, make_nyud_folder, scene
from helpers.preprocessing import CAFFE_VOC, TORCHVISION
from PIL import Image

from minifcn import evaluate, predict, train
from minifcn.data import open_dataset
from minifcn.data.inputs import net_inputs
from minifcn.data.transforms import Preprocess
from minifcn.inference.model import Model, load_model, save_model
from minifcn.models.build import ModelSpec, build
from minifcn.training.prepare import make_model
from minifcn.training.settings import Settings, SettingsError, resolve

WIDTH = 1 / 64
NYUD = (116.190, 97.203, 92.318)  # blue, green, red
HHA = (132.431, 94.076, 118.477)  # disparity, height, angle
SIFT = (114.578, 115.294, 108.353)


@pytest.fixture
def nyud(tmp_path):
    """The scenes that are trained on, of noise."""
    make_nyud_folder(tmp_path)
    return open_dataset("nyud", "trainval", data_dir=tmp_path)


def weights(folder, preprocess=CAFFE_VOC, modality="rgb"):
    """Write the weights of an FCN that was trained on something else; return their file."""
    spec = ModelSpec("fcn32s", "vgg16", 5, WIDTH, "same", modality=modality)
    file = folder / "weights.h5"
    save_model(file, Model(build(spec), spec, preprocess, ("a",) * 5, []))
    return str(file)


def model_for(dataset, weights, **given):
    given = {"arch": "fcn32s", "width": WIDTH, "padding": "same", **given}
    settings = resolve(dataset.name, weights=weights, **given)
    return make_model(settings, dataset)


def blue_green_red(sample_id):
    return scene(sample_id)["images"][..., ::-1].transpose(2, 0, 1).astype(np.float32)


def channels(*mean):
    return np.array(mean, np.float32)[:, None, None]


@pytest.mark.parametrize("modality", ["rgb", "rgbd", "hha", "rgb-hha"])
def test_nyud_is_seen_as_the_reference_sees_it(modality, nyud, tmp_path):
    model = model_for(nyud, weights(tmp_path), modality=modality)
    sample = nyud[0]
    inputs = net_inputs(sample.image, sample.extras, model.preprocess, modality)
    raw = scene(sample.id)
    colour = blue_green_red(sample.id) - channels(*NYUD)
    hha = raw["hha"].transpose(2, 0, 1) - channels(*HHA)
    log_depth = np.log(raw["depth"].astype(np.float64)) - 7.844
    expected = {
        "rgb": {"data": colour},
        "rgbd": {"data": np.concatenate([colour, log_depth[None]])},
        "hha": {"data": hha},
        "rgb-hha": {"data": colour, "hha": hha},
    }[modality]
    assert list(inputs) == list(expected)
    for name, array in expected.items():
        np.testing.assert_allclose(inputs[name], array, rtol=1e-5, atol=1e-5)


def test_siftflow_too(tmp_path):
    make_siftflow(tmp_path)
    dataset = open_dataset("siftflow", "train", data_dir=tmp_path)
    model = model_for(dataset, weights(tmp_path))
    assert model.preprocess == Preprocess("BGR", SIFT)


@pytest.mark.parametrize("dataset", ["shapes", "voc", "sbd", "context", "folder"])
def test_elsewhere_it_is_the_weights_own(dataset):
    assert resolve(dataset).mean == "weights"


@pytest.mark.parametrize(
    ("start", "given", "expected"),
    [
        (CAFFE_VOC, {"mean": "weights"}, CAFFE_VOC),
        # Order and scale stay those of the weights.
        (TORCHVISION, {}, Preprocess("RGB", NYUD[::-1], TORCHVISION.scale)),
        (None, {}, Preprocess("BGR", NYUD, 1 / 64)),
        # Three numbers are blue, green and red; of a net that sees HHA they are its channels'.
        (TORCHVISION, {"mean": [1, 2, 3]}, Preprocess("RGB", (3, 2, 1), TORCHVISION.scale)),
        (CAFFE_VOC, {"mean": [1, 2, 3], "modality": "hha"}, Preprocess("RGB", (1, 2, 3))),
    ],
)
def test_what_is_subtracted_from_nyud(start, given, expected, nyud, tmp_path):
    file = "none" if start is None else weights(tmp_path, start)
    assert model_for(nyud, file, **given).preprocess == expected


def test_a_config_holds_the_numbers():
    settings = resolve("siftflow")
    assert settings.mean == list(SIFT)
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize("mean", ["median", [1, 2], ["a", 1, 2], [1, 2, 256], [1, 2, float("nan")]])
def test_what_is_no_mean_is_refused(mean):
    with pytest.raises(SettingsError, match="mean must be 'weights', 'reference' or three numbers"):
        resolve("shapes", mean=mean)
    with pytest.raises(SettingsError, match="no mean of shapes; it has those of voc, sbd, context"):
        resolve("shapes", mean="reference")


@pytest.mark.parametrize(
    ("option", "expected"),
    [([], NYUD), (["--mean", "reference"], NYUD), (["--mean", "1,2.5,3"], (1, 2.5, 3))],
)
def test_a_run_is_evaluated_and_segments_with_what_it_was_trained_with(
    option, expected, nyud, tmp_path, monkeypatch, capsys
):
    seen = set()
    convert = Preprocess.__call__
    monkeypatch.setattr(
        Preprocess, "__call__", lambda self, image: seen.add(self.mean) or convert(self, image)
    )
    run, where = str(tmp_path / "run"), ["--data-dir", str(tmp_path)]
    tiny = ["--width", str(WIDTH), "--weights", weights(tmp_path), "--padding", "same", "--smoke"]
    assert train.main(["nyud", *where, *tiny, *option, "--out", run]) == 0
    assert load_model(run).preprocess.mean == expected
    assert evaluate.main([run, "nyud", *where, "--split", "test"]) == 0
    Image.fromarray(scene(IDS[0])["images"]).save(tmp_path / "room.png")
    assert predict.main([run, str(tmp_path / "room.png"), "-o", str(tmp_path / "out")]) == 0
    assert seen == {expected}


def test_a_resumed_run_keeps_its_mean(nyud, tmp_path, capsys):
    run, where = str(tmp_path / "run"), ["--data-dir", str(tmp_path)]
    tiny = ["--width", str(WIDTH), "--weights", "none", "--padding", "same", "--smoke"]
    assert train.main(["nyud", *where, *tiny, "--mean", "1,2,3", "--out", run]) == 0
    assert train.main(["nyud", *where, *tiny, "--out", run, "--resume"]) == 0
    assert load_model(run).preprocess.mean == (1, 2, 3)


@pytest.mark.parametrize("mean", ["1,2", "blue", "1,2,x"])
def test_the_command_refuses_what_is_no_mean(mean, capsys):
    assert train.main(["shapes", "--mean", mean]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: --mean must be 'weights', 'reference' or three numbers of 0")
