"""The net as a graph, and its forward pass: names, order, what is run, and when a blob is freed."""

import gc
import weakref

import numpy as np
import pytest
from helpers.cases import normal
from helpers.nets import Spy, gradients, image, label, randomise, skip_net

from minifcn.layers import Conv2d, Dropout, Layer, ReLU
from minifcn.net import Net


def test_what_is_read_and_never_written_is_an_input():
    net = skip_net()
    assert net.inputs == ("data", "label") and net.outputs == ("loss",)


def test_parameters_have_the_names_of_their_layers_in_order():
    assert list(skip_net().params) == [
        "conv1/weight",
        "conv1/bias",
        "conv2/weight",
        "conv2/bias",
        "score/weight",
        "score/bias",
    ]


def test_the_parameters_are_the_layers_own():
    net = skip_net()
    assert net.params["conv1/bias"] is net.layer("conv1").params["bias"]


def test_names_may_contain_slashes():
    net = Net([("inception_3a/1x1", Conv2d(2, 3, 1), "data")])
    assert list(net.params) == ["inception_3a/1x1/weight", "inception_3a/1x1/bias"]
    net.freeze("inception_*")
    assert set(net.multipliers.values()) == {(0, 0)}


def test_biases_learn_twice_as_fast_and_do_not_decay():
    assert skip_net().multipliers["conv1/weight"] == (1, 1)
    assert skip_net().multipliers["conv1/bias"] == (2, 0)
    plain = Net([("conv", Conv2d(1, 1, 1), "data")], bias_multiplier=(1, 1))
    assert plain.multipliers["conv/bias"] == (1, 1)


def test_astype_converts_all_parameters():
    net = skip_net()
    net.astype("float32")
    assert {p.dtype for p in net.params.values()} == {np.dtype("float32")}


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([("r", ReLU(), "data"), ("r", ReLU(), "r")], "two blobs called 'r'"),
        (
            [("a", ReLU(), "b"), ("b", ReLU(), "data")],
            r"'a' reads \['b'\], which are produced only",
        ),
    ],
)
def test_what_is_no_graph_is_refused(nodes, message):
    with pytest.raises(ValueError, match=message):
        Net(nodes)
    with pytest.raises(KeyError, match="no layer is called 'conv9'"):
        skip_net().layer("conv9")


def test_shapes_follow_without_running():
    shapes = skip_net().shapes(data=(2, 3, 6, 8))
    assert shapes["score"] == (2, 3, 6, 8) and "loss" not in shapes


# Forward


def test_forward_is_what_the_layers_give_one_after_the_other():
    net, x = skip_net(), image()
    conv1, conv2, score = (net.layer(name) for name in ("conv1", "conv2", "score"))
    hidden = np.maximum(conv1.forward(x)[0], 0)
    expected = score.forward(conv2.forward(hidden)[0] + hidden)[0]
    outputs, tape = net.forward({"data": x}, outputs=["score"])
    np.testing.assert_array_equal(outputs["score"], expected)
    assert tape is None


def test_only_what_the_outputs_need_is_run_and_asked_for():
    diary: list[str] = []
    net = Net(
        [
            ("a", Spy(diary, "a"), "data"),
            ("b", Spy(diary, "b"), "a"),
            ("c", Spy(diary, "c"), "other"),
        ]
    )
    outputs, _ = net.forward({"data": image()}, outputs=["b", "a"])
    assert diary == ["forward a", "forward b"] and list(outputs) == ["b", "a"]


def test_a_net_with_a_loss_predicts_without_labels():
    outputs, _ = skip_net().forward({"data": image()}, outputs=["score"])
    assert outputs["score"].shape == (2, 3, 6, 8)


def test_missing_inputs_and_unknown_outputs_are_named():
    with pytest.raises(ValueError, match=r"the inputs \['label'\] are needed"):
        skip_net().forward({"data": image()})
    with pytest.raises(ValueError, match=r"no layer produces \['scores'\]"):
        skip_net().forward({"data": image()}, outputs=["scores"])


def test_an_error_names_the_layer():
    with pytest.raises(ValueError, match="layer conv1: convolution: .* expects 3 .*, got 4"):
        skip_net().forward({"data": image(shape=(2, 4, 6, 8))}, outputs=["score"])
    with pytest.raises(ValueError, match="layer loss: softmax loss: .* ask for labels"):
        skip_net().forward({"data": image(), "label": label(shape=(2, 8, 6))})
    with pytest.raises(ValueError, match="layer conv1: convolution: .* expects 3 .*, got 4"):
        skip_net().shapes(data=(2, 4, 6, 8))


def test_inputs_are_not_written_to():
    frozen = {"data": normal(1, 2, 3, 6, 8), "label": label()}
    frozen["label"].flags.writeable = False
    assert gradients(skip_net(), frozen)  # writing would have raised


def test_what_lies_between_layers_that_run_together_can_be_asked_for():
    net, x = skip_net(), image()
    outputs, _ = net.forward({"data": x}, outputs=["conv1", "relu1"])
    np.testing.assert_array_equal(outputs["conv1"], net.layer("conv1").infer(x))
    np.testing.assert_array_equal(outputs["relu1"], np.maximum(outputs["conv1"], 0))


class Trained(ReLU):
    """A layer whose forward pass is not that of inference."""

    def forward(self, x):
        raise AssertionError("in inference a cache was asked for")

    def infer(self, x):
        return x + 1


def test_in_inference_no_layer_makes_a_cache():
    outputs, _ = Net([("layer", Trained(), "data")]).forward({"data": image()})
    np.testing.assert_array_equal(outputs["layer"], image() + 1)


def test_dropout_is_drawn_from_the_generator_given():
    net = randomise(Net([("drop", Dropout(), "data"), ("score", Conv2d(3, 2, 1), "drop")]))
    first, again = (
        net.forward({"data": image()}, train=True, rng=np.random.default_rng(7))[0]["score"]
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
    with pytest.raises(ValueError, match="layer drop: .* pass rng="):
        net.forward({"data": image()}, train=True)


# Who frees what


class Watched(Layer):
    """Add 1, and write down which of the blobs made before are still alive."""

    def __init__(self, blobs: dict[str, weakref.ref], alive: dict[str, set[str]], name: str):
        super().__init__()
        self.blobs, self.alive, self.name = blobs, alive, name

    def forward(self, *bottoms):
        y = bottoms[0] + 1
        self.alive[self.name] = {name for name, blob in self.blobs.items() if blob() is not None}
        self.blobs[self.name] = weakref.ref(y)
        return y, (y, len(bottoms))

    def backward(self, dy, cache):
        return (dy + 0,) * cache[1], {}


def watched_net() -> tuple[Net, dict[str, weakref.ref], dict[str, set[str]]]:
    """Return a chain a - b - c - d whose a is read again by d."""
    blobs: dict[str, weakref.ref] = {}
    alive: dict[str, set[str]] = {}
    bottoms = {"a": "data", "b": "a", "c": "b", "d": ("c", "a"), "e": "d"}
    net = Net([(name, Watched(blobs, alive, name), below) for name, below in bottoms.items()])
    return net, blobs, alive


def test_in_inference_a_blob_is_gone_after_its_last_reader():
    net, blobs, alive = watched_net()
    gc.disable()  # nothing may wait for the garbage collector
    try:
        outputs, _ = net.forward({"data": image()})
    finally:
        gc.enable()
    assert alive == {"a": set(), "b": {"a"}, "c": {"a", "b"}, "d": {"a", "c"}, "e": {"d"}}
    assert outputs["e"] is blobs["e"]() and blobs["d"]() is None


def test_a_wanted_blob_stays():
    net, _, alive = watched_net()
    outputs, _ = net.forward({"data": image()}, outputs=["b", "e"])
    assert "b" in alive["e"] and list(outputs) == ["b", "e"]


def test_backward_lets_go_of_each_cache_and_gradient():
    net, blobs, _ = watched_net()
    outputs, tape = net.forward({"data": image()}, train=True, wrt=["data"])
    assert all(blob() is not None for blob in blobs.values())
    del outputs
    tape.outputs.clear()
    dict(net.backward(tape, {"e": np.ones((2, 3, 6, 8))}))
    assert not tape.caches and all(blob() is None for blob in blobs.values())


class Caching(Layer):
    """The identity with a cache, which writes down how many of the caches before are alive."""

    def __init__(self, caches: list[weakref.ref], alive: list[int]):
        super().__init__()
        self.caches, self.alive = caches, alive

    def forward(self, x):
        cache = np.zeros(3)
        self.alive.append(sum(earlier() is not None for earlier in self.caches))
        self.caches.append(weakref.ref(cache))
        return x, cache


def test_a_cache_that_no_gradient_needs_is_gone_before_the_next_layer_runs():
    caches: list[weakref.ref] = []
    alive: list[int] = []
    layer = Caching(caches, alive)
    Net([("a", layer, "data"), ("b", layer, "a")]).forward({"data": image()}, train=True)
    assert alive == [0, 0]


def test_the_cache_of_a_layer_that_no_gradient_reaches_is_dropped():
    net = Net([("a", ReLU(), "data"), ("b", ReLU(), "data")])
    outputs, tape = net.forward({"data": image()}, train=True, wrt=["data"])
    dict(net.backward(tape, {"a": outputs["a"]}))
    assert not tape.caches
