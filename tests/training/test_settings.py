"""The settings of a run: defaults, contradictions, the way to JSON and back."""

import json
import re
from itertools import product

import pytest

from minifcn.data import DATASETS
from minifcn.models.build import BACKBONES
from minifcn.models.fcn import STRIDES
from minifcn.training.recipes import RECIPES
from minifcn.training.settings import Settings, SettingsError, resolve


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("width", [1.0, 0.125])
def test_the_defaults_of_every_net_fit_each_other(dataset, recipe, width):
    for backbone, arch in product(BACKBONES, STRIDES):
        settings = resolve(dataset, recipe=recipe, width=width, backbone=backbone, arch=arch)
        assert settings.steps >= settings.evaluate_every >= 1


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("normalization", ["valid", "batch", "none"])
def test_the_default_rate_fits_the_loss_that_is_chosen(dataset, recipe, normalization):
    for width in (1.0, 0.125):
        settings = resolve(dataset, recipe=recipe, normalization=normalization, width=width)
        assert settings.normalization == normalization


def test_what_is_given_wins_and_none_means_not_given():
    settings = resolve("shapes", steps=7, width=None, rate=1e-3)
    assert (settings.steps, settings.width, settings.rate) == (7, 0.125, 1e-3)


@pytest.mark.parametrize(
    ("given", "images", "rate"),
    [
        # Twenty images as in the paper; FCN-8s after FCN-16s: two steps of 1/100 from 1e-4.
        ({"batch_size": 4}, 20, 1e-8),
        ({"recipe": "heavy", "arch": "fcn32s"}, 1, 1e-10),
    ],
)
def test_the_full_net_is_trained_as_in_the_paper(given, images, rate):
    settings = resolve("voc", width=1.0, weights="vgg16.h5", **given)
    assert settings.batch_size * settings.accumulate == images
    assert settings.rate == rate


def test_settings_survive_json():
    settings = resolve("folder", data_dir="data", data_options={"ignore": 11})
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rate": 1e-10}, "1e-10 belong to the summed loss"),
        ({"recipe": "heavy", "rate": 1e-4}, "1e-4 belong to the mean loss"),
        ({"recipe": "adam"}, "--recipe must be one of accumulate, heavy, reference, not 'adam'"),
        ({"precision": "float8"}, "--precision must be one of float32, tf32, float16, not 'float"),
        ({"stpes": 3}, "there is no setting 'stpes'; did you mean 'steps'"),
        ({"backbone": "googlenet", "fc_channels": 8}, "fc_channels must not be given for a net"),
    ],
)
def test_what_cannot_work_is_refused(given, words):
    with pytest.raises(SettingsError, match=words):
        resolve("shapes", **given)


RANGES = {
    ("steps", "batch_size", "accumulate", "evaluate_every", "fc_channels"): (0, -1, 1.5, True),
    ("patches",): (0, -1, 1.5, True),
    ("jitter", "warm_up", "seed", "evaluate_images", "final_images", "log_every"): (-1, 0.5, "1"),
    ("rate", "width"): (0, -1, float("nan"), float("inf"), "1"),
    ("momentum",): (-0.1, 1, 2, float("nan")),
    ("weight_decay",): (-1e-4, float("nan"), float("inf")),
    ("threads",): (-1, 100_000),
    ("dropout",): (-0.1, 1, float("nan")),
    ("sample_loss",): (0, -0.1, 1.1, float("nan")),
    ("bias_rate",): (-1, float("inf"), "2"),
}


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for names, values in RANGES.items() for name in names for value in values],
)
def test_a_number_out_of_its_range_is_refused_wherever_it_comes_from(name, value):
    called = {"rate": "--lr", "final_images": name}.get(name, f"--{name.replace('_', '-')}")
    words = re.escape(f"{called} must be ") + r"(at least|above|a whole|a finite|0 to|1 to).*, not "
    with pytest.raises(SettingsError, match=words):
        resolve("shapes", **{name: value})
    with pytest.raises(SettingsError, match=words):
        Settings.from_dict({**resolve("shapes").to_dict(), name: value})


def test_an_unknown_data_set_is_refused_with_the_known_ones():
    with pytest.raises(
        SettingsError, match="'imagenet' is not known; choose shapes, voc, sbd, nyud"
    ):
        resolve("imagenet")


def test_a_config_with_unknown_or_missing_settings_is_refused():
    values = resolve("shapes").to_dict()
    del values["seed"]
    with pytest.raises(SettingsError, match=r"unknown \['sead'\], missing \['seed'\]"):
        Settings.from_dict(values | {"sead": 0})
