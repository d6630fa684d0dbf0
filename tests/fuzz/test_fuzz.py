"""A few damaged files of each kind, and all that ever came to harm; `make fuzz` tries thousands."""

from pathlib import Path

import pytest

pytest.importorskip("resource", reason="limits of memory are POSIX's")

from fuzz.campaign import Workers
from fuzz.formats import FORMATS
from fuzz.worker import LOADED, REFUSED, answer, same, whole

FEW = 8
KEPT = sorted((Path(__file__).parent / "kept").glob("*/*"))


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    """A process that reads."""
    with Workers(tmp_path_factory.mktemp("fuzz"), seed=0) as started:
        yield started


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_read_or_refused(workers, name):
    outcomes = workers.trials(name, FEW)
    assert outcomes.total() == FEW
    assert set(outcomes) <= {LOADED, REFUSED}


@pytest.mark.parametrize("file", KEPT, ids=lambda file: f"{file.parent.name}, {file.name}")
def test_what_once_came_to_harm_does_so_no_more(tmp_path, file):
    form = FORMATS[file.parent.name]
    path = tmp_path / form.file
    whole(form, path)  # and what belongs to it
    path.write_bytes(file.read_bytes())
    assert answer(form, path) in (LOADED, REFUSED)


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if form.exact])
def test_a_number_that_changed_without_a_word_would_be_seen(tmp_path, name):
    form, path = FORMATS[name], tmp_path / "file"
    _, value = whole(form, path)
    assert same(form.read(path), value)
    other = [{"a": 1}, {}] if isinstance(value, tuple) else {}
    assert answer(form, path, other) == "loaded as something else"


def test_an_error_of_another_kind_fails(tmp_path):
    def read(path):
        raise IndexError("list index out of range")

    form = FORMATS["npz"]._replace(read=read)
    assert answer(form, tmp_path / "file") == "IndexError: list index out of range"


def test_a_process_that_ends_fails_and_another_goes_on(workers):
    workers.process.kill()
    (outcome,) = workers.trials("npz", 1)
    assert outcome.startswith("the process ended with status")
    assert set(workers.trials("npz", 1)) <= {LOADED, REFUSED}
