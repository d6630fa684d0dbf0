"""Training in one call, on a data set by its name or on one's own."""

import json

import pytest

from minifcn import Segmenter, fit
from minifcn.data.shapes import ShapesDataset
from minifcn.system.records import SettingsError
from minifcn.training.run import Reporter

TINY = {"width": 1 / 64, "weights": "none", "steps": 1, "batch_size": 1, "final_images": 1}


def own() -> tuple[ShapesDataset, ShapesDataset]:
    return ShapesDataset("train", length=4), ShapesDataset("val", length=1)


def test_data_of_ones_own_are_trained_on_and_the_run_is_a_segmenter(tmp_path):
    run = fit(own(), tmp_path / "run", reporter=Reporter(), arch="fcn32s", **TINY)
    assert run.folder == tmp_path / "run"
    results = json.loads((run.folder / "results.json").read_text())
    assert results["mean_iu"] == run.scores.mean_iu
    result = Segmenter(run)(own()[1][0].image)
    assert result.class_names == ShapesDataset("val").class_names
    again = fit(own(), run.folder, reporter=Reporter(), resume=True, steps=2)
    assert again.settings.steps == 2 and again.settings.arch == "fcn32s"


def test_the_run_has_the_report_and_the_card_of_the_command(tmp_path):
    run = fit(own(), tmp_path / "run", arch="fcn32s", **TINY)
    assert "finished after 1 updates" in (run.folder / "report.html").read_text()
    assert (
        f"Mean IU {100 * run.scores.mean_iu:.1f} percent" in (run.folder / "README.md").read_text()
    )


def test_the_command_does_not_take_data_of_ones_own_for_its_data_set(tmp_path):
    fit(own(), tmp_path, reporter=Reporter(), **TINY)
    with pytest.raises(SettingsError, match=r"dataset was shapes \(own\) when this run began"):
        fit("shapes", tmp_path, resume=True)


def test_a_data_set_is_opened_by_its_name_into_the_folder_of_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = {"length": 8}
    run = fit("shapes", reporter=Reporter(), arch="fcn16s", data_options=options, **TINY)
    assert run.folder.as_posix() == "runs/shapes-fcn16s"
    assert run.settings.data_options == options
    with pytest.raises(SettingsError, match="there is no setting 'lr'"):
        fit("shapes", lr=1e-3)
