"""State dicts that PyTorch itself reads, and computes with to the same scores."""

import numpy as np
import pytest
from helpers.drawn import draw_all

from minifcn.models import ModelSpec, build
from minifcn.weights.export import export_weights
from minifcn.weights.importing.formats.torch_file import read_torch
from minifcn.weights.store import WeightsError
from minifcn.weights.torch_state_dict import write_state_dict

ARRAYS = {
    "weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "double": np.array([1.5, -2.5]),
    "half": np.array([[0.5]], np.float16),
    "number": np.array(3, np.float32),
    "nothing": np.zeros((0, 2), np.float32),
}


def test_what_was_written_is_read(tmp_path):
    write_state_dict(tmp_path / "net.pth", ARRAYS, {"note": "a text"})
    source = read_torch(tmp_path / "net.pth")
    assert list(source.arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(source.arrays[name], array)
        assert source.arrays[name].dtype == array.dtype
    assert source.attributes["note"] == "a text"


def test_a_type_without_a_form_is_refused_by_name(tmp_path):
    with pytest.raises(WeightsError, match="'odd' is of uint16"):
        write_state_dict(tmp_path / "net.pth", {"odd": np.zeros(2, np.uint16)}, {})
    assert not list(tmp_path.iterdir())


def test_pytorch_reads_it_as_plain_weights(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    write_state_dict(tmp_path / "net.pth", ARRAYS, {"note": "a text"})
    state = torch.load(tmp_path / "net.pth", weights_only=True)
    assert list(state) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(state[name].numpy(), array)


def test_torchvisions_vgg16_scores_the_same_with_it(tmp_path):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    spec = ModelSpec("classifier", "vgg16", 10, 1 / 32)
    net = draw_all(build(spec))
    export_weights(tmp_path / "net.pth", net.params, spec.to_dict())
    twin = torchvision_vgg16(torch.nn, 2, 128, 10)
    twin.load_state_dict(torch.load(tmp_path / "net.pth", weights_only=True))
    image = np.random.default_rng(0).standard_normal((1, 3, 224, 224), np.float32)
    (found,) = net.forward({"data": image}, outputs=["fc8"])[0].values()
    with torch.no_grad():
        expected = twin.eval()(torch.from_numpy(image)).numpy()
    assert np.abs(found - expected).max() < 1e-6 * np.abs(expected).max()


def torchvision_vgg16(nn, width, fc, classes):
    """Return a net with torchvision's layers under its names, of another width."""
    features, channels = [], 3
    for count, filters in ((2, 1), (2, 2), (3, 4), (3, 8), (3, 8)):
        for _ in range(count):
            features += [nn.Conv2d(channels, filters * width, 3, padding=1), nn.ReLU()]
            channels = filters * width
        features.append(nn.MaxPool2d(2))
    hidden = [nn.Linear(channels * 49, fc), nn.ReLU(), nn.Dropout()]
    hidden += [nn.Linear(fc, fc), nn.ReLU(), nn.Dropout(), nn.Linear(fc, classes)]
    net = nn.Sequential()
    net.add_module("features", nn.Sequential(*features))
    net.add_module("flatten", nn.Flatten())
    net.add_module("classifier", nn.Sequential(*hidden))
    return net
