"""The export command: a run as a file that other programs take, and that ours take as the run."""

import json
import re

import pytest
from PIL import Image

from minifcn.__main__ import main


@pytest.fixture
def photo(tmp_path):
    Image.new("RGB", (40, 48), (200, 100, 50)).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_what_is_exported_is_predicted_with_as_with_the_run(run, photo, capsys):
    file = photo.with_name("net.pth")
    assert main(["export", str(run), "-o", str(file)]) == 0
    assert re.search(rf"{file} \(0\.\d MB\)", capsys.readouterr().out)
    for model in (run, file):
        out = photo.with_name(f"by-{model.name}")
        assert main(["predict", str(model), str(photo), "-o", str(out)]) == 0
    label = [path.read_bytes() for path in sorted(photo.parent.rglob("photo_label.png"))]
    assert len(label) == 2 and label[0] == label[1]


def test_the_figures_of_a_model_for_engines_are_those_of_the_run(run, tmp_path, capsys):
    pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
    file = tmp_path / "net.onnx"
    assert main(["export", str(run), "-o", str(file), "--size", "48x64"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"an image of 48 x 64: scores in ONNX Runtime differ by [0-9]e-0[6-9]", said)
    for model in (run, file):
        figures = tmp_path / f"{model.name}.json"
        assert main(["evaluate", str(model), "shapes", "--limit", "2", "--json", str(figures)]) == 0
    found = [json.loads(path.read_text()) for path in sorted(tmp_path.glob("*.json"))]
    assert len(found) == 2 and found[0]["mean_iu"] == found[1]["mean_iu"]


def test_a_file_that_is_there_is_kept(run, tmp_path, capsys):
    (tmp_path / "net.pth").write_text("mine")
    assert main(["export", str(run), "-o", str(tmp_path / "net.pth")]) == 1
    assert "is there already" in capsys.readouterr().err
    assert (tmp_path / "net.pth").read_text() == "mine"
