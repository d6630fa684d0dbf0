"""Training says before it starts what memory it needs."""

import pytest

from minifcn.system.machine import Memory
from minifcn.system.records import SettingsError
from minifcn.training import prepare
from minifcn.training.prepare import check_memory, make_model, open_splits
from minifcn.training.recipes import SMOKE
from minifcn.training.settings import resolve

GB = 10**9


def said(monkeypatch, memory: Memory, **settings) -> list[str]:
    """Return what is noted on a machine of that memory."""
    monkeypatch.setattr(prepare, "device_memory", lambda xp: memory)
    notes: list[str] = []
    chosen = resolve("shapes", **{**SMOKE, **settings})
    dataset = open_splits(chosen)[0]
    check_memory(make_model(chosen, dataset), dataset, chosen, prepare.np, notes.append)
    return notes


@pytest.mark.parametrize("memory", [Memory(GB, GB), Memory(None, GB), Memory(None, None)])
def test_nothing_is_said_where_memory_is_enough_or_not_known(memory, monkeypatch):
    assert said(monkeypatch, memory) == []


def test_it_warns_of_more_than_is_free(monkeypatch):
    (warning,) = said(monkeypatch, Memory(GB // 100, GB))
    assert "needs about 0.1 GB of memory, and of 1.0 GB there are 0.0 GB free" in warning
    assert "--recompute" in warning


def test_it_refuses_more_than_there_is(monkeypatch):
    with pytest.raises(SettingsError, match=r"needs about .* less is needed with "):
        said(monkeypatch, Memory(GB // 100, GB // 50))


def test_it_does_not_advise_what_is_done_already(monkeypatch):
    (warning,) = said(monkeypatch, Memory(GB // 100, GB), recompute=True, padding="same")
    assert "--recompute" not in warning
    assert "--padding" not in warning


def test_it_counts_with_the_largest_images_of_the_scale(monkeypatch):
    (plain,) = said(monkeypatch, Memory(GB // 100, GB))
    (scaled,) = said(monkeypatch, Memory(GB // 100, GB), scale="0.5,2")
    assert "1 x 128 x 128 pixels" in plain and "1 x 256 x 256 pixels" in scaled
