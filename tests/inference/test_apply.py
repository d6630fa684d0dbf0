"""Label maps of images, whole and in tiles."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.cases import normal

from minifcn.data.dataset import DataError
from minifcn.inference import Model, save_model, scores, segment, segment_all
from minifcn.inference.apply import results
from minifcn.inference.metrics import ConfusionMatrix
from minifcn.inference.tiles import find_overlap, tiles
from minifcn.models.build import ModelSpec, build, initialise
from minifcn.net.memory import inference_bytes
from minifcn.training.prepare import FRESH_PREPROCESS


@pytest.fixture(scope="module")
def model() -> Model:
    return drawn_model()


def drawn_model() -> Model:
    """Return a model of drawn weights, the scores' and the biases' as well."""
    spec = ModelSpec(width=1 / 16, num_classes=3, padding="same")
    net = build(spec)
    initialise(net, 1)
    for number, (name, layer) in enumerate(net.owners().items()):
        for kind, array in layer.params.items():
            if kind == "bias" or name.startswith("score"):
                layer.params[kind] = 0.3 * normal(number, *array.shape, dtype=np.float32)
    return Model(net, spec, FRESH_PREPROCESS, ("a", "b", "c"), [[0, 0, 0]] * 3)


def blocks(height: int, width: int) -> np.ndarray:
    """Return a picture of coloured squares."""
    rng = np.random.default_rng(3)
    colours = rng.integers(0, 256, (-(-height // 40), -(-width // 40), 3), dtype=np.uint8)
    return colours.repeat(40, axis=0).repeat(40, axis=1)[:height, :width]


def test_the_label_map_in_tiles_is_that_of_the_whole_image(model, monkeypatch):
    image = blocks(611, 433)
    whole = segment(model.net, image, model.preprocess)
    assert whole.dtype == np.uint8
    assert len(np.unique(whole)) == 3
    monkeypatch.setattr(
        scores,
        "fitting_tiles",
        lambda net, scores, channels, size, *memory: tiles(size, 512, find_overlap(net, scores)),
    )
    calls, forward = [], model.net.forward
    monkeypatch.setattr(
        model.net, "forward", lambda *args, **how: calls.append(args) or forward(*args, **how)
    )
    found = segment_all(model, image)[""]
    assert len(calls) > 1
    differ = found != whole
    data = model.preprocess(image)[None]
    ordered = np.sort(forward({"data": data}, outputs=["score"])[0]["score"][0], axis=0)
    assert not differ[ordered[-1] - ordered[-2] > 1e-5 * np.abs(ordered).max()].any()
    assert differ.sum() <= 2  # at ties


def test_the_lowest_class_wins_a_tie_in_every_strip(monkeypatch):
    monkeypatch.setattr(scores, "VALUES", 20)
    values = np.random.default_rng(0).integers(0, 3, (5, 7, 4)).astype(np.float32)
    assert np.array_equal(scores.classes_of(values), values.argmax(axis=0))


MEASURE = """
import sys
import numpy as np
from minifcn.inference import load_model, scores, segment
from minifcn.system.machine import Memory
model = load_model(sys.argv[1])
scores.device_memory = lambda xp: Memory(int(sys.argv[2]), int(sys.argv[2]))
image = np.zeros((4000, 4000, 3), np.uint8)
def field(name):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(name))
open("/proc/self/clear_refs", "w").write("5")  # forget the highest mark so far
before = field("VmRSS")
segment(model.net, image, model.preprocess)
print(field("VmHWM") - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_a_large_image_takes_no_more_memory_than_it_may(model, tmp_path):
    available = 300_000_000
    assert inference_bytes(model.net, ["score"], {"data": (1, 3, 4000, 4000)}) > available
    save_model(tmp_path / "model.h5", model)
    command = [sys.executable, "-c", MEASURE, str(tmp_path / "model.h5"), str(available)]
    took = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert took < 0.8 * available


@pytest.mark.parametrize(("most", "kept"), [(None, True), (2, True), (1, False)])
def test_results_have_the_counts_unless_there_are_too_many_classes(most, kept):
    model = Model(None, None, None, ("a", "b"), [])
    counts = np.array([[3, 1], [0, 2]])
    found = results({"": ConfusionMatrix.of(counts)}, model, most)
    assert found.get("confusion") == (counts.tolist() if kept else None)
    assert found["class_iu"] == {"a": 3 / 4, "b": 2 / 3}


def test_an_image_that_is_smaller_than_a_window_is_refused_by_its_size():
    spec = ModelSpec("fcn32s", "googlenet", 3, 1 / 64, "faithful")
    model = Model(build(spec), spec, FRESH_PREPROCESS, ("a", "b", "c"), [[0, 0, 0]] * 3)
    with pytest.raises(DataError, match="an image of 5 x 7 pixels is too small for the net"):
        segment_all(model, blocks(5, 7))
    assert segment_all(model, blocks(31, 33))[""].shape == (31, 33)
