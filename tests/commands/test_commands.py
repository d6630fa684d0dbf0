"""The commands as a user types them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.tiny_run import TINY
from PIL import Image

from minifcn import classify, demo, evaluate, predict, pretrain, train
from minifcn.__main__ import main as minifcn
from minifcn.backend import get_product_precision, set_product_precision
from minifcn.data.palette import read_label
from minifcn.inference import scores
from minifcn.system.machine import Memory

FIGURES = {"pixel_accuracy", "mean_accuracy", "mean_iu", "fw_iu"}


def test_evaluate_prints_the_figures_and_writes_them(run, tmp_path, capsys):
    file, table = tmp_path / "figures.json", tmp_path / "confusion.csv"
    arguments = ["--limit", "3", "--json", str(file), "--confusion", str(table)]
    assert evaluate.main([str(run), "shapes", *arguments]) == 0
    out = capsys.readouterr().out
    assert "background" in out
    assert "f.w." in out
    assert "confusion, percent of a class (row)" in out
    figures = json.loads(file.read_text())
    assert FIGURES | {"occurring_mean_iu", "class_iu", "confusion", "looks"} == set(figures)
    rows = [line.split(",")[1:] for line in table.read_text().splitlines()[1:]]
    assert [list(map(int, row)) for row in rows] == figures["confusion"]


def test_evaluate_prints_the_figures_as_a_document_has_them(run, capsys):
    assert evaluate.main([str(run), "shapes", "--limit", "2", "--markdown"]) == 0
    table, confusions = capsys.readouterr().out.partition("\n")[2].split("\n\n")
    assert table.splitlines()[:2] == ["| percent | accuracy | IU |", "| --- | ---: | ---: |"]
    assert all(row.count("|") == 4 for row in table.splitlines())
    assert confusions.startswith("| percent of a row | background | disc |")


def test_evaluate_names_and_draws_the_worst_images(run, tmp_path, capsys):
    file = tmp_path / "worst.png"
    assert evaluate.main([str(run), "shapes", "--limit", "4", "--worst", "3", "-o", str(file)]) == 0
    *_, first, second, third, last = capsys.readouterr().out.splitlines()
    figures = [float(re.match(r"val_\d+: mean IU ([\d.]+)", x)[1]) for x in (first, second, third)]
    assert figures == sorted(figures)
    assert last == f"their label maps and errors: {file}"
    with Image.open(file) as sheet:
        assert sheet.width > 6 * 128


def test_the_commands_say_what_they_compute_on(run, tmp_path, capsys):
    Image.new("RGB", (40, 40)).save(tmp_path / "x.png")
    cpu = ["--device", "cpu"]
    for command, arguments in (
        (train, ["shapes", *TINY, "--out", str(tmp_path / "run")]),
        (evaluate, [str(run), "shapes", "--limit", "1"]),
        (predict, [str(run), str(tmp_path / "x.png"), "-o", str(tmp_path / "out")]),
    ):
        assert command.main([*arguments, *cpu]) == 0
        said = re.findall(r"^computing on (.*)$", capsys.readouterr().out, re.MULTILINE)
        assert len(said) == 1
        assert re.fullmatch(r"the CPU \(\d+ threads?\)", said[0])


def test_predict_writes_indices_and_an_overlay_for_images_of_any_kind(run, tmp_path, capsys):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (40, 56, 3), np.uint8)
    for mode in ("RGB", "L", "P", "CMYK", "RGBA"):
        suffix = "tif" if mode == "CMYK" else "png"
        Image.fromarray(pixels).convert(mode).save(tmp_path / f"{mode}.{suffix}")
    files = sorted(tmp_path.glob("*.*"))
    out = tmp_path / "out"
    assert predict.main([str(run), *map(str, files), "-o", str(out)]) == 0
    for file in files:
        label = read_label(out / f"{file.stem}_label.png")
        assert label.shape == (40, 56)
        assert label.max() < 7
        with Image.open(out / f"{file.stem}_label.png") as written:
            assert written.mode == "P"
        assert (out / f"{file.stem}_overlay.png").exists()


def test_predict_refuses_an_image_too_large_for_memory(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(scores, "device_memory", lambda xp: Memory(1 << 20, 1 << 20))
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    assert predict.main([str(run), f"{tmp_path}/a.png", "-o", str(tmp_path / "out")]) == 1
    assert "an image of 30 x 40 pixels needs about 0." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_predict_goes_on_after_a_file_that_is_no_image(run, tmp_path, capsys):
    (tmp_path / "a.jpg").write_bytes(b"no image")
    Image.new("RGB", (40, 40)).save(tmp_path / "b.png")
    out = tmp_path / "out"
    status = predict.main([str(run), f"{tmp_path}/a.jpg", f"{tmp_path}/b.png", "-o", str(out)])
    assert status == 1
    assert "a.jpg" in capsys.readouterr().err
    assert sorted(p.name for p in out.iterdir()) == ["b_label.png", "b_overlay.png"]


def test_the_profile_names_layers_and_the_time_waited_for_data(tmp_path, capsys):
    assert train.main(["shapes", *TINY, "--profile", "--out", str(tmp_path / "run")]) == 0
    table = capsys.readouterr().out
    rows = [line.split() for line in table.splitlines() if re.match(r"(conv|fc|score|wait)", line)]
    assert {"conv1_1", "fc6", "score_pool3"} <= {row[0] for row in rows}
    assert "waiting for data" in table
    shares = re.findall(r"([\d.]+)%$", table, re.MULTILINE)
    assert sum(map(float, shares)) == pytest.approx(100, abs=3)  # rounding of each row


def test_voc_without_data_says_where_it_looked_and_what_to_do(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("MINIFCN_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    assert train.main(["voc", *TINY, "--out", "out"]) == 1
    error = capsys.readouterr().err
    assert "--data-dir" in error
    assert "VOCtrainval_11-May-2012.tar" in error
    assert not (tmp_path / "out").exists()


def test_staged_training_makes_three_runs_and_the_last_is_used(tmp_path, capsys):
    folder = tmp_path / "staged"
    assert train.main(["shapes", *TINY, "--staged", "--out", str(folder)]) == 0
    for arch in ("fcn32s", "fcn16s", "fcn8s"):
        config = json.loads((folder / arch / "config.json").read_text())
        assert config["settings"]["arch"] == arch
    assert config["settings"]["weights"] == str(folder / "fcn16s")
    assert evaluate.main([str(folder), "shapes", "--limit", "1"]) == 0


def test_a_finished_run_can_be_resumed_without_harm(run, capsys):
    before = (run / "weights.h5").read_bytes()
    assert train.main(["shapes", *TINY, "--out", str(run), "--resume"]) == 0
    assert (run / "weights.h5").read_bytes() == before


@pytest.fixture
def precision():
    """What the precision is; undone afterwards."""
    yield get_product_precision
    set_product_precision("float32")


def test_every_command_that_computes_takes_a_precision(run, tmp_path, precision, capsys):
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png")
    image, out = str(tmp_path / "a.png"), str(tmp_path / "out")
    assert evaluate.main([str(run), "shapes", "--limit", "1", "--precision", "tf32"]) == 0
    assert precision() == "tf32"
    assert predict.main([str(run), image, "-o", out, "--precision", "float16"]) == 0
    assert precision() == "float16"
    assert classify.main([str(run), image]) == 1  # it is no classifier
    assert precision() == "float32"
    arguments = ["shapes", *TINY, "--precision", "tf32", "--log-every", "5"]
    assert train.main([*arguments, "--out", str(tmp_path / "run")]) == 0
    assert precision() == "tf32"


def test_pretrained_weights_start_an_fcn(tmp_path, capsys):
    file = tmp_path / "classifier.h5"
    assert pretrain.main(["shapes", "--smoke", "--width", "0.015625", "-o", str(file)]) == 0
    arguments = ["shapes", "--smoke", "--width", "0.015625", "--weights", str(file)]
    assert train.main([*arguments, "--out", str(tmp_path / "run")]) == 0
    assert f"weights of {file}: 30 arrays" in capsys.readouterr().out


def test_the_demo_compares_the_three_nets(tmp_path, capsys):
    assert demo.main(["--smoke", "--out", str(tmp_path)]) == 0
    results = json.loads((tmp_path / "results.json").read_text())
    assert list(results) == ["fcn32s", "fcn16s", "fcn8s"]
    for figures in results.values():
        assert list(figures) == ["pixel_accuracy", "mean_accuracy", "mean_iu", "fw_iu"]
    assert (tmp_path / "demo.png").exists()
    assert "FCN-8s" in capsys.readouterr().out


def test_a_demo_loses_nothing_of_the_one_before_and_the_last_is_resumed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert demo.numbered(resume=False) == demo.numbered(resume=True) == Path("runs/demo")
    for folder in ("runs/demo", "runs/demo-2"):
        assert demo.numbered(resume=False) == Path(folder)
        Path(folder).mkdir(parents=True)
        assert demo.numbered(resume=True) == Path(folder)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["train", "shapes", "--lr", "1e-10"], "summed loss"),
        (["train", "shapes", "--width", "0.5"], "shipped weights|of width 0.125"),
        (["train", "shapes", "--weights", "nowhere.h5"], "nowhere.h5: there is no such file"),
        (["evaluate", "nowhere.h5", "shapes"], "nowhere.h5: there is no such file"),
        (["predict", "nowhere", "x.png"], "nowhere: there is no such file"),
        (
            ["train", "shapes", "--momentum", "2"],
            "--momentum must be at least 0 and below 1",
        ),
        (["train", "shapes", "--staged", "--accumulate", "0"], "--accumulate must be at least 1"),
        (["train", "shapes", "--lr-search", "1", "nan"], "--lr must be a finite number, not nan"),
        (["pretrain", "shapes", "--steps", "-1"], "--steps must be at least 1, not -1"),
        (["evaluate", "x.h5", "shapes", "--threads", "-1"], "--threads must be 0 to 1024, not -1"),
    ],
)
def test_mistakes_end_with_one_clear_sentence(arguments, words, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert minifcn(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert re.search(words, error)
    assert not list(tmp_path.iterdir()), "nothing was written"


def test_only_the_command_that_is_asked_for_is_imported_and_gets_all_that_follows(monkeypatch):
    arguments = ["shapes", "--lr", "1e-3", "-o", "out", "--", "-x", "--help", "a b", ""]
    monkeypatch.setattr(train, "main", lambda rest: len(rest) if rest == arguments else -1)
    assert minifcn(["train", *arguments]) == len(arguments)
    code = (
        "import sys; from minifcn.__main__ import main\n"
        "try:\n    main(['download', '--help'])\n"
        "finally:\n    sys.exit('minifcn.training' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_importing_the_package_runs_and_loads_nothing_heavy():
    code = "import sys, minifcn; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
