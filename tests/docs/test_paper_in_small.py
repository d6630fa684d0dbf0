"""The gallery of experiments says what their results say."""

import paper_in_small
import pytest

from minifcn.experiments import EXPERIMENTS
from minifcn.experiments.records import NAME, read_record

KEPT = sorted(path.parent for path in paper_in_small.RESULTS.glob(f"*/{NAME}"))


def test_the_page_is_written_from_the_results():
    fresh = paper_in_small.PAGE.read_text(encoding="utf-8") == paper_in_small.page()
    assert fresh, "run `python docs/paper_in_small.py`"


@pytest.mark.parametrize("folder", KEPT, ids=lambda folder: folder.name)
def test_results_are_of_an_experiment_that_was_more_than_tried(folder):
    record = read_record(folder)
    assert record["experiment"] in EXPERIMENTS and not record["smoke"]
    assert folder.name == f"{record['experiment']}-{record['data']}"
    assert all((folder / name).is_file() for name in ("picture.svg", *paper_in_small.shown(record)))
    assert record["statement"] == paper_in_small.experiment(record["experiment"]).statement


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_leads_to_a_page_of_the_textbook_and_back(name):
    assert paper_in_small.explained(name)


def test_results_that_are_taken_stand_on_the_page(tmp_path, monkeypatch):
    monkeypatch.setattr(paper_in_small, "RESULTS", tmp_path / "kept")
    assert "Not run here yet: `python -m minifcn.paper table2`" in paper_in_small.page()
    for folder in KEPT:
        paper_in_small.take(folder.parent)
    assert sorted(path.name for path in (tmp_path / "kept").glob("*")) == [k.name for k in KEPT]
