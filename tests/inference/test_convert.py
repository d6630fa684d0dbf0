"""What is converted keeps what belongs to it."""

import h5py
import numpy as np
import pytest
from helpers.drawn import draw_all

from minifcn.data.transforms import Preprocess
from minifcn.inference.convert import convert
from minifcn.inference.looks import Looks
from minifcn.inference.model import Model, load_model, save_model
from minifcn.models import ModelSpec, build
from minifcn.weights.store import WeightsError, read_attributes, save_weights

SPEC = ModelSpec("fcn8s", "googlenet", 3, 1 / 32, "same", heads={"sem": 3, "geo": 2})
COLOURS = [[1, 2, 3], [40, 50, 60], [200, 210, 220]]
EXTRA = {"geo": ("lying", "upright")}
PREPROCESS = Preprocess("BGR", (1.0, 2.0, 3.0), 0.5)


@pytest.fixture
def file(tmp_path):
    """A weight file of ours, of a net with two heads and colours of its own."""
    model = Model(draw_all(build(SPEC)), SPEC, PREPROCESS, ("sky", "road", "tree"), COLOURS, EXTRA)
    notes = {"dataset": "folder", "steps": 7, "source": "drawn", "licence": "CC BY-NC 4.0"}
    save_model(tmp_path / "ours.h5", model, **notes)
    return tmp_path / "ours.h5"


def test_what_a_file_of_ours_says_stays_with_its_weights(file):
    convert(file, file.with_name("copy.h5"))
    found = read_attributes(file.with_name("copy.h5"))
    known = {"dataset": "folder", "steps": 7, "palette": COLOURS, "licence": "CC BY-NC 4.0"}
    assert {name: found[name] for name in known} == known
    assert found["extra_classes"] == {"geo": ["lying", "upright"]}
    assert found["source"]["file"] == "ours.h5" and found["source"]["source"] == "drawn"


def test_a_licence_that_is_given_takes_the_place_of_the_old_one(file):
    convert(file, file.with_name("copy.h5"), licence="MIT")
    assert read_attributes(file.with_name("copy.h5"))["licence"] == "MIT"


def test_how_a_net_looks_at_images_can_be_said_changed_and_taken_back(file):
    first, second, third, fourth = (file.with_name(f"{name}.h5") for name in "abcd")
    convert(file, first, scales=(0.75, 1), mirror=True)
    convert(first, second)
    convert(second, third, scales=[2])
    convert(third, fourth, scales=[1], mirror=False)
    assert load_model(second).looks == Looks((0.75, 1.0), mirror=True)
    assert load_model(third).looks == Looks((2.0,), mirror=True)
    assert "looks" not in read_attributes(fourth)


def test_looks_that_cannot_be_are_not_written(file):
    with pytest.raises(ValueError, match="scales must be different from each other"):
        convert(file, file.with_name("a.h5"), scales=[1, 1])
    save_weights(file, load_model(file).net.params, {**read_attributes(file), "looks": {}})
    with pytest.raises(WeightsError, match="looks must have scales and mirror"):
        convert(file, file.with_name("a.h5"), mirror=True)
    assert not file.with_name("a.h5").exists()


def test_half_precision_is_read_as_float32_rounded_to_it(file):
    half = file.with_name("half.h5")
    convert(file, half, half=True)
    expected, found = load_model(file), load_model(half)
    assert found._replace(net=None) == expected._replace(net=None)
    for address, array in expected.net.params.items():
        assert found.net.params[address].dtype == np.float32
        np.testing.assert_array_equal(
            found.net.params[address], array.astype(np.float16), err_msg=address
        )
    with h5py.File(half) as stored:
        assert stored["inception_5b/3x3/weight"].dtype == np.float16
