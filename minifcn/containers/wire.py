"""Protocol Buffers' wire format, read in place.

A message is a sequence of fields: a key (number << 3 | wire type) and a value, which is a variable-
length integer (wire type 0), 8 bytes (1), a length and as many bytes (2) or 4 bytes (5). Numbers
stay in the file: what comes back are views of it, even where an array is written as one field for
each number (a key byte before every 4 or 8 bytes is no more than a stride).

Source: protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# A net of a thousand layers has some ten thousand fields. Each costs a microsecond, so that this
# bounds the time that a file made of nothing but fields takes.
_MAX_FIELDS = 200_000

_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5


class Span(NamedTuple):
    """A part of the file: a message, a text or packed numbers."""

    start: int
    stop: int


Fields = dict[int, list["int | Span | np.ndarray"]]  # number -> values in the file's order


class Wire:
    """A file in the wire format."""

    def __init__(self, data: memoryview) -> None:
        self._bytes = data  # its elements are Python's own integers
        self._content = np.frombuffer(data, np.uint8)
        self._fields_left = _MAX_FIELDS

    def message(self, span: Span | None = None) -> Fields:
        """Return the fields of a message, by default of the one that is the whole file.

        Returns
        -------
        dict of field number to list of int (wire type 0), Span (2) or array (runs of 1 or 5)

        Raises
        ------
        ValueError
            If a field reaches beyond the message or the message is no sequence of fields.
        """
        position, stop = span or Span(0, len(self._bytes))
        fields: Fields = {}
        while position < stop:
            key, after = self._varint(position, stop)
            number, wire_type = key >> 3, key & 7
            value: int | Span | np.ndarray
            if number == 0:
                raise ValueError(f"field number 0 at byte {position}")
            if wire_type == _VARINT:
                value, position = self._varint(after, stop)
            elif wire_type == _LENGTH:
                length, start = self._varint(after, stop)
                if length > stop - start:
                    raise ValueError(
                        f"field {number} at byte {position} claims {length} bytes, of which "
                        f"{stop - start} are there"
                    )
                value, position = Span(start, start + length), start + length
            elif wire_type in (_EIGHT, _FOUR):
                width = 8 if wire_type == _EIGHT else 4
                value = self._run(position, after - position, width, stop)
                position += len(value) * (after - position + width)
            else:
                raise ValueError(f"field {number} at byte {position} has wire type {wire_type}")
            self._count_field()
            fields.setdefault(number, []).append(value)
        return fields

    def spans(self, fields: Fields, number: int) -> list[Span]:
        """Return the messages of a field, in order; none if it is absent."""
        values = [value for value in fields.get(number, []) if isinstance(value, Span)]
        if len(values) != len(fields.get(number, [])):
            raise ValueError(f"field {number} is not of bytes")
        return values

    def submessage(self, fields: Fields, number: int) -> Fields:
        """Return the fields of an optional message: none if it is absent, merged if repeated."""
        merged: Fields = {}
        for span in self.spans(fields, number):
            for inner, values in self.message(span).items():
                merged.setdefault(inner, []).extend(values)
        return merged

    def texts(self, fields: Fields, number: int) -> list[str]:
        """Return the texts of a field, in order; none if it is absent."""
        spans = self.spans(fields, number)
        return [bytes(self._bytes[a:b]).decode("utf-8", errors="replace") for a, b in spans]

    def text(self, fields: Fields, number: int) -> str:
        """Return the text of an optional field, "" if absent; if repeated, the last one counts."""
        return "".join(self.texts(fields, number)[-1:])

    def content(self, span: Span) -> memoryview:
        """Return the bytes of a part of the file, not copied."""
        return self._bytes[span.start : span.stop]

    def integers(self, fields: Fields, number: int) -> list[int]:
        """Return the integers of a field as signed ones of 64 bits, packed or not."""
        values = []
        for value in fields.get(number, []):
            if isinstance(value, Span):
                position, stop = value
                while position < stop:
                    integer, position = self._varint(position, stop)
                    self._count_field()
                    values.append(integer)
            elif isinstance(value, int):
                values.append(value)
            else:
                raise ValueError(f"field {number} is not of integers")
        return [value - (1 << 64) if value >> 63 else value for value in values]

    def floats(self, fields: Fields, number: int, dtype: str) -> np.ndarray:
        """Return the numbers (N,) of a field, "<f4" or "<f8", packed or not.

        They are a view of the file unless there are several pieces.
        """
        pieces = []
        for value in fields.get(number, []):
            raw = self._content[value.start : value.stop] if isinstance(value, Span) else value
            width = np.dtype(dtype).itemsize
            if isinstance(raw, int) or raw.nbytes % width or raw.itemsize not in (1, width):
                raise ValueError(f"field {number} is not of {dtype[1:]} numbers")
            pieces.append(raw.view(dtype))
        if len(pieces) == 1:
            return pieces[0]
        return np.concatenate(pieces) if pieces else np.empty(0, dtype)

    def _varint(self, position: int, stop: int) -> tuple[int, int]:
        """Return the variable-length integer at a position, and the position after it."""
        value = 0
        for count, byte in enumerate(self._bytes[position : min(position + 10, stop)]):
            value |= (byte & 0x7F) << 7 * count
            if byte < 0x80:
                if value >> 64:
                    break
                return value, position + count + 1
        raise ValueError(f"no integer of at most 64 bits at byte {position}")

    def _run(self, position: int, key_width: int, width: int, stop: int) -> np.ndarray:
        """Return the values of as many fields with one and the same key as follow each other."""
        step = key_width + width
        if position + step > stop:
            raise ValueError(f"a field of {width} bytes at byte {position} is cut off")
        most = (stop - position) // step
        records = self._content[position : position + most * step].reshape(most, step)
        count, window = 1, 64
        while count < most:  # windows that grow: time in proportion to what is found
            same = (records[count : count + window, :key_width] == records[0, :key_width]).all(1)
            count += len(same) if same.all() else int(same.argmin())
            if not same.all():
                break
            window = min(4 * window, 1 << 20)
        return np.ndarray(count, f"<u{width}", self._content, position + key_width, (step,))

    def _count_field(self) -> None:
        self._fields_left -= 1
        if self._fields_left < 0:
            raise ValueError(f"it has more than {_MAX_FIELDS} fields, as no net has")
