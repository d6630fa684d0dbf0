"""The settings of what is trained on: a part of the images, patches, weights in a file."""

import json

import numpy as np
import pytest
from helpers.tiny_run import TINY as TINY_RUN

from minifcn import train
from minifcn.data.dataset import DataError
from minifcn.data.shapes import ShapesDataset
from minifcn.net.heads import net_heads
from minifcn.reporting.fitting import fit
from minifcn.training.prepare import check_memory, make_model, open_splits
from minifcn.training.reporter import Reporter
from minifcn.training.run import execute
from minifcn.training.settings import SettingsError, resolve
from minifcn.weights.checkpoint import checkpoints, load_checkpoint

TINY = {"weights": "none", "width": 1 / 64, "batch_size": 2, "steps": 4, "evaluate_every": 2}
TINY |= {"evaluate_images": 1, "final_images": 1, "data_options": {"size": [32, 48], "length": 8}}


def tiny(**given):
    return resolve("shapes", **{**TINY, **given})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("3", "3"),
        (3, "3"),
        ("0.50", "0.5"),
        (0.5, "0.5"),
        (1.0, "1.0"),
        ("1", "1"),
        ("1e-1", "0.1"),
    ],
)
def test_a_number_of_images_is_kept_in_one_form(given, kept):
    assert tiny(images=given).images == kept


@pytest.mark.parametrize("images", ["0", 0, -1, "1.5", 200.0, "0.0", "many", "", True, "nan"])
def test_what_is_no_number_of_images_is_refused(images):
    with pytest.raises(SettingsError, match="--images must be "):
        tiny(images=images)


def test_another_seed_trains_on_the_same_images():
    first, second = (open_splits(tiny(images=3, seed=seed)) for seed in (0, 1))
    assert first[0].ids == second[0].ids and len(first[0].ids) == 3
    assert len(first[1]) == len(open_splits(tiny())[1])


def test_one_image_is_not_all_of_them(tmp_path):
    fit("shapes", tmp_path / "run", reporter=Reporter(), **{**TINY, "images": 1})
    with pytest.raises(SettingsError, match="--images was 1 when this run began"):
        fit("shapes", tmp_path / "run", reporter=Reporter(), resume=True, images="1.0")
    assert json.loads((tmp_path / "run" / "config.json").read_text())["images"][0] == 1


def test_patches_are_what_memory_is_needed_for():
    settings = tiny(patches=24)
    data, _ = open_splits(settings)
    memory = check_memory(make_model(settings, data), data, settings, np)
    assert memory.shape == (2, 3, 24, 24)


@pytest.mark.parametrize("normalization", ["valid", "batch"])
def test_the_default_rate_of_a_sum_is_for_the_pixels_that_it_is_over(normalization):
    def rate(**given):
        return resolve("shapes", normalization=normalization, **given).rate

    pixels = 128 * 128
    summed = normalization == "batch"
    assert rate(patches=32) / rate() == pytest.approx(pixels / 32**2 if summed else 1)
    assert rate(sample_loss=0.25) / rate() == pytest.approx(4 if summed else 1)
    assert rate(patches=1024) == rate()


def test_a_run_on_patches_that_is_resumed_repeats_what_it_would_have_done(tmp_path):
    settings = tiny(patches=24, scale="0.5,1.5", jitter=3, images="0.5")

    class Stopping(Reporter):
        def step(self, step, total):
            if step.number == 2:
                raise KeyboardInterrupt

    execute(settings, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        execute(settings, tmp_path / "killed", reporter=Stopping())
    execute(settings, tmp_path / "killed", resume=True)
    whole, killed = (
        load_checkpoint(checkpoints(tmp_path / name / "checkpoints")[0]).params
        for name in ("whole", "killed")
    )
    assert all(np.array_equal(whole[address], killed[address]) for address in whole)


def weights_file(folder, **changes):
    names = ShapesDataset("train", length=1).class_names
    weights = {**{name: 1 + number for number, name in enumerate(names)}, **changes}
    path = folder / "weights.json"
    path.write_text(json.dumps(weights))
    return path


def test_weights_in_a_file_are_those_of_the_loss_and_are_kept_with_the_run(tmp_path):
    path = weights_file(tmp_path)
    options = [*TINY_RUN, "--out", str(tmp_path / "run")]
    assert train.main(["shapes", *options, "--class-weights", str(path)]) == 0
    path.unlink()  # what is kept is enough
    settings = json.loads((tmp_path / "run" / "config.json").read_text())["settings"]
    assert list(settings["class_weights"].values()) == [1, 2, 3, 4, 5, 6, 7]
    again = ["shapes", "--resume", "--steps", "3", "--out", str(tmp_path / "run")]
    assert train.main(again) == 0


def test_the_loss_has_the_weights_of_the_file(tmp_path):
    data = ShapesDataset("train", length=1)
    net = make_model(tiny(class_weights=str(weights_file(tmp_path))), data).net
    (head,) = net_heads(net)
    assert head.layer.class_weight.tolist() == [*range(1, 1 + len(data.class_names))]


def test_weights_of_a_file_that_was_changed_are_refused_when_a_run_is_resumed(tmp_path):
    given = {**TINY, "class_weights": str(weights_file(tmp_path))}
    fit("shapes", tmp_path / "run", reporter=Reporter(), **given)
    fit("shapes", tmp_path / "run", reporter=Reporter(), resume=True, **given)
    weights_file(tmp_path, background=9)
    with pytest.raises(SettingsError, match="--class-weights was .* when this run began"):
        fit("shapes", tmp_path / "run", reporter=Reporter(), resume=True, **given)


@pytest.mark.parametrize("weights", [{"sky": -1}, {"sky": 0}, {}, {1: 2}, ["sky"], ""])
def test_what_are_no_weights_of_classes_is_refused(weights):
    with pytest.raises(SettingsError, match="--class-weights must be"):
        tiny(class_weights=weights)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(DataError, match="there is no file balance"):
        tiny(class_weights="balance")
