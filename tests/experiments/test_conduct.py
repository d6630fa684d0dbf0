"""Experiments from the name to the files: every one of them goes the whole way."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree

import numpy as np
import pytest

from minifcn.experiments import EXPERIMENTS, experiment
from minifcn.experiments.conduct import command_of, conduct
from minifcn.experiments.data_sets import DATA_SETS
from minifcn.experiments.experiment import FAILS, HOLDS, OPEN, Chart, Curve, Result, Row
from minifcn.experiments.lab import Lab
from minifcn.experiments.plots import draw
from minifcn.experiments.records import read_record, write_record
from minifcn.experiments.tables import markdown, plain
from minifcn.paper import parser

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(autouse=True)
def few_small_images(monkeypatch):
    """Trainings say nothing here, so they get a hundred images of a quarter of the pixels."""
    small = DATA_SETS["shapes"]._replace(options={"length": 100, "size": [64, 64]})
    monkeypatch.setitem(DATA_SETS, "shapes", small)


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    """A folder in which all experiments of this module share their runs."""
    return tmp_path_factory.mktemp("paper")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_goes_the_whole_way(name, out):
    said = conduct(name, data="shapes", out=out, smoke=True, note=lambda _: None)
    folder = out / f"{name}-shapes-smoke"
    record = json.loads((folder / "results.json").read_text())
    assert record["verdict"] == OPEN and record["verdict"] in said  # two updates prove nothing
    assert record["seeds"] == 1 and record["smoke"]
    assert record["rows"]
    assert (folder / "table.md").read_text() == markdown(record)
    ElementTree.parse(folder / "picture.svg")
    for picture in record["pictures"]:
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_says_where_it_is_from(name):
    one = experiment(name)
    assert one.section and one.statement.endswith(".") and not one.paper.endswith(".")
    assert set(one.minutes) <= {"shapes", "camvid", "voc"} and "shapes" in one.minutes


def test_a_run_is_made_once_and_shared(tmp_path, monkeypatch):
    told: list[str] = []
    lab = Lab("shapes", tmp_path, smoke=True, note=told.append)
    first = lab.train(0, "fcn32s")
    again = Lab("shapes", tmp_path, smoke=True, note=told.append).train(0, "fcn32s")
    assert again == first and len(told) == 1
    other = lab.train(1, "fcn32s")
    after = lab.train(0, "fcn16s", after=first)
    assert len({run.folder for run in (first, other, after)}) == 3
    assert len(first.updates["pixel_loss"]) == 2 and 0 <= first.mean_iu <= 100


def test_a_run_that_was_stopped_is_resumed(tmp_path):
    lab = Lab("shapes", tmp_path, smoke=True, note=lambda _: None)
    run = lab.train(0, "fcn32s")
    whole = (run.folder / "weights.h5").read_bytes()
    for name in ("results.json", "weights.h5", "last.h5", "checkpoints/step_000002.h5"):
        next(run.folder.glob(name.replace("000002", "*2"))).unlink()
    lab.train(0, "fcn32s")
    assert (run.folder / "weights.h5").read_bytes() == whole
    assert len(run.updates["number"]) == 2


RESULT = Result(
    [
        Row("a", {"mean IU, %": [40.1, 42.1], "time, s": [1.25, 1.5]}, {"mean IU, %": 45.4}),
        Row("b", {"mean IU, %": [np.nan, 1.0]}),
    ],
    HOLDS,
    "Because.",
    [Chart("t", "x", "y", [Curve("c", [1, 2], [[1.0, 2.0], [1.5, 2.5]])])],
)
FACTS = {"data": "shapes", "seeds": 2, "smoke": False, "minutes": 1, "command": "c"}


def test_a_table_has_the_paper_s_figures_beside_ours(tmp_path):
    write_record(tmp_path, "table1", experiment("table1"), RESULT, FACTS)
    record = read_record(tmp_path)
    assert markdown(record).splitlines() == [
        "|  | mean IU, % | the paper | time, s |",
        "| --- | --- | --- | --- |",
        "| a | 41.1 (40.1 \N{EN DASH} 42.1) | 45.4 | 1.4 (1.2 \N{EN DASH} 1.5) |",
        "| b | diverged |  |  |",
    ]
    assert len({len(line) for line in plain(record).splitlines()}) == 1


def test_the_same_results_give_the_same_picture(tmp_path):
    write_record(tmp_path, "table1", experiment("table1"), RESULT, FACTS)
    for name in ("one.svg", "two.svg"):
        draw(read_record(tmp_path), tmp_path / name)
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


def test_an_experiment_that_is_done_is_not_repeated_unless_it_is_asked_for(tmp_path):
    how = {"data": "shapes", "out": tmp_path, "smoke": True, "note": lambda _: None}
    conduct("upper-bounds", **how)
    assert "is there already" in conduct("upper-bounds", **how, again=False)
    assert FAILS not in conduct("upper-bounds", **how)


def test_of_two_that_are_done_at_once_one_writes_after_the_other(tmp_path, monkeypatch):
    both, writing = threading.Barrier(2), threading.Lock()
    measure = experiment("upper-bounds")._replace(measure=lambda lab: (both.wait(10), RESULT)[1])
    monkeypatch.setattr("minifcn.experiments.conduct.experiment", lambda name: measure)

    def draw_slowly(record, path):
        assert writing.acquire(blocking=False), "the other one is still writing"
        time.sleep(0.1)
        writing.release()

    monkeypatch.setattr("minifcn.experiments.conduct.draw", draw_slowly)
    how = {"data": "shapes", "out": tmp_path, "smoke": True, "note": lambda _: None}
    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(conduct, "upper-bounds", **how) for _ in range(2)]
    assert all(OPEN in end.result() for end in ends)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("shapes", False, False, 3), "--data shapes"),
        (("camvid", True, True, 1), "--data camvid --data-dir DIR --weights FILE --seeds 1"),
    ],
)
def test_the_command_that_is_recorded_names_no_files(given, said):
    assert command_of("table2", *given) == f"python -m minifcn.paper table2 {said}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["upper-bounds"], "upper-bounds"),
        (
            ["upper-bounds", "/home/me/maps", "--method", "nearest", "--factors", "8", "4"],
            "upper-bounds LABELS --method nearest --factors 8 4",
        ),
        (["heat-map", "--photo", "/home/me/cat.jpg"], "heat-map --photo FILE"),
    ],
)
def test_own_options_are_recorded_as_they_were_given(arguments, said):
    given = vars(parser().parse_args(arguments))
    name, data = given["experiment"], given["data"]
    own = {key: given[key] for key in given if key in ("labels", "method", "factors", "photo")}
    command = command_of(name, data, False, False, 3, own)
    assert command == f"python -m minifcn.paper {said} --data shapes"
