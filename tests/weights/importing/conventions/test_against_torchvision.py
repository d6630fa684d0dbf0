"""torchvision's own nets with random weights, saved by PyTorch: converted, they score the same."""

import numpy as np
import pytest

from minifcn.inference.convert import convert
from minifcn.inference.model import load_model
from minifcn.models.build import ModelSpec, build
from minifcn.training.transfer import start_from

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
models = pytest.importorskip("torchvision.models", reason="torchvision is not installed")

MEAN, STD = (np.array(v, np.float32) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
NARROW = [2, 2, "M", 4, 4, "M", 8, 8, 8, "M", 16, 16, 16, "M", 16, 16, 16, "M"]


def vgg16():
    """Return torchvision's VGG16 at 1/32 of its width."""
    net = models.vgg.VGG(models.vgg.make_layers(NARROW), num_classes=1000)
    linear, relu, dropout = torch.nn.Linear, torch.nn.ReLU, torch.nn.Dropout
    fc7 = [linear(16 * 49, 128), relu(), dropout(), linear(128, 128), relu(), dropout()]
    net.classifier = torch.nn.Sequential(*fc7, linear(128, 1000))
    return net


def googlenet():
    """Return torchvision's GoogLeNet with statistics that batch normalisation has not learned."""
    net = models.googlenet(weights=None, init_weights=False, transform_input=True)
    generator = torch.Generator().manual_seed(1)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor in (module.running_var, module.weight.data):
                tensor.uniform_(0.7, 1.5, generator=generator)
            for tensor in (module.running_mean, module.bias.data):
                tensor.normal_(0, 0.2, generator=generator)
    return net


NETS = {
    "vgg16": (vgg16, "fc8", 224),
    "alexnet": (lambda: models.alexnet(weights=None), "fc8", 224),
    "googlenet": (googlenet, "loss3/classifier", 224),
}


def photo(size):
    """Return an image with the smooth shades and the edges that photographs have."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (size // 16 + 1, size // 16 + 1, 3))
    fine = np.kron(coarse, np.ones((16, 16, 1)))[:size, :size]
    return np.clip(fine + rng.normal(0, 20, fine.shape), 0, 255).astype(np.uint8)


def as_torchvision(image):
    return torch.from_numpy(((image / np.float32(255) - MEAN) / STD).transpose(2, 0, 1)[None])


def assert_close(found, expected):
    error = np.abs(found - expected).max() / np.abs(expected).max()
    assert error < 1e-4


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "stacked pickles"])
@pytest.mark.parametrize("name", NETS)
def test_class_scores(name, zipped, tmp_path):
    torch.manual_seed(0)
    make, blob, size = NETS[name]
    net = make().eval()
    torch.save(net.state_dict(), tmp_path / "net.pth", _use_new_zipfile_serialization=zipped)
    convert(tmp_path / "net.pth", tmp_path / "net.h5")
    model = load_model(tmp_path / "net.h5")
    image = photo(size)
    with torch.no_grad():
        expected = net(as_torchvision(image)).numpy()
    found, _ = model.net.forward({"data": model.preprocess(image)[None]}, outputs=[blob])
    assert_close(found[blob], expected)


def test_the_features_of_an_fcn(tmp_path):
    torch.manual_seed(0)
    net = vgg16().eval()
    torch.save(net.state_dict(), tmp_path / "net.pth")
    convert(tmp_path / "net.pth", tmp_path / "net.h5")
    spec = ModelSpec("fcn32s", "vgg16", 21, 1 / 32)
    ours = build(spec)
    preprocess, _ = start_from(ours, spec, str(tmp_path / "net.h5"), lambda text: None)
    image = photo(58)  # with 198 more it is a multiple of 32, where no pooling has to round
    padded = torch.nn.functional.pad(as_torchvision(image), (99,) * 4)
    fc6, fc7 = net.classifier[0], net.classifier[3]
    with torch.no_grad():
        x = net.features(padded)
        x = torch.relu(torch.nn.functional.conv2d(x, fc6.weight.reshape(128, 16, 7, 7), fc6.bias))
        x = torch.relu(torch.nn.functional.conv2d(x, fc7.weight[:, :, None, None], fc7.bias))
    found, _ = ours.forward({"data": preprocess(image)[None]}, outputs=["relu7"])
    assert found["relu7"].shape == (1, 128, 2, 2)
    assert_close(found["relu7"], x.numpy())
