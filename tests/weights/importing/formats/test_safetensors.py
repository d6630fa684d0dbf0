"""Safetensors: round trips, what other writers write, and files that are broken."""

import json
import struct

import numpy as np
import pytest
from helpers.arrays import assert_bits_equal
from helpers.hostile import assert_refused
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minifcn.weights.importing.formats import safetensors
from minifcn.weights.importing.formats.safetensors import read_safetensors, write_safetensors
from minifcn.weights.store import WeightsError

f32 = np.float32
EXAMPLE = {
    "conv1/7x7_s2.weight": np.arange(24, dtype=f32).reshape(2, 3, 2, 2),
    "bias": np.arange(3.0),
    "half": np.array([1.5, -2], np.float16),
    "empty": np.zeros((0, 3), f32),
    "one": np.array(7, np.int64),
    "flags": np.array([True, False]),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.safetensors"


def test_round_trip_keeps_bits_order_and_metadata(path):
    write_safetensors(path, EXAMPLE, {"source": "net.caffemodel"})
    source = read_safetensors(path)
    assert_bits_equal(source.arrays, EXAMPLE)
    assert source.attributes == {"source": "net.caffemodel"}
    assert (source.format, source.framework) == ("safetensors", "safetensors")


@settings(max_examples=12)  # each waits for the disk
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8")).filter(lambda name: name != "__metadata__"),
        arrays.arrays(
            st.sampled_from(["<f4", "<f8", "<f2", "<i8", "|u1", "|b1"]),
            arrays.array_shapes(min_dims=0, min_side=0, max_side=4),
        ),
        max_size=4,
    )
)
def test_any_arrays_come_back(tmp_path_factory, contents):
    path = tmp_path_factory.mktemp("safetensors") / "net.safetensors"
    write_safetensors(path, contents, {})
    found = read_safetensors(path).arrays
    assert_bits_equal({name: found[name] for name in contents}, contents)
    assert len(found) == len(contents)


def test_strides_and_byte_order_are_made_plain(path):
    turned = np.arange(6, dtype=">f4").reshape(2, 3).T
    write_safetensors(path, {"a": turned}, {})
    array = read_safetensors(path).arrays["a"]
    assert (array.dtype, array.tolist()) == (f32, turned.tolist())


def test_the_same_arrays_make_the_same_file(path):
    write_safetensors(path, EXAMPLE, {"a": "b"})
    first = path.read_bytes()
    write_safetensors(path, EXAMPLE, {"a": "b"})
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("contents", "metadata", "message"),
    [
        ({"a": np.array([None])}, {}, "'a', of object, has no form"),
        ({"a": np.ones(1, complex)}, {}, "'a', of complex128, has no form"),
        ({"__metadata__": np.ones(1)}, {}, "'__metadata__', of float64, has no form"),
        ({"a": np.ones(1)}, {"a": {1}}, "set is not JSON serializable"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_leaves_nothing(path, contents, metadata, message):
    with pytest.raises(WeightsError, match=rf"net\.safetensors cannot be written: .*{message}"):
        write_safetensors(path, contents, metadata)
    assert list(path.parent.iterdir()) == []


# Files of other writers, and hostile ones


def write(path, header, data: bytes = b"") -> None:
    """Write a file with any header: a table, or text as it is."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def entry(start: int, stop: int, shape=None, dtype: str = "F32") -> dict:
    shape = [(stop - start) // 4] if shape is None else shape
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


def test_tensors_come_in_the_order_of_their_numbers(path):
    write(path, {"b": entry(4, 8), "a": entry(0, 4)}, np.array([1, 2], f32).tobytes())
    assert {n: a.tolist() for n, a in read_safetensors(path).arrays.items()} == {"a": [1], "b": [2]}


def test_bfloat16_becomes_float32(path):
    values = np.array([1, -2.5, 3e38, np.inf], f32)
    upper = (values.view("<u4") >> 16).astype("<u2")
    write(path, {"a": entry(0, 8, [2, 2], "BF16")}, upper.tobytes())
    array = read_safetensors(path).arrays["a"]
    assert (array.dtype, array.shape) == (f32, (2, 2))
    np.testing.assert_allclose(array.ravel(), values, rtol=2**-8)  # 8 bits of precision


def test_spaces_after_the_header_are_allowed(path):
    write(path, b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}   ', bytes(4))
    assert list(read_safetensors(path).arrays) == ["a"]


BILLION = 1 << 30
HOSTILE = {
    "hole": ({"a": entry(0, 4), "b": entry(8, 12)}, bytes(12), "b is at bytes .*not from 4 on"),
    "overlap": ({"a": entry(0, 8), "b": entry(4, 12)}, bytes(12), "b is at bytes"),
    "one place twice": ({"a": entry(0, 4), "b": entry(0, 4)}, bytes(4), "b is at bytes"),
    "left over": ({"a": entry(0, 4)}, bytes(8), "have 4 bytes, but 8 are there"),
    "too little": ({"a": entry(0, 8)}, bytes(4), "a has 4 bytes"),
    "billion numbers": ({"a": entry(0, 4 * BILLION)}, bytes(4), "a has 4 bytes"),
    "absurd shape": ({"a": entry(0, 4, [2**62] * 30)}, bytes(4), "a has 4 bytes"),
    "many axes": ({"a": entry(0, 4, [1] * 65)}, bytes(4), "a has 4 bytes"),
    "very many axes": ({"a": entry(0, 4, [1] * 9000)}, bytes(4), "a has 4 bytes"),
    "many tensors": ({f"{n}": entry(0, 0) for n in range(3000)}, b"", "more entries than any"),
    "negative shape": ({"a": entry(0, 4, [-1, -1])}, bytes(4), r"a has shape \[-1, -1\]"),
    "shape of floats": ({"a": entry(0, 4, [1.0])}, bytes(4), r"a has shape \[1.0\]"),
    "shape of truth": ({"a": entry(0, 4, [True])}, bytes(4), r"a has shape \[True\]"),
    "no shape": ({"a": {"dtype": "F32", "data_offsets": [0, 4]}}, bytes(4), "a has shape None"),
    "negative offsets": ({"a": entry(0, -4, [1])}, bytes(4), r"a has data_offsets \[0, -4\]"),
    "one offset": ({"a": {**entry(0, 4), "data_offsets": [0]}}, bytes(4), "a is at bytes"),
    "no offsets": ({"a": {"dtype": "F32", "shape": [1]}}, bytes(4), "a has data_offsets None"),
    "backward": ({"a": entry(0, 4), "b": entry(4, 2, [0])}, bytes(4), "b is at bytes"),
    "unknown type": ({"a": entry(0, 4, dtype="F8_E4M3")}, bytes(4), "'F8_E4M3', which NumPy"),
    "type of a list": ({"a": {**entry(0, 4), "dtype": []}}, bytes(4), "cannot be read"),
    "list": ([], b"", "header is not a table"),
    "entry of text": ({"a": "text"}, b"", "header is not a table"),
    "metadata of numbers": ({"__metadata__": {"a": 1}}, b"", "metadata are not texts"),
    "metadata of text": ({"__metadata__": "text"}, b"", "header is not a table"),
    "one name twice": (b'{"a":{},"a":{}}', b"", "has a name twice"),
    "no JSON": (b"{{{{", b"", "Expecting property name"),
    "no UTF-8": (b"{\xff}", b"", "can't decode byte"),
    "deep": (b'{"a":' + b"[" * 5000, b"", "cannot be read as safetensors"),
    "long integer": (b'{"a":' + b"9" * 100_000 + b"}", b"", "cannot be read as safetensors"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused(path, case, monkeypatch):
    monkeypatch.setattr(safetensors, "_MAX_VALUES", 10_000)
    header, data, message = HOSTILE[case]
    write(path, header, data)
    assert_refused(read_safetensors, path, message)


@pytest.mark.parametrize("length", [0, 1, 9, 2**32, 2**63, 2**64 - 1])
def test_an_absurd_length_of_the_header_is_refused(path, length):
    path.write_bytes(struct.pack("<Q", length) + b"{}      ")
    assert_refused(read_safetensors, path, f"header would have {length} bytes")


# Against the real library


def test_the_library_reads_what_we_write_and_writes_what_we_read(path):
    library = pytest.importorskip("safetensors.numpy")
    write_safetensors(path, EXAMPLE, {"a": "b"})
    found = library.load_file(path)
    assert_bits_equal({name: found[name] for name in EXAMPLE}, EXAMPLE)
    library.save_file(EXAMPLE, path, {"a": "b"})
    source = read_safetensors(path)
    assert_bits_equal({name: source.arrays[name] for name in EXAMPLE}, EXAMPLE)
    assert source.attributes == {"a": "b"}
