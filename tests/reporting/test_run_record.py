"""The folder of a run is read whatever state it is in."""

import json

import numpy as np
import pytest
from helpers.run_folders import make_run

from minifcn.data.palette import voc_palette
from minifcn.reporting.page import report_page
from minifcn.reporting.run_record import ReportError, find_runs, read_run


def test_a_finished_run_is_read_whole(tmp_path):
    run = read_run(make_run(tmp_path / "run"))
    assert run.finished and run.made == run.steps == 4
    assert [one.number for one in run.evaluations] == [2, 4]
    assert run.chosen == run.evaluations[-1]
    assert run.updates["pixel_loss"].tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
    head = run.heads[""]
    assert head.names == ("background", "cat", "dog")
    assert head.counts.tolist() == [[450, 50, 50], [50, 450, 50], [50, 50, 450]]
    assert head.scores.class_accuracy.tolist() == [450 / 550] * 3
    assert run.colours("")[:4].tolist() == [[9, 9, 9]] * 3 + [voc_palette()[3].tolist()]
    assert {number: len(paths) for number, paths in run.samples.items()} == {2: 1, 4: 1}


def test_a_run_that_goes_on_is_told_of_by_its_last_evaluation(tmp_path):
    run = read_run(make_run(tmp_path / "run", finished=False))
    assert (run.finished, run.made, run.chosen.number) == (False, 2, 2)


def test_results_of_a_run_that_was_resumed_for_more_steps_are_of_the_past(tmp_path):
    folder = make_run(tmp_path / "run", steps=4)
    config = json.loads((folder / "config.json").read_text())
    config["settings"]["steps"] = 8
    (folder / "config.json").write_text(json.dumps(config))
    run = read_run(folder)
    assert not run.finished
    assert [one.number for one in run.evaluations] == [2, 4]


def test_weights_may_be_of_an_earlier_evaluation_than_the_last(tmp_path):
    folder = make_run(tmp_path / "run")
    last = json.loads((folder / "results.json").read_text())
    best = {**last, "steps": 2, "last": last}
    (folder / "results.json").write_text(json.dumps(best))
    run = read_run(folder)
    assert run.finished and run.made == 4
    assert run.chosen.number == 2
    assert run.evaluations[-1].number == 4


def test_a_better_figure_on_fewer_images_is_not_the_best(tmp_path):
    folder = make_run(tmp_path / "run", finished=True)
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    for one in lines:
        if "mean_iu" in one:
            one |= {"images": 1, "confusion": (9 * np.eye(3, dtype=int)).tolist()}
    (folder / "log.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in lines))
    results = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps({**results, "images": 10}))
    run = read_run(folder)
    figures = [one.heads[""].scores.mean_iu for one in run.evaluations]
    assert figures[0] == 1 > figures[1] and run.best.number == run.chosen.number == 4
    assert run.looked_at == [1, 10]
    text = " ".join(report_page([run]).split())
    assert "best mean IU" not in text
    assert "Not all evaluations looked at as many images, but at 1 or 10." in text


def test_an_old_run_lacks_the_counts_and_has_the_figures(tmp_path):
    run = read_run(make_run(tmp_path / "run", old=True))
    assert run.finished
    head = run.heads[""]
    assert head.counts is None
    assert head.scores.class_iu.tolist() == pytest.approx([450 / 650] * 3)
    assert np.isnan(head.scores.class_accuracy).all()
    assert np.array_equal(run.colours(""), voc_palette())


def test_every_head_is_read(tmp_path):
    run = read_run(make_run(tmp_path / "run", extra={"geo": ("sky", "ground")}))
    assert {head: found.names for head, found in run.heads.items()} == {
        "": ("background", "cat", "dog"),
        "geo": ("sky", "ground"),
    }


def test_a_run_without_an_update_is_one(tmp_path):
    folder = make_run(tmp_path / "run", evaluated=(), finished=False)
    (folder / "log.jsonl").unlink()
    run = read_run(folder)
    assert (run.made, run.evaluations, run.chosen, run.best) == (0, [], None, None)


DAMAGED = [
    "{",
    "[]",
    '{"number": 3, "loss": "much", "pixel_loss": 1, "rate": 1}',
    '{"number": 3, "mean_iu": NaN, "class_iu": {"a": 1}}',
    '{"number": 3, "mean_iu": 1, "class_iu": ["a"]}',
    '{"number": 3, "class_iu": {"a": "b"}, "heads": 4}',
]


@pytest.mark.parametrize("line", DAMAGED)
def test_a_line_that_says_nothing_is_left_out(line, tmp_path):
    folder = make_run(tmp_path / "run")
    whole = read_run(folder)
    with open(folder / "log.jsonl", "a") as log:
        log.write(f"{line}\n")
    run = read_run(folder)
    assert [one.number for one in run.evaluations] == [one.number for one in whole.evaluations]
    assert np.array_equal(run.updates["number"], whole.updates["number"])


@pytest.mark.parametrize("counts", ["x", [[1]], [[1, 2, 3]] * 2, [[-1] * 3] * 3, [["a"] * 3] * 3])
def test_counts_that_are_no_matrix_of_the_classes_are_left_out(counts, tmp_path):
    folder = make_run(tmp_path / "run")
    results = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps({**results, "confusion": counts}))
    assert read_run(folder).heads[""].counts is None


def test_a_folder_of_stages_means_them_all_in_their_order(tmp_path):
    for arch in ("fcn8s", "fcn32s"):
        make_run(tmp_path / arch)
    assert find_runs(tmp_path) == [tmp_path / "fcn32s", tmp_path / "fcn8s"]


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(ReportError, match=r"is no run: it holds no config.json; give the folder"):
        find_runs(tmp_path)


@pytest.mark.parametrize("content", ["", "[]", '{"settings": {"steps": "many"}}'])
def test_a_damaged_config_is_named(content, tmp_path):
    folder = make_run(tmp_path / "run")
    (folder / "config.json").write_text(content)
    with pytest.raises(ReportError, match=r"config.json does not hold the settings of a run"):
        read_run(folder)
