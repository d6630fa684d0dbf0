"""What was written in another form comes back as it was: the net, its input and its numbers."""

import json

import numpy as np
import pytest

from minifcn.models.build import ModelSpec, build
from minifcn.weights.export import WEIGHT_FILES, export_weights
from minifcn.weights.importing.conversion import read_weights
from minifcn.weights.importing.formats.safetensors import write_safetensors
from minifcn.weights.store import WeightsError

NETS = (
    ModelSpec("fcn8s", "vgg16", 4, 1 / 32),
    ModelSpec("fcn8s-at-once", "vgg16", 4, 1 / 32),
    ModelSpec("fcn8s", "vgg16", 4, 0.1, "same", modality="hha"),  # 64 * 0.1 is no integer
    ModelSpec("classifier", "vgg16", 10, 1 / 32),
    ModelSpec("classifier", "alexnet-torchvision", 10, 1 / 32),
    ModelSpec("classifier", "googlenet", 10, 1 / 32),
)


@pytest.mark.parametrize("ending", WEIGHT_FILES)
@pytest.mark.parametrize("spec", NETS, ids=lambda s: f"{s.arch}/{s.backbone}/{s.padding}")
def test_a_net_comes_back(spec, ending, tmp_path):
    rng = np.random.default_rng(0)
    params = {
        address: rng.standard_normal(array.shape).astype(np.float32)
        for address, array in build(spec).params.items()
    }
    known = {
        "preprocess": {"order": "BGR", "mean": [1.0, 2.0, 3.0], "scale": 0.5},
        "class_names": [f"class {number}" for number in range(spec.num_classes)],
    }
    file = tmp_path / f"net{ending}"
    export_weights(file, params, {**spec.to_dict(), **known})
    back = read_weights(file)
    assert back.spec == spec
    assert {name: back.attributes[name] for name in known} == known
    assert not back.missing and not back.left_out
    for address, array in params.items():
        np.testing.assert_array_equal(back.params[address], array, err_msg=address)


@pytest.mark.parametrize(
    "damage", [{"width": "wide"}, {"width": -1}, {"heads": [1]}, {"arch": "fcn4s"}]
)
def test_a_damaged_description_is_refused(damage, tmp_path):
    spec = ModelSpec("fcn8s", width=1 / 32)
    text = json.dumps(spec.to_dict() | damage)
    write_safetensors(tmp_path / "net", build(spec).params, {"minifcn_attributes": text})
    with pytest.raises(WeightsError, match="net.*description of the net is damaged"):
        read_weights(tmp_path / "net")
