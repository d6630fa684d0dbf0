"""Protobuf's wire format: whatever a writer may write is read, everything else is refused."""

import struct
import time
from contextlib import suppress

import numpy as np
import pytest
from helpers.caffe_writer import field, packed, unpacked, varint
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minifcn.containers import wire
from minifcn.containers.wire import Wire

uint64s = st.integers(0, 2**64 - 1)
int64s = st.integers(-(2**63), 2**63 - 1)
numbers = st.integers(1, 2**29 - 1)


def read(content: bytes):
    reader = Wire(memoryview(content))
    return reader, reader.message()


@given(numbers, int64s)
def test_integers_come_back_with_their_sign(number, value):
    reader, fields = read(field(number, value))
    assert reader.integers(fields, number) == [value]


@given(st.lists(int64s))
def test_packed_integers_come_back(values):
    reader, fields = read(field(1, b"".join(map(varint, values))))
    assert reader.integers(fields, 1) == values


@given(numbers, st.text())
def test_texts_come_back(number, text):
    reader, fields = read(field(number, text))
    assert reader.texts(fields, number) == [text]


some_floats = st.sampled_from(["<f4", "<f8"]).flatmap(
    lambda dtype: arrays.arrays(dtype, st.integers(0, 200))
)


@given(some_floats, numbers, st.lists(st.tuples(st.integers(0, 200), st.booleans()), max_size=4))
def test_floats_come_back_packed_or_not_and_in_pieces(values, number, cuts):
    content, start = b"", 0
    for stop, pack in [*sorted(cuts), (len(values), True)]:
        content += (packed if pack else unpacked)(number, values[start:stop])
        start = min(stop, len(values))
    reader, fields = read(content)
    assert reader.floats(fields, number, values.dtype.str).tobytes() == values.tobytes()


@given(st.lists(st.tuples(numbers, uint64s | st.binary(max_size=20)), max_size=20))
def test_fields_of_any_kind_are_told_apart(entries):
    content = b"".join(field(number, value) for number, value in entries)
    _, fields = read(content)
    for number in fields:
        expected = [value for n, value in entries if n == number]
        found = [v if isinstance(v, int) else content[slice(*v)] for v in fields[number]]
        assert found == expected


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(content):
    with suppress(ValueError):
        read(content)


def test_runs_of_numbers_end_where_the_key_changes():
    content = unpacked(1, np.arange(1000, dtype="<f4")) + unpacked(2, np.ones(3, "<f4"))
    reader, fields = read(content + unpacked(1, np.full(2, 7, "<f4")))
    assert reader.floats(fields, 1, "<f4").tolist() == [*range(1000), 7, 7]
    assert reader.floats(fields, 2, "<f4").tolist() == [1, 1, 1]


@pytest.mark.parametrize("write", [packed, unpacked])
def test_numbers_are_not_copied(write):
    content = np.frombuffer(write(5, np.arange(1000, dtype="<f4")), np.uint8)
    reader = Wire(content.data)
    assert np.shares_memory(reader.floats(reader.message(), 5, "<f4"), content)


def test_a_message_given_in_parts_is_put_together():
    reader, fields = read(field(7, field(1, 2)) + field(7, field(1, 3) + field(2, 4)))
    assert reader.submessage(fields, 7) == {1: [2, 3], 2: [4]}


def test_absent_fields_are_empty():
    reader, fields = read(b"")
    assert reader.spans(fields, 1) == reader.texts(fields, 1) == reader.integers(fields, 1) == []
    assert reader.floats(fields, 1, "<f4").size == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x08", "no integer of at most 64 bits at byte 1"),
        (b"\x08" + b"\xff" * 9 + b"\x02", "no integer of at most 64 bits at byte 1"),
        (b"\x08" + b"\x80" * 10 + b"\x00", "no integer of at most 64 bits at byte 1"),
        (b"\x80" * 11, "no integer of at most 64 bits at byte 0"),
        (b"\x00\x00", "field number 0 at byte 0"),
        (b"\x0a\x05abcd", "field 1 at byte 0 claims 5 bytes, of which 4 are there"),
        (b"\x0a" + varint(2**63), f"claims {2**63} bytes, of which 0 are there"),
        (b"\x0d\x00\x00\x00", "a field of 4 bytes at byte 0 is cut off"),
        (b"\x09" + bytes(7), "a field of 8 bytes at byte 0 is cut off"),
        (b"\x0b\x0c", "field 1 at byte 0 has wire type 3"),
        (b"\x0e", "field 1 at byte 0 has wire type 6"),
    ],
)
def test_what_is_no_message_is_refused(content, message):
    with pytest.raises(ValueError, match=message):
        read(content)


@pytest.mark.parametrize(
    ("content", "method"),
    [
        (field(1, 5), "spans"),
        (field(1, 5), "texts"),
        (unpacked(1, np.ones(1, "<f4")), "integers"),
        (field(1, b"\x80"), "integers"),
    ],
)
def test_a_field_of_another_kind_is_refused(content, method):
    reader, fields = read(content)
    with pytest.raises(ValueError, match="field 1 is not of|no integer"):
        getattr(reader, method)(fields, 1)


@pytest.mark.parametrize(
    "content", [field(1, 5), field(1, b"12345"), unpacked(1, np.ones(2, "<f8"))]
)
def test_numbers_of_another_size_are_refused(content):
    reader, fields = read(content)
    with pytest.raises(ValueError, match="field 1 is not of f4 numbers"):
        reader.floats(fields, 1, "<f4")


def test_the_number_of_fields_is_limited(monkeypatch):
    monkeypatch.setattr(wire, "_MAX_FIELDS", 10)
    read(field(1, 0) * 10)
    with pytest.raises(ValueError, match="more than 10 fields"):
        read(field(1, 0) * 11)
    reader, fields = read(field(1, bytes(10)))
    with pytest.raises(ValueError, match="more than 10 fields"):
        reader.integers(fields, 1)


def test_alternating_keys_take_time_in_proportion_to_their_number():
    content = struct.pack("<BIBI", 0x0D, 0, 0x15, 0) * 50_000
    start = time.process_time()
    read(content)
    assert time.process_time() - start < 5
