"""Every data set of the paper trains, is evaluated and segments through the same commands."""

import json

import numpy as np
import pytest
from helpers.data_trees import make_context, make_sbd, make_siftflow
from helpers.nyud_files import make_nyud_folder
from PIL import Image

from minifcn import evaluate, predict, train

TINY = ["--width", "0.015625", "--weights", "none", "--padding", "same", "--smoke"]
MAKE = {
    "sbd": lambda folder: make_sbd(folder, {"train": "ab", "val": "c"}),
    "nyud": make_nyud_folder,
    "siftflow": make_siftflow,
    "context": make_context,
}
CASES = [
    ("sbd", []),
    ("siftflow", []),
    ("context", ["--backbone", "alexnet"]),
    ("nyud", ["--backbone", "googlenet"]),
    *(("nyud", ["--modality", modality]) for modality in ("rgbd", "hha", "rgb-hha")),
]


@pytest.mark.parametrize(("dataset", "options"), CASES)
def test_it_trains_and_is_evaluated(dataset, options, tmp_path, capsys):
    MAKE[dataset](tmp_path)
    run = str(tmp_path / "run")
    where = ["--data-dir", str(tmp_path)]
    assert train.main([dataset, *where, *TINY, *options, "--out", run]) == 0
    figures = json.loads((tmp_path / "run" / "results.json").read_text())
    assert ("heads" in figures) is (dataset == "siftflow")
    split = "test" if dataset == "nyud" else "val"
    assert evaluate.main([run, dataset, *where, "--split", split]) == 0
    assert "f.w." in capsys.readouterr().out


@pytest.mark.parametrize("modality", ["rgbd", "hha", "rgb-hha"])
def test_a_net_that_sees_depth_segments_images_with_depth_maps(modality, tmp_path, capsys):
    given = [*TINY, "--depth", "--modality", modality, "--out", str(tmp_path / "run")]
    assert train.main(["shapes", *given]) == 0
    assert evaluate.main([str(tmp_path / "run"), "shapes", "--depth", "--limit", "1"]) == 0
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (48, 64, 3), np.uint8)).save(tmp_path / "room.png")
    folder = tmp_path / "depth"
    folder.mkdir()
    depth = np.linspace(1500, 4000, 48 * 64).reshape(48, 64).astype(np.uint16)
    Image.fromarray(depth).save(folder / "room.png")
    command = [str(tmp_path / "run"), str(tmp_path / "room.png"), "-o", str(tmp_path / "out")]
    assert predict.main([*command, "--depth", str(folder)]) == 0
    assert (tmp_path / "out" / "room_label.png").exists()
    assert predict.main([*command, "--overwrite"]) == 1
    assert "give --depth DIR" in capsys.readouterr().err


def test_a_net_of_two_heads_writes_a_map_of_each(tmp_path):
    assert train.main(["shapes", *TINY, "--two-heads", "--out", str(tmp_path / "run")]) == 0
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(tmp_path / "a.png")
    command = [str(tmp_path / "run"), str(tmp_path / "a.png"), "-o", str(tmp_path / "out")]
    assert predict.main(command) == 0
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"a_label.png", "a_geo_label.png"} <= written
