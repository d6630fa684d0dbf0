"""The README.md of a run."""

import json
import shlex

import pytest
from helpers.commands import is_understood, parser_of
from helpers.run_folders import make_run

from minifcn.reporting.card import card
from minifcn.reporting.pages import write_pages
from minifcn.reporting.run_record import read_run


def card_of(folder):
    return card(read_run(folder))


def test_a_card_says_what_the_net_is_and_how_good(tmp_path):
    text = card_of(make_run(tmp_path / "run"))
    assert "\n# run\n" in text
    assert "finished after 4 updates. Mean IU 69.2 percent" in text
    assert "| net | fcn8s on vgg16 at width 0.125 |" in text
    assert "| classes | 3: background, cat, dog |" in text
    assert "| cat | 81.82 | 69.23 |" in text
    assert "background taken for cat (9.1 percent of it)" in text


def test_a_card_says_what_is_not_as_usual(tmp_path):
    folder = make_run(tmp_path / "run")
    assert "| besides |" not in card_of(folder)
    path = folder / "config.json"
    config = json.loads(path.read_text())
    config["settings"] |= {"freeze": "conv*", "fuse": "max"}
    path.write_text(json.dumps(config))
    assert "| besides | --freeze 'conv\\*', --fuse max |" in card_of(folder)


@pytest.mark.parametrize(
    "how", [{"finished": False}, {"finished": False, "evaluated": ()}, {"old": True}]
)
def test_every_run_has_a_card(how, tmp_path):
    assert "\n## Commands\n" in card_of(make_run(tmp_path / "run", **how))


def test_each_head_has_a_table(tmp_path):
    text = card_of(make_run(tmp_path / "run", extra={"geo": ("sky", "ground")}))
    assert "\n### geo\n" in text and "\n| sky | " in text


def test_its_commands_are_understood(tmp_path):
    folder = make_run(tmp_path / "a run", data_options={"depth": True, "length": 4})
    lines = [line for line in card_of(folder).splitlines() if "minifcn." in line and "-m" in line]
    for line in lines:
        _, _, module, *arguments = shlex.split(line)
        assert is_understood(parser_of(module.removeprefix("minifcn.")), arguments), line
    assert [shlex.split(line)[2] for line in lines] == ["minifcn.predict", "minifcn.evaluate"]


def test_what_is_not_so_is_not_said(tmp_path):
    folder = make_run(tmp_path / "run", data_options={"depth": False})
    config, results = (
        json.loads((folder / f"{n}.json").read_text()) for n in ("config", "results")
    )
    (folder / "results.json").write_text(json.dumps({**results, "confusion": [[0] * 3] * 3}))
    text = card_of(folder)
    assert "nan" not in text and "--depth" not in text and "minifcn.evaluate" in text
    config["settings"]["dataset"] = "stripes (own)"  # objects of Python's, which no command knows
    (folder / "config.json").write_text(json.dumps(config))
    assert "minifcn.evaluate" not in card_of(folder)


def test_a_name_is_text_and_nothing_else(tmp_path):
    text = card_of(make_run(tmp_path / "run", names=("a|b", "<img src=x>\n# heading")))
    assert "| a\\|b |" in text
    assert "\\<img src=x\\>" in text and "\n# heading" not in text


def test_pages_are_written_anew_but_never_over_those_of_others(tmp_path):
    folder = make_run(tmp_path / "run")
    write_pages(folder)
    first = (folder / "README.md").read_text()
    (folder / "README.md").write_text(f"{first}more")
    (folder / "report.html").write_text("mine")
    write_pages(folder)
    assert (folder / "README.md").read_text() == first
    (folder / "README.md").write_text(first.partition("\n")[2])  # without the line that says so
    write_pages(folder)
    assert not (folder / "README.md").read_text().startswith("<!--")
    assert (folder / "report.html").read_text() == "mine"
