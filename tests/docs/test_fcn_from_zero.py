"""docs/fcn_from_zero.py is what it says: short, alone, right, and the library's FCN-8s in small."""

import ast
import sys
from pathlib import Path

import fcn_from_zero as zero
import numpy as np
import pytest
from PIL import Image

from minifcn.layers import Conv2d, Deconv2d, EltwiseSum, MaxPool2d, ReLU, SoftmaxLoss
from minifcn.net import Net
from minifcn.net.gradcheck import check_function
from minifcn.training.optim import SGD

FILE = Path(zero.__file__)


@pytest.fixture
def params(rng):
    """Its parameters in float64, none of them zero, so that every gradient is something."""
    start = zero.initial_parameters(np.random.default_rng(3))
    return {
        name: [a + rng.normal(0, 0.1, a.shape) for a in arrays] for name, arrays in start.items()
    }


@pytest.fixture
def small(monkeypatch):
    """Images of half the size."""
    monkeypatch.setattr(zero, "SIZE", 32)


def test_it_is_short():
    lines = FILE.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 200
    assert max(map(len, lines)) <= 100


def test_it_needs_numpy_alone():
    tree = ast.parse(FILE.read_text(encoding="utf-8"))
    imported = [
        a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names
    ]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert set(imported) - sys.stdlib_module_names == {"numpy"}


@pytest.mark.parametrize(
    ("layer", "shapes", "options"),
    [
        ("conv", [(2, 3, 4, 6), (5, 3, 3, 3), (5,)], {}),
        ("conv", [(2, 3, 4, 6), (5, 3, 1, 1), (5,)], {}),
        ("conv", [(2, 3, 4, 6), (5, 3, 4, 4), (5,)], {"stride": 2}),
        ("deconv", [(2, 3, 4, 3), (3, 2, 4, 4)], {}),
        ("deconv", [(1, 2, 2, 3), (2, 3, 16, 16)], {}),
        ("relu", [(2, 3, 4, 6)], {}),
        ("pool", [(2, 3, 4, 6)], {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_gradients_of_a_layer_are_right(rng, layer, shapes, options):
    inputs = [rng.standard_normal(shape) for shape in shapes]
    y, backward = getattr(zero, layer)(*inputs, **options)
    dy = rng.standard_normal(y.shape)
    names = ("x", "weight", "bias")
    report = check_function(
        lambda: (getattr(zero, layer)(*inputs, **options)[0] * dy).sum(),
        dict(zip(names, inputs, strict=False)),
        dict(zip(names, backward(dy), strict=False)),
    )
    assert report.ok, report


def test_gradients_of_the_loss_are_right(rng):
    scores, label = rng.standard_normal((2, 5, 3, 4)), rng.integers(0, 5, (2, 3, 4))
    label[0, 0] = zero.IGNORE
    dscores = zero.softmax_loss(scores, label)[1]
    report = check_function(
        lambda: zero.softmax_loss(scores, label)[0], {"scores": scores}, {"scores": dscores}
    )
    assert report.ok, report


@pytest.mark.parametrize(
    ("line", "spoilt"),
    [
        ("dxpad[pixels] += dcolumns", "dxpad[pixels] = dcolumns"),
        ("np.exp(log_p) * counts - true", "np.exp(log_p) - true"),
        ("dy * (x > 0)", "dy"),
    ],
)
def test_differences_find_the_mistakes_of_the_first_page(rng, line, spoilt):
    source = FILE.read_text(encoding="utf-8")
    assert source.count(line) == 1
    names: dict = {"__name__": "spoilt"}
    exec(compile(source.replace(line, spoilt), "spoilt", "exec"), names)
    x, label = rng.standard_normal((1, 3, 4, 4)), np.array([[[0, 255, 1, 2]] * 4])
    weight, bias = rng.standard_normal((5, 3, 3, 3)), np.zeros(5)

    def loss() -> tuple:
        y, conv_backward = names["conv"](x, weight, bias)
        z, relu_backward = names["relu"](y)
        value, dz = names["softmax_loss"](z, label)
        return value, conv_backward(*relu_backward(dz))[0], dz, z

    _, dx, dz, z = loss()
    checks = [
        check_function(lambda: loss()[0], {"x": x}, {"x": dx}),
        check_function(lambda: names["softmax_loss"](z, label)[0], {"z": z}, {"z": dz}),
    ]
    assert not all(check.ok for check in checks)


def test_of_equal_pixels_the_first_gets_the_gradient():
    x, dy = np.zeros((1, 1, 2, 2)), np.ones((1, 1, 1, 1))
    assert zero.pool(x)[1](dy)[0].tolist() == [[[[1, 0], [0, 0]]]]


def library_net(params) -> Net:
    """Return the library's net of the same layers, with copies of the same parameters."""
    channels, classes = zero.CHANNELS, len(zero.CLASSES)
    nodes, bottom = [], "data"
    for n in range(1, 6):
        nodes += [
            (f"conv{n}", Conv2d(channels[n - 1], channels[n], 3, pad=1), bottom),
            (f"relu{n}", ReLU(), f"conv{n}"),
            (f"pool{n}", MaxPool2d(2), f"relu{n}"),
        ]
        bottom = f"pool{n}"

    def score(n):
        return Conv2d(channels[n], classes, 1)

    def upscore(factor):
        return Deconv2d(classes, classes, 2 * factor, stride=factor, pad=factor // 2)

    nodes += [
        ("score_fr", score(5), "pool5"),
        ("upscore2", upscore(2), "score_fr"),
        ("score_pool4", score(4), "pool4"),
        ("fuse_pool4", EltwiseSum(), ("upscore2", "score_pool4")),
        ("upscore_pool4", upscore(2), "fuse_pool4"),
        ("score_pool3", score(3), "pool3"),
        ("fuse_pool3", EltwiseSum(), ("upscore_pool4", "score_pool3")),
        ("upscore8", upscore(8), "fuse_pool3"),
        ("loss", SoftmaxLoss("valid"), ("upscore8", "label")),
    ]
    net = Net(nodes)
    for name, layer in net.owners().items():
        arrays = zip(layer.params, params[name], strict=True)
        layer.params = {kind: array.copy() for kind, array in arrays}
    return net


def test_the_net_is_that_of_the_library_both_ways(params, small):
    images, label = zero.draw(np.random.default_rng(5), 2)
    images = images.astype(np.float64)
    scores, backward = zero.fcn8s(params, images)
    loss, dscores = zero.softmax_loss(scores, label)
    gradients = backward(dscores)

    net = library_net(params)
    outputs, tape = net.forward(
        {"data": images, "label": label}, outputs=("upscore8", "loss"), train=True
    )
    assert tape
    np.testing.assert_allclose(scores, outputs["upscore8"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(loss, outputs["loss"], rtol=1e-12)
    seen = set()
    for address, expected in net.backward(tape):
        name, _, kind = address.rpartition("/")
        got = gradients[name][kind == "bias"]
        np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-12, err_msg=address)
        seen.add(name)
    assert seen == set(params)


def test_its_loss_goes_as_the_library_s_does(small, monkeypatch, tmp_path):
    steps, curve = 8, []
    monkeypatch.setattr(zero, "STEPS", steps)
    monkeypatch.chdir(tmp_path)
    true_loss = zero.softmax_loss

    def watched(scores, label):
        loss, dscores = true_loss(scores, label)
        curve.append(float(loss))
        return loss, dscores

    monkeypatch.setattr(zero, "softmax_loss", watched)
    zero.main()

    rng = np.random.default_rng(0)
    net = library_net(zero.initial_parameters(rng))
    optimiser = SGD(net.params, {}, momentum=zero.MOMENTUM, weight_decay=0.0)
    expected = []
    for step in range(steps):
        images, label = zero.draw(rng, zero.BATCH)
        outputs, tape = net.forward({"data": images, "label": label}, train=True)
        assert tape
        expected.append(float(outputs["loss"]))
        optimiser.step(dict(net.backward(tape)), zero.RATE * (1 - step / steps))
    np.testing.assert_allclose(curve, expected, rtol=1e-4)  # float32, and every step adds to it
    assert curve[0] == pytest.approx(np.log(len(zero.CLASSES)))  # for scores start at zero


def test_the_picture_is_a_png(rng, tmp_path):
    pixels = rng.integers(0, 256, (5, 7, 3))
    zero.write_png(tmp_path / "x.png", pixels)
    with Image.open(tmp_path / "x.png") as picture:
        assert np.array_equal(np.asarray(picture), pixels)


@pytest.mark.slow
def test_it_learns_in_an_eighth_of_its_steps(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(zero, "STEPS", zero.STEPS // 8)
    monkeypatch.chdir(tmp_path)
    zero.main()
    said = capsys.readouterr().out
    assert float(said.partition("mean IU ")[2].split()[0]) >= 0.42
    with Image.open(tmp_path / "fcn_from_zero.png") as picture:
        assert picture.size == (8 * zero.SIZE, 3 * zero.SIZE)
