"""The command that writes a page in which a net can be walked through."""

from shutil import copytree

import numpy as np
import pytest
from helpers.explored_page import Page
from helpers.tiny_run import TINY
from PIL import Image

from minifcn import explore, train
from minifcn.inference.model import load_model
from minifcn.weights.store import save_weights


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    """Return the folder of FCN-32s, 16s and 8s, each trained from the one before."""
    folder = tmp_path_factory.mktemp("staged") / "demo"
    assert train.main(["shapes", *TINY, "--staged", "--out", str(folder)]) == 0
    return folder


def test_a_page_of_a_training_has_its_nets_and_its_past(stages, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert explore.main([str(stages), "val_00003", "-o", str(out)]) == 0
    assert f"val_00003: {out}, " in capsys.readouterr().out
    net = Page(out.read_text(encoding="utf-8")).net
    assert (net["arch"], net["source"], net["images"][0]["truth"]) == ("fcn8s", "demo", True)
    answers = {one["id"] for one in net["images"][0]["answers"]}
    assert {"own", "fcn32s", "fcn16s"} < answers
    past = [one["arch"] for one in net["moments"]]
    assert list(dict.fromkeys(past)) == ["fcn32s", "fcn16s", "fcn8s"]
    assert past.count("fcn8s") == len(list((stages / "fcn8s" / "checkpoints").iterdir()))


def test_the_past_of_a_stage_ends_with_it(stages, tmp_path):
    out = tmp_path / "page.html"
    assert explore.main([str(stages / "fcn16s"), "val_00000", "-o", str(out)]) == 0
    net = Page(out.read_text(encoding="utf-8")).net
    assert {one["arch"] for one in net["moments"]} == {"fcn32s", "fcn16s"}
    assert "fcn32s" in {one["id"] for one in net["images"][0]["answers"]}


def test_a_weight_file_has_no_past_and_a_photograph_no_truth(stages, tmp_path):
    Image.fromarray(np.full((40, 80, 3), 99, np.uint8)).save(tmp_path / "photo.png")
    weights, out = stages / "fcn8s" / "weights.h5", tmp_path / "page.html"
    arguments = [str(weights), str(tmp_path / "photo.png"), "--side", "64", "-o", str(out)]
    assert explore.main(arguments) == 0
    net = Page(out.read_text(encoding="utf-8")).net
    (image,) = net["images"]
    assert (image["height"], image["width"], image["truth"]) == (32, 64, False)
    assert (net["moments"], image["wrong"], image["accuracy"]) == ([], [], None)


def test_a_checkpoint_that_is_damaged_is_left_out(stages, tmp_path):
    damaged = sorted((stages / "fcn32s" / "checkpoints").iterdir())[0]
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    try:
        out = tmp_path / "page.html"
        assert explore.main([str(stages / "fcn32s"), "val_00000", "-o", str(out)]) == 0
    finally:
        damaged.write_bytes(whole)
    net = Page(out.read_text(encoding="utf-8")).net
    there = list((stages / "fcn32s" / "checkpoints").iterdir())
    assert len(net["moments"]) == len(there) - 1


def test_an_older_page_is_replaced_and_nothing_else(run, tmp_path, capsys):
    out = tmp_path / "page.html"
    for _ in range(2):
        assert explore.main([str(run), "val_00000", "-o", str(out)]) == 0
    out.write_text("mine")
    assert explore.main([str(run), "val_00000", "-o", str(out)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert out.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["RUN"], "is a net; give pictures behind it, such as val_00000"),
        (["RUN", "nothing.png"], "image nothing.png does not exist; drawn shapes are called"),
        (["RUN", "val_00999"], "shapes has val_00000 to val_00199"),
        (["RUN", "val_00000", "--side", "0"], "--side must be at least 1, not 0"),
        (["nothing.h5", "val_00000"], "nothing.h5: there is no such file"),
        (
            ["runs/typo", "val_00000"],
            "runs/typo does not exist: the first argument must be the folder of a run, a weight "
            "file or a picture; drawn shapes are called val_00000 to val_00199",
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments, said, run, tmp_path, capsys):
    words = [str(run) if one == "RUN" else one for one in arguments]
    assert explore.main([*words, "-o", str(tmp_path / "page.html")]) == 1
    told = capsys.readouterr()
    assert said in told.err
    assert not told.out  # nothing has been taken in place of what is not there
    assert not (tmp_path / "page.html").exists()


def test_a_run_that_is_misspelt_is_told_with_the_one_like_it(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(run.parent)
    wrong = f"{run.name}x"
    assert explore.main([wrong, "val_00000", "-o", str(tmp_path / "page.html")]) == 1
    assert f"; did you mean {run.name}?" in capsys.readouterr().err


def test_a_folder_that_is_no_run_is_no_picture(tmp_path, capsys):
    assert explore.main([str(tmp_path), "val_00000", "-o", str(tmp_path / "page.html")]) == 1
    assert f"{tmp_path} is a folder, but not that of a run" in capsys.readouterr().err


def test_a_net_that_sees_depth_is_refused(tmp_path, capsys):
    folder = tmp_path / "deep"
    assert train.main(["shapes", *TINY, "--depth", "--modality", "hha", "--out", str(folder)]) == 0
    assert explore.main([str(folder), "val_00000", "-o", str(tmp_path / "page.html")]) == 1
    assert "the net sees hha, and the page shows nets that see colour" in capsys.readouterr().err


def test_a_page_that_would_be_too_large_is_not_written(run, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("minifcn.exploring.page.LARGEST", 1000)
    assert explore.main([str(run), "val_00000", "-o", str(tmp_path / "page.html")]) == 1
    assert "fewer pictures, or smaller ones by --side" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_a_run_is_not_among_its_own_relatives(run, tmp_path):
    out = tmp_path / "page.html"
    assert explore.main([str(run), "val_00000", "-o", str(out)]) == 0
    answers = Page(out.read_text(encoding="utf-8")).net["images"][0]["answers"]
    assert run.name not in {one["id"] for one in answers}


def test_a_neighbour_that_knows_other_classes_is_no_relative(stages, tmp_path):
    folder = tmp_path / "mixed"
    copytree(stages / "fcn16s", folder / "fcn16s")
    two_classes = ["--two-heads", "--head", "geo", "--out", str(folder / "fcn32s")]
    assert train.main(["shapes", *TINY, "--arch", "fcn32s", *two_classes]) == 0
    out = tmp_path / "page.html"
    assert explore.main([str(folder / "fcn16s"), "val_00000", "-o", str(out)]) == 0
    answers = Page(out.read_text(encoding="utf-8")).net["images"][0]["answers"]
    assert "fcn32s" not in {one["id"] for one in answers}


def test_a_picture_that_no_window_fits_into_is_refused_by_its_name(tmp_path, capsys):
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    assert explore.main([str(tmp_path / "dot.png"), "-o", str(tmp_path / "page.html")]) == 1
    assert "dot: an image of 1 x 1 pixels is too small for the net" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_a_file_that_holds_no_net_is_refused(run, tmp_path, capsys):
    file = tmp_path / "broken.h5"
    save_weights(file, load_model(run).net.params, {})
    assert explore.main([str(file), "val_00000", "-o", str(tmp_path / "page.html")]) == 1
    assert "but not the description of a net" in capsys.readouterr().err
