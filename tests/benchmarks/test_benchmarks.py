"""Each benchmark runs, at a tiny size, and writes the rows it promises. Nothing is timed here."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.data_files import label_map
from helpers.data_trees import make_voc
from helpers.preprocessing import CAFFE_VOC
from PIL import Image

from minifcn import train
from minifcn.data.palette import write_palette_png
from minifcn.data.voc import VOC_CLASSES
from minifcn.inference.model import Model, save_model
from minifcn.models import ModelSpec, build

ROOT = Path(__file__).parents[2]
TINY = ["--width", "0.03", "--rounds", "1"]
SMALL = [*TINY, "--size", "32", "32"]
SCRIPTS = {
    "rivals.py": [*SMALL, "--case", "fcn32s-500", "googlenet", "--rivals"],
    "fcn_training.py": [*SMALL, "--case", "fcn16s-500", "--rivals"],
    "conv_layers.py": [*TINY, "--size", "32", "--layer", "conv1_1", "fc6"],
    "scaling.py": [*TINY, "--size", "16", "32"],
    "where_time_goes.py": [*SMALL, "--case", "alexnet"],
}
NUMBER_OF_ROWS = {"rivals.py": 2, "fcn_training.py": 1, "conv_layers.py": 12}
WITH_TORCH = importlib.util.find_spec("torch") is not None


def python(*arguments: object) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )


def run(script: str, *options: object) -> subprocess.CompletedProcess[str]:
    return python(ROOT / "benchmarks" / script, *options)


def rows_of(done: subprocess.CompletedProcess[str], file: Path) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text())["rows"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_writes_its_rows_and_says_what_ran(script, tmp_path):
    file = tmp_path / "rows.json"
    done = run(script, *SCRIPTS[script], "--threads", 1, "--json", file)
    rows = rows_of(done, file)
    machine = json.loads(file.read_text())["machine"]
    assert machine["blas"] and (machine["threads"] == 1 or script == "scaling.py")
    assert rows and len(rows) == NUMBER_OF_ROWS.get(script, len(rows))
    assert all(row["case"] in done.stdout for row in rows)


def test_without_a_gpu_its_benchmark_says_why():
    done = run("gpu.py", *SMALL)
    assert done.returncode == 1
    assert "GPU" in done.stdout or "driver" in done.stdout


ON_STAND_IN = """
import runpy, sys
from pathlib import Path
from helpers import stand_in
sys.modules["cupy"] = stand_in.cupy
sys.path.insert(0, str(Path(sys.argv[1]).parent))
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


KINDS = ("inference", "training")


def test_the_benchmark_of_a_gpu_writes_its_rows(tmp_path):
    file, script = tmp_path / "rows.json", ROOT / "benchmarks" / "gpu.py"
    options = [*SMALL, "--case", "demo", "--precision", "float32", "--no-peer"]
    done = python("-c", ON_STAND_IN, script, *options, "--json", file)
    rows = rows_of(done, file)
    assert [row["case"] for row in rows] == [f"demo 32 x 32 0.03 {kind}" for kind in KINDS]
    machine = json.loads(file.read_text())["machine"]
    assert machine["device"] == "stand-in through CuPy 14.0.0"


@pytest.mark.skipif(not WITH_TORCH, reason="PyTorch, the peer of the benchmarks, is not installed")
@pytest.mark.parametrize("case", ["fcn8s-500", "googlenet", "alexnet", "demo"])
def test_both_sides_compute_the_same(case, tmp_path):
    file, options = tmp_path / "rows.json", [*SMALL, "--threads", 1, "--case", case, "--json"]
    (row,) = rows_of(run("rivals.py", "--rivals", "pytorch", *options, file), file)
    assert row["rival"] == "pytorch" and row["speedup"] == row["pytorch_s"] / row["ours_s"]
    assert row["max_rel_error"] < 1e-4
    (row,) = rows_of(run("fcn_training.py", "--gradients", *options, file), file)
    assert row["grad_median"] < 1e-3 and row["grad_worst"] < 1e-2


@pytest.mark.skipif(not WITH_TORCH, reason="PyTorch, the peer of the benchmarks, is not installed")
@pytest.mark.parametrize("script", ["rivals.py", "fcn_training.py"])
def test_memory_is_that_of_a_process_of_its_own(script, tmp_path):
    file = tmp_path / "rows.json"
    options = [*SMALL, "--threads", 1, "--case", "demo", "--rivals", "pytorch", "--json", file]
    done = run(script, "--memory", *options)
    (row,) = rows_of(done, file)
    assert row["memory_ratio"] == pytest.approx(row["ours_gb"] / row["pytorch_gb"])
    assert 0.02 < row["ours_gb"] < row["pytorch_gb"] < 2


@pytest.mark.skipif(not WITH_TORCH, reason="PyTorch, the peer of the benchmarks, is not installed")
@pytest.mark.parametrize("rival", ["onnxruntime", "openvino"])
def test_an_engine_computes_the_same(rival, tmp_path):
    pytest.importorskip("onnx")
    pytest.importorskip(rival)
    file = tmp_path / "rows.json"
    options = [
        *SMALL,
        "--threads",
        1,
        "--case",
        "demo",
        "--rivals",
        "pytorch",
        rival,
        "--json",
        file,
    ]
    (row,) = rows_of(run("rivals.py", *options), file)
    assert row["errors"][rival] < 1e-4


@pytest.mark.skipif(not WITH_TORCH, reason="PyTorch, the peer of the benchmarks, is not installed")
def test_what_cannot_be_compiled_here_is_said_in_its_row(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", str(tmp_path / "none"))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    file = tmp_path / "rows.json"
    options = [
        *SMALL,
        "--threads",
        1,
        "--case",
        "demo",
        "--rivals",
        "pytorch",
        "compiled",
        "--json",
        file,
    ]
    done = run("rivals.py", *options)
    (row,) = rows_of(done, file)
    assert row["compiled_s"] == "not available" and row["rival"] == "pytorch"
    assert "compiled is not available: " in done.stdout


@pytest.mark.skipif(not WITH_TORCH, reason="PyTorch, the peer of the benchmarks, is not installed")
def test_both_sides_train_the_same(tmp_path):
    file, picture = tmp_path / "rows.json", tmp_path / "losses.png"
    options = ["--width", "0.03", "--size", "32", "--updates", "3", "--threads", 1]
    done = run("trajectory.py", *options, "--json", file, "--plot", picture)
    rows = rows_of(done, file)
    assert [row["case"] for row in rows] == ["fcn32s", "fcn16s", "fcn8s"]
    for row in rows:
        assert row["loss_64"] < 1e-12 and row["weights_64"] < 1e-10
        assert row["loss_32"] < 1e-4 and row["ours_32"] < 1e-2
        assert all(len(set(losses)) == 3 for losses in row["losses"].values())
    with Image.open(picture) as losses:
        assert losses.width > 500


@pytest.mark.skipif(WITH_TORCH, reason="PyTorch is installed")
def test_without_a_peer_there_is_nothing_to_train_beside():
    done = run("trajectory.py", "--width", "0.03", "--size", "32", "--updates", "1")
    assert done.returncode == 1
    assert "PyTorch is not installed" in done.stdout


def test_nets_are_compared_in_a_table_and_a_picture(tmp_path):
    given = ["--width", "0.015625", "--weights", "none", "--smoke"]
    assert train.main(["shapes", *given, "--out", str(tmp_path / "run")]) == 0
    picture = tmp_path / "maps.png"
    options = ["--limit", "2", "--classes", "disc", "--pictured", "val_00001", "-o", picture]
    result = run("finetuning.py", "shapes", tmp_path / "run", *options)
    assert result.returncode == 0, result.stderr
    head, line, row = result.stdout.splitlines()
    assert head.count("|") == line.count("|") == row.count("|")
    with Image.open(picture) as maps:
        assert maps.width > 2 * 128


def test_guesses_of_a_classifier_are_judged_by_the_label_maps(tmp_path):
    names = np.asarray(VOC_CLASSES)[[8, 12]]  # a cat, a dog
    make_voc(tmp_path, {"2012": {"val": "cd"}})
    labels = tmp_path / "VOCdevkit/VOC2012/SegmentationClass"
    for name, value in (("c", 8), ("d", 12)):
        write_palette_png(labels / f"{name}.png", label_map(value))
    net = build(spec := ModelSpec("classifier", "googlenet", 1000, 1 / 64, "same"))
    net.params["loss3/classifier/bias"][281] = 1.0  # always a tabby cat
    save_model(tmp_path / "cat.h5", Model(net, spec, CAFFE_VOC, ("x",) * 1000, []))
    result = run("top5_on_voc.py", tmp_path / "cat.h5", "--data-dir", tmp_path)
    assert result.returncode == 0, result.stderr
    assert "1 of 2 images have a right class" in result.stdout
    assert [line.split() for line in result.stdout.splitlines()[1:]] == [
        [names[0], "1", "of", "1"],
        [names[1], "0", "of", "1"],
    ]
