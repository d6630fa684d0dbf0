"""A writer of Caffe models for the tests: protobuf's wire format, field by field."""

from collections.abc import Callable, Sequence

import numpy as np


def varint(value: int) -> bytes:
    """Return an integer as protobuf writes it; negative ones have ten bytes."""
    value %= 1 << 64
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | str | bytes) -> bytes:
    """Return an integer field, or one of bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def packed(number: int, values: np.ndarray) -> bytes:
    """Return numbers as one field."""
    return field(number, values.tobytes())


def unpacked(number: int, values: np.ndarray) -> bytes:
    """Return numbers as a field each."""
    key = varint(number << 3 | {4: 5, 8: 1}[values.itemsize])
    return b"".join(key + value.tobytes() for value in values.ravel())


def old_shape(shape: Sequence[int]) -> bytes:
    """Return num, channels, height and width; ones are put before fewer axes."""
    dims = (1,) * (4 - len(shape)) + tuple(shape)
    return b"".join(field(number, size) for number, size in enumerate(dims, 1))


def new_shape(shape: Sequence[int]) -> bytes:
    """Return a BlobShape, packed."""
    return field(7, field(1, b"".join(map(varint, shape))))


def blob(
    array: np.ndarray,
    shape: Callable[[Sequence[int]], bytes] = new_shape,
    write: Callable[[int, np.ndarray], bytes] = packed,
) -> bytes:
    """Return a BlobProto; as in Caffe's files, the numbers come after an old shape, before a new.

    The field is that of the array's type: `data` for float32, `double_data` for float64.
    """
    numbers = write({4: 5, 8: 8}[array.itemsize], array)
    return numbers + shape(array.shape) if shape is new_shape else shape(array.shape) + numbers


def v0_layer(name: str, kind: str, blobs: Sequence[bytes] = (), more: bytes = b"") -> bytes:
    """Return a layer of 2013 as a field of the net."""
    inner = field(1, name) + field(2, kind) + more + b"".join(field(50, b) for b in blobs)
    return field(2, field(1, inner) + field(2, "below") + field(3, "above"))


def v1_layer(name: str, kind: int, blobs: Sequence[bytes] = (), more: bytes = b"") -> bytes:
    """Return a layer of 2014 as a field of the net."""
    inner = field(2, "below") + field(3, "above") + field(4, name) + field(5, kind)
    return field(2, inner + b"".join(field(6, b) for b in blobs) + more)


def v2_layer(name: str, kind: str, blobs: Sequence[bytes] = (), more: bytes = b"") -> bytes:
    """Return a layer as it is today as a field of the net."""
    inner = field(1, name) + field(2, kind) + field(3, "below") + field(4, "above")
    return field(100, inner + b"".join(field(7, b) for b in blobs) + more)


def net(*layers: bytes) -> bytes:
    """Return a NetParameter."""
    return field(1, "a net") + b"".join(layers)
