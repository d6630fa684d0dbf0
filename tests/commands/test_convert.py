"""The convert command: a run as a single file to pass on."""

import re

import numpy as np
import pytest

from minifcn.__main__ import main
from minifcn.inference.model import load_model


@pytest.mark.parametrize("options", [[], ["--half"]])
def test_a_run_becomes_a_file_with_all_that_belongs_to_its_net(run, options, tmp_path, capsys):
    file = tmp_path / "net.h5"
    assert main(["convert", str(run), *options, "-o", str(file)]) == 0
    assert re.search(rf"weights are in {file} \(0\.\d MB\)", capsys.readouterr().out)
    expected, found = load_model(run), load_model(file)
    assert found._replace(net=None) == expected._replace(net=None)
    tolerance = 1e-3 if options else 0
    for address, array in expected.net.params.items():
        np.testing.assert_allclose(found.net.params[address], array, tolerance, 1e-6, address)
    assert main(["evaluate", str(file), "shapes", "--limit", "1"]) == 0


def test_without_a_name_the_file_is_called_as_the_run(run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["convert", str(run)]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["shapes.h5"]


def test_what_a_run_holds_can_be_looked_at(run, capsys):
    assert main(["convert", "--inspect", str(run)]) == 0
    assert "As fcn8s on vgg16, width 0.015625, 7 classes" in capsys.readouterr().out


def test_a_folder_that_is_no_run_is_refused(tmp_path, capsys):
    assert main(["convert", str(tmp_path), "-o", str(tmp_path / "net.h5")]) == 1
    assert "holds no weights.h5; is it the folder of a run" in capsys.readouterr().err
