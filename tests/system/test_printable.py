"""What is said of files from anywhere does no harm to a terminal."""

from __future__ import annotations

import pytest

from minifcn.data.dataset import DataError
from minifcn.fetching.archives import ArchiveError
from minifcn.system.printable import printable
from minifcn.system.records import SettingsError


@pytest.mark.parametrize("error", [ArchiveError, DataError, SettingsError])
def test_errors_have_no_control_characters(error):
    assert str(error("name \x1b[2J\r\n")) == "name ?[2J??"


def test_letters_of_all_languages_stay():
    assert printable("straße 雪") == "straße 雪"


def test_of_a_long_text_the_beginning_and_the_end_stay():
    text = printable("photo.jpg is " + "x" * 100_000 + "; save it again")
    assert text.startswith("photo.jpg is xx") and text.endswith("xx; save it again")
    assert len(text) < 1000
