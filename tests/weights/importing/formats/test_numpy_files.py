"""NumPy's files: archives and pickled dicts of layers, whole and hostile."""

import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
from helpers.arrays import assert_bits_equal
from helpers.hostile import assert_refused
from helpers.numpy_pickles import described, npy_bytes, save_python2, save_python3
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minifcn.weights.importing.formats.numpy_files import read_npy, read_npz, write_npz
from minifcn.weights.store import WeightsError

f32 = np.float32
EXAMPLE = {
    "conv1_1/W": np.arange(24, dtype=f32).reshape(2, 3, 2, 2),
    "b": np.arange(3.0),
    "half": np.array([1.5, -2], np.float16),
    "empty": np.zeros((0, 3), f32),
    "one": np.array(7, np.int64),
    "flags": np.array([True, False]),
    "big_endian": np.arange(3, dtype=">f4"),
}


@pytest.fixture
def npz(tmp_path):
    return tmp_path / "net.npz"


@pytest.fixture
def npy(tmp_path):
    return tmp_path / "net.npy"


# npz


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_archives_of_numpy_are_read(npz, save):
    save(npz, **EXAMPLE)
    source = read_npz(npz)
    assert_bits_equal(source.arrays, EXAMPLE)
    assert source[::3] == ("NumPy npz", {"skipped": {}})
    assert source.framework == "numpy"


def test_numpy_reads_what_we_write(npz):
    write_npz(npz, EXAMPLE)
    with np.load(npz) as archive:
        assert_bits_equal(dict(archive), EXAMPLE)


@settings(max_examples=12)  # each waits for the disk
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=9),
        arrays.arrays(
            st.sampled_from(["<f4", ">f8", "<f2", "<i8", "|u1", "|b1"]),
            arrays.array_shapes(min_dims=0, min_side=0, max_side=4),
        ),
        max_size=4,
    )
)
def test_any_arrays_come_back(tmp_path_factory, contents):
    path = tmp_path_factory.mktemp("numpy") / "net.npz"
    write_npz(path, contents)
    assert_bits_equal(read_npz(path).arrays, contents)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_fortrans_order_is_understood(npz, save):
    save(npz, a=np.asfortranarray(np.arange(6, dtype=f32).reshape(2, 3)))
    assert read_npz(npz).arrays["a"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_what_is_no_array_of_numbers_is_skipped_and_told(npz):
    np.savez(npz, a=np.ones(1), none=np.array(None), text=np.array("text"))
    with zipfile.ZipFile(npz, "a") as archive:
        archive.writestr("readme.txt", "text")
    source = read_npz(npz)
    assert list(source.arrays) == ["a"]
    assert source.attributes["skipped"] == {
        "none": "of object, not of numbers",
        "text": "of <U4, not of numbers",
        "readme.txt": "not a NumPy array",
    }


def test_the_same_arrays_make_the_same_file(npz):
    write_npz(npz, EXAMPLE)
    first = npz.read_bytes()
    write_npz(npz, EXAMPLE)
    assert npz.read_bytes() == first


@pytest.mark.parametrize(
    ("key", "array"),
    [("a", np.array([None])), ("a", np.ones(1, complex)), ("", np.ones(1)), ("a\0b", np.ones(1))],
)
def test_what_cannot_be_stored_is_refused_and_leaves_nothing(npz, key, array):
    with pytest.raises(WeightsError, match=r"net\.npz cannot be written: .* has no form"):
        write_npz(npz, {"first": np.ones(1), key: array})
    assert list(npz.parent.iterdir()) == []


HOSTILE = {
    "no array": (b"text", "magic"),
    "too little": (npy_bytes(described("(3,)"), bytes(8)), r"8 bytes for the shape \(3,\)"),
    "too much": (npy_bytes(described("(3,)"), bytes(16)), r"16 bytes for the shape \(3,\)"),
    "billion numbers": (npy_bytes(described("(1073741824,)")), "0 bytes for the shape"),
    "absurd shape": (npy_bytes(described(f"({2**62}, {2**62})"), bytes(4)), "4 bytes for the"),
    "negative shape": (npy_bytes(described("(-1, -1)"), bytes(4)), "4 bytes for the shape"),
    "many axes": (npy_bytes(described("(" + "1," * 100 + ")"), bytes(4)), "cannot be read"),
    "not a shape": (npy_bytes(described("'a'")), "shape is not valid"),
    "not a type": (npy_bytes(described("(1,)", "'<q9'")), "descr is not a valid dtype"),
    "a program": (
        npy_bytes("__import__('os').system('touch evil')"),
        "malformed node|Cannot parse header",
    ),
    "long header": (npy_bytes(b" " * 60_000), "cannot be read"),
    "absurd header": (npy_bytes(b"", version=b"\2\0")[:-4] + b"\xff" * 4, "cannot be read"),
    "deep header": (npy_bytes("(" * 9000), "cannot be read as an archive of NumPy arrays"),
    "unknown version": (npy_bytes(described("(1,)"), bytes(4), b"\3\0"), r"version \(3, 0\)"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_member_is_refused(npz, case):
    content, message = HOSTILE[case]
    with zipfile.ZipFile(npz, "w") as archive:
        archive.writestr("a.npy", content)
    assert_refused(read_npz, npz, message)


def test_a_zip_bomb_is_refused(npz):
    zeros = npy_bytes(described("(25000000,)"), bytes(100_000_000))
    with zipfile.ZipFile(npz, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", zeros)
    assert_refused(read_npz, npz, "it would unfold to 1000000.. bytes, more than the 67108864")


# npy with a dict of layers


LAYERS = {
    "conv1_1": [np.arange(24, dtype=f32).reshape(2, 2, 2, 3), np.arange(3, dtype=f32)],
    "fc6": [np.arange(6.0).reshape(2, 3), np.arange(3.0)],
}
FLAT = {f"{layer}/{i}": array for layer, pair in LAYERS.items() for i, array in enumerate(pair)}


@pytest.mark.parametrize("save", [save_python2, save_python3])
def test_a_dict_of_layers_is_read(npy, save):
    save(npy, LAYERS)
    found = np.load(npy, allow_pickle=True, encoding="latin1").item()
    assert found.keys() == LAYERS.keys()  # it is what NumPy takes for one, too
    source = read_npy(npy)
    assert_bits_equal(source.arrays, FLAT)
    assert (source.framework, source.attributes) == ("numpy", {})


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_every_protocol_is_read(npy, protocol):
    layers = {"a": (np.asfortranarray(FLAT["fc6/0"]), np.ones(2, ">f4"))}
    outer = pickle.dumps(np.array(layers, object), protocol)
    npy.write_bytes(npy_bytes(described("()", "'|O'")) + outer)
    assert_bits_equal(read_npy(npy).arrays, {"a/0": layers["a"][0], "a/1": layers["a"][1]})


def test_layers_may_be_dicts_themselves(npy):
    save_python3(npy, {"conv1": {"weights": np.ones(2), "biases": np.zeros(1)}})
    assert list(read_npy(npy).arrays) == ["conv1/weights", "conv1/biases"]


class Evil:
    """Runs a command when Python unpickles it."""

    def __reduce__(self):
        return os.system, ("touch evil",)


ONES = np.ones(3)
REFUSED = {
    "a program": ({"a": [Evil()]}, "it asks for .*system, which may run any program"),
    "a list": ([ONES], "does not hold a dict of layers"),
    "a number": (7, "does not hold a dict of layers"),
    "numbers as names": ({1: [ONES]}, "does not hold a dict of layers"),
    "an array as a layer": ({"a": ONES}, "a is not a list of arrays"),
    "a text as an array": ({"a": ["text"]}, "a/0 is a str and no pickled array"),
    "texts": ({"a": [np.array(["text"])]}, "a/0 is not an array of numbers"),
    "objects": ({"a": [np.array([None, 1])]}, "a/0 is not an array of numbers"),
    "complex numbers": ({"a": [np.ones(1, complex)]}, "a/0 is not an array of numbers"),
    "another class": (OrderedDict(a=[ONES]), "it asks for collections.OrderedDict"),
    "one array many times": ({"a": [ONES] * 1000}, "more bytes than the file"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_object_is_refused(npy, case, monkeypatch):
    content, message = REFUSED[case]
    outer = np.empty((), object)
    outer[()] = content
    np.save(npy, outer, allow_pickle=True)
    monkeypatch.chdir(npy.parent)
    assert_refused(read_npy, npy, message)


@pytest.mark.parametrize("array", [np.ones((2, 3)), np.array("text"), np.zeros(2, [("a", f32)])])
def test_a_single_array_and_several_objects_are_refused(npy, array):
    np.save(npy, array)
    assert_refused(read_npy, npy, "it holds a single array, .*, without a name")
    np.save(npy, np.array([{}, {}]), allow_pickle=True)
    assert_refused(read_npy, npy, "it does not hold one object")


def test_bytes_that_claim_another_shape_are_refused(npy):
    save_python3(npy, {"a": [np.zeros((7, 11), f32)]})
    npy.write_bytes(npy.read_bytes().replace(b"K\x07K\x0b\x86", b"K\x07K\x0c\x86"))
    assert_refused(read_npy, npy, r"a/0 has 308 bytes for the shape \(7, 12\)")
