"""MATLAB's files of versions 5 to 7: what SciPy writes comes back, what is hostile is refused."""

import io
import struct
import zlib

import numpy as np
import pytest
import scipy.io
from helpers.arrays import taking_less_than

from minifcn.containers import limits, mat5
from minifcn.containers.mat5 import load_mat5

f32 = np.float32
HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM"


def cell(*values):
    """Return a cell as SciPy takes it."""
    array = np.empty((1, len(values)), object)
    array[0] = values
    return array


def saved(variables, **options):
    file = io.BytesIO()
    scipy.io.savemat(file, variables, **options)
    return memoryview(file.getvalue())


compressed_or_not = pytest.mark.parametrize("do_compression", [False, True])


@compressed_or_not
@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1"])
def test_arrays_of_each_type(dtype, do_compression):
    array = np.arange(120).reshape(2, 3, 4, 5).astype(dtype)
    found = load_mat5(saved({"weights": array}, do_compression=do_compression))["weights"]
    assert found.dtype == array.dtype
    assert not found.flags.writeable
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1), (0, 0), (0, 5), (2, 3, 1, 4)])
def test_each_shape(shape):
    found = load_mat5(saved({"a": np.ones(shape)}))["a"]
    assert found.shape == shape


def test_integers_that_matlab_stores_in_fewer_bytes():
    """MATLAB writes doubles that are small integers as bytes."""
    data = matrix(6, (1, 3), element(2, b"\1\2\3"))
    assert load_mat5(memoryview(HEADER + data))["x"].tolist() == [[1, 2, 3]]


@compressed_or_not
def test_texts_cells_and_structs(do_compression):
    variables = {
        "text": "conv1_1",
        "accents": "crème",
        "cell": cell("a", np.ones((1, 2)), cell("b")),
        "struct": {"name": "conv", "pad": np.array([[1.0]]), "inner": {"deep": "yes"}},
        "structs": np.array([("a", 1.0), ("b", 2.0)], [("name", object), ("value", object)]),
        "empty": np.empty((0, 0), object),
    }
    found = load_mat5(saved(variables, do_compression=do_compression))
    assert found["text"] == "conv1_1"
    assert found["accents"] == "crème"
    assert found["cell"][0] == "a"
    assert found["cell"][1].tolist() == [[1, 1]]
    assert found["cell"][2] == ["b"]
    assert found["struct"]["name"] == "conv"
    assert found["struct"]["inner"] == {"deep": "yes"}
    assert [each["name"] for each in found["structs"]] == ["a", "b"]
    assert [each["value"].item() for each in found["structs"]] == [1, 2]
    assert found["empty"] == []


def test_the_members_of_a_cell_come_column_by_column():
    values = np.array([["a", "b"], ["c", "d"]], object)
    assert load_mat5(saved({"x": values}))["x"] == ["a", "c", "b", "d"]


def test_what_is_no_array_of_real_numbers_is_none():
    variables = {"sparse": scipy.sparse.eye_array(3), "complex": np.array([[1j]])}
    found = load_mat5(saved({"cell": cell(*variables.values(), "last")}))
    assert found["cell"] == [None, None, "last"]


def test_arrays_are_views():
    data = saved({"weights": np.arange(1 << 18, dtype=f32)})
    with taking_less_than(100_000):  # bytes, of a million
        load_mat5(data)


# What is refused


def element(kind, content, size=None):
    """Return an element, whose length may be a lie."""
    size = len(content) if size is None else size
    return struct.pack("<2I", kind, size) + content + bytes(-len(content) % 8)


def matrix(kind, shape, *contents, flags=0):
    """Return the element of an array of a class."""
    parts = [
        element(6, struct.pack("<2I", kind | flags, 0)),
        element(5, struct.pack(f"<{len(shape)}i", *shape)),
        element(1, b"x"),
        *contents,
    ]
    return element(14, b"".join(parts))


def nested(depth):
    data = matrix(6, (1, 1), element(9, bytes(8)))
    for _ in range(depth):
        data = matrix(1, (1, 1), data)
    return data


FIELDS = element(5, struct.pack("<i", 8))
HOSTILE = {
    "an element longer than the file": element(14, b"", 0xFFFF_FFF0),
    "a billion numbers": matrix(7, (1 << 15, 1 << 15), element(7, bytes(8))),
    "numbers longer than their array": matrix(7, (1, 1), element(7, bytes(8), 0x7FFF_FFFF)),
    "a negative length": matrix(7, (-1, 2), element(7, bytes(8))),
    "lengths that overflow": matrix(7, (1 << 30,) * 8, element(7, bytes(8))),
    "a hundred dimensions": matrix(7, (1,) * 100, element(7, bytes(4))),
    "one dimension": matrix(7, (2,), element(7, bytes(8))),
    "no dimensions": matrix(7, (), element(7, bytes(8))),
    "a cell of a billion": matrix(1, (1 << 15, 1 << 15)),
    "a billion structs": matrix(2, (1 << 15, 1 << 15), FIELDS, element(1, b"name\0\0\0\0")),
    "fields of no length": matrix(2, (1, 1), element(5, bytes(4)), element(1, b"name")),
    "fields of negative length": matrix(
        2, (1, 1), element(5, struct.pack("<i", -8)), element(1, b"name")
    ),
    "a struct without fields' lengths": matrix(2, (1, 1), element(5, b"")),
    "a cell of something else": matrix(1, (1, 1), element(7, bytes(8))),
    "a thousand cells in cells": nested(1000),
    "flags that are no integers": element(14, element(7, bytes(8))),
    "no flags": element(14, element(6, b"")),
    "a compressed variable that is not": element(15, b"noise"),
    "a compressed variable that is cut off": element(15, zlib.compress(nested(3))[:-5]),
    "a small element of a large size": struct.pack("<2I", 14 | 60_000 << 16, 0),
    "half a tag": b"\1\2\3",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused(content):
    data = memoryview(HEADER + content)
    words = "truncated|damaged|nested|for the shape|too big"
    with taking_less_than(1 << 20), pytest.raises(ValueError, match=words):
        load_mat5(data)


BOMBS = [(8 << 20, "a", 1 << 20), (2 << 20, "abc", 5 << 20)]


@pytest.mark.parametrize(("size", "names", "granted"), BOMBS)
def test_a_bomb_is_stopped_and_variables_count_together(monkeypatch, size, names, granted):
    monkeypatch.setattr(limits, "_ALWAYS_GRANTED", granted)
    data = saved(dict.fromkeys(names, np.zeros(size, np.uint8)), do_compression=True)
    words = r"unfolds to more than the \d+ bytes"
    with taking_less_than(granted + (3 << 20)), pytest.raises(ValueError, match=words):
        load_mat5(data)


def test_the_number_of_elements_is_limited(monkeypatch):
    monkeypatch.setattr(mat5, "_MAX_ELEMENTS", 100)
    with pytest.raises(ValueError, match="more than 100 elements"):
        load_mat5(saved({"cell": cell(*"abcdefghijklmnopqrstuvwxyz")}))


def test_the_other_byte_order_is_refused():
    with pytest.raises(ValueError, match="not that of a MATLAB file"):
        load_mat5(memoryview(HEADER[:124] + b"\1\0MI"))
