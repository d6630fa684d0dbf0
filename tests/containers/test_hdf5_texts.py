"""Texts in HDF5's attributes: all are read, and damaged ones cost neither time nor memory."""

import struct

import h5py
import numpy as np
import pytest
from helpers.hostile import assert_read_or_refused, assert_refused, damaged_copies

from minifcn.containers import hdf5_texts
from minifcn.containers.hdf5_tree import Hdf5Tree
from minifcn.weights.importing.formats.source import Source, weight_file

TEXTS = {
    "version": "3.15.1",
    "empty": "",
    "none": [],
    "names": ["conv1", "größe", "", "x" * 5000],
    "grid": np.array([["a", "b"], ["c", "d"]], object),
    "long": "y" * 100_000,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.h5"


def save(path, texts, **options) -> None:
    """Write texts as attributes of a group."""
    with h5py.File(path, "w", **options) as file:
        group = file.create_group("layer", track_order=options.get("track_order"))
        group["weight"] = [1.0, 2.0]
        for name, text in texts.items():
            group.attrs.create(name, text, dtype=h5py.string_dtype())


def read(path) -> Source:
    with weight_file(path, "a net") as data, Hdf5Tree(data) as tree:
        group = tree.root["layer"]
        return Source("", "", {}, {name: tree.texts(group, name) for name in group.attrs})


@pytest.mark.parametrize("track_order", [False, True])
@pytest.mark.parametrize("user_block", [0, 512])
@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_all_texts_are_read(path, version, user_block, track_order):
    save(path, TEXTS, libver=version, userblock_size=user_block, track_order=track_order)
    assert read(path).attributes == {n: np.ravel(text).tolist() for n, text in TEXTS.items()}


def test_attributes_added_later_are_found_where_the_header_is_continued(path):
    save(path, {})
    expected = {}
    for number in range(30):
        with h5py.File(path, "a") as file:
            file["layer"].attrs[f"text {number}"] = str(number)
            expected[f"text {number}"] = [str(number)]
            file[f"something between {number}"] = [1.0]
    assert read(path).attributes == expected


def test_many_attributes_in_the_newest_format_are_refused(path):
    save(path, {f"{number}": "text" for number in range(30)}, libver="latest")
    assert_refused(read, path, "'0' is damaged, or stored in a way that is not read")


def change(path, place: bytes, offset: int, value: int, width: str = "Q") -> None:
    """Replace an integer somewhere after the first occurrence of some bytes."""
    content = bytearray(path.read_bytes())
    struct.pack_into(f"<{width}", content, content.index(place) + offset, value)
    path.write_bytes(content)


HEAP = b"GCOL\1"
HEAP_OR_TEXT = "a (heap of texts is damaged|text claims letters)"


@pytest.mark.parametrize("index", [0, 1, 2])  # 0: no object
@pytest.mark.parametrize("length", [0, 1, 15, 1 << 20, 2**64 - 16, 2**64 - 1])
def test_a_damaged_heap_is_refused(path, index, length):
    save(path, {"a": "text"})
    change(path, HEAP, 16, index)
    change(path, HEAP, 24, length)
    if (index, length) == (1, 15):  # long enough for the text
        assert read(path).attributes == {"a": ["text"]}
    else:
        assert_refused(read, path, HEAP_OR_TEXT)


def descriptor(path) -> bytes:
    """Return how the only text of the file is described: length, address of its heap, index."""
    return struct.pack("<IQI", 4, path.read_bytes().index(HEAP), 1)


ABSURD = [0, 8, 15, 1 << 30, 1 << 40, 2**64 - 16, 2**64 - 1]


@pytest.mark.parametrize(
    ("anchor", "offset", "value", "width"),
    [
        *((lambda path: HEAP, 8, size, "Q") for size in ABSURD if size != 8),
        *((descriptor, 0, length, "I") for length in (5, 9, 1 << 31, 2**32 - 1)),
        *((descriptor, 4, address, "Q") for address in ABSURD),
        (descriptor, 12, 7, "I"),  # a text that is not in its heap
    ],
)
def test_absurd_sizes_and_addresses_are_refused(path, anchor, offset, value, width):
    save(path, {"a": "text"})
    change(path, anchor(path), offset, value, width)
    assert_refused(read, path, f"{HEAP_OR_TEXT}|beyond the end of the file")


def test_one_text_many_times_counts_as_many(path):
    save(path, {"a": ["x" * 999] + ["y"] * 100})
    content = bytearray(path.read_bytes())
    start = content.index(struct.pack("<IQ", 999, content.index(HEAP)))
    content[start : start + 16 * 101] = content[start : start + 16] * 101
    path.write_bytes(content)
    assert_refused(read, path, "a text claims letters that are not in the file")


def test_the_number_of_steps_is_limited(path, monkeypatch):
    save(path, {"a": ["text"] * 100})
    monkeypatch.setattr(hdf5_texts, "_MAX_STEPS", 50)
    assert_refused(read, path, "more attributes or texts than any net")


@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_damage_is_found_or_does_no_harm(path, version):
    save(path, {"a": ["text", "another"], "b": "more"}, libver=version)
    for content in damaged_copies(path.read_bytes(), 200):
        path.write_bytes(content)
        assert_read_or_refused(read, path)
