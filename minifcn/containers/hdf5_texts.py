"""Texts of variable length in HDF5's attributes, read without HDF5.

HDF5 allocates whatever length a damaged text claims, gigabytes of it, before it looks for the
text; and it searches the heap in which texts are kept, which has no checksum, for ever if that is
damaged. So the bytes are followed here: from an object's header to its messages, from the
attribute among them to the heap.

Source: the HDF5 File Format Specification 3.0, sections III.E, IV.A and IV.A.2.m
"""

from __future__ import annotations

from collections.abc import Iterator

_ATTRIBUTE, _CONTINUATION = 0x0C, 0x10  # kinds of messages
_SHARED = 2  # a flag of messages that lie elsewhere
_MAX_STEPS = 500_000  # over messages and over texts in heaps: a second at most


class TextReader:
    """The texts of one file.

    Parameters
    ----------
    base : int
        Where the addresses in the file count from: the length of what precedes its HDF5.
    """

    def __init__(self, data: memoryview, base: int) -> None:
        self._bytes = data[base:]
        self._steps_left = _MAX_STEPS
        self._bytes_left = len(data)
        self._heaps: dict[int, dict[int, tuple[int, int]]] = {}

    def attribute(self, header: int, name: str, count: int) -> list[str]:
        """Return the texts of an attribute.

        Parameters
        ----------
        header : int
            Address of the header of the object.
        name : str
            An attribute of it that holds texts of variable length.
        count : int
            How many it holds.

        Raises
        ------
        ValueError
            If anything on the way is damaged, or if the attribute is not in the object's header,
            where HDF5 puts those of an object that has more than a few.
        """
        for start, stop in self._attributes(header):
            version, name_size = self._integer(start, 1), self._integer(start + 2, 2)
            multiple = 8 if version == 1 else 1  # of the lengths of name, type and shape
            at = start + (9 if version == 3 else 8)
            if bytes(self._bytes[at : at + name_size]).rstrip(b"\0") != name.encode():
                continue
            for size in (name_size, self._integer(start + 4, 2), self._integer(start + 6, 2)):
                at += -(-size // multiple) * multiple
            if 16 * count <= stop - at:
                return [self._text(at + 16 * number) for number in range(count)]
        raise ValueError(f"the attribute {name!r} is damaged, or stored in a way that is not read")

    def _attributes(self, header: int) -> Iterator[tuple[int, int]]:
        """Yield where each attribute of an object begins and ends."""
        is_new = bytes(self._bytes[header : header + 4]) == b"OHDR"
        if is_new:
            flags = self._integer(header + 5, 1)
            at = header + 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
            width = 1 << (flags & 3)
            blocks = [(at + width, self._integer(at, width))]
            key = 6 if flags & 4 else 4  # the bytes before a message
        else:
            blocks, key = [(header + 16, self._integer(header + 8, 4))], 8
        for start, size in blocks:  # to which continuations are added
            at, end = start, start + size
            while end - at >= key:
                self._count_step()
                kind = self._integer(at, 1 if is_new else 2)
                length = self._integer(at + (1 if is_new else 2), 2)
                flags = self._integer(at + (3 if is_new else 4), 1)
                at += key
                if length > end - at:
                    raise ValueError("a header reaches beyond its end")
                if kind == _CONTINUATION:
                    more, more_size = self._integer(at, 8), self._integer(at + 8, 8)
                    # New blocks have a signature of 4 bytes before them and a checksum behind.
                    blocks.append((more + 4, more_size - 8) if is_new else (more, more_size))
                elif kind == _ATTRIBUTE and not flags & _SHARED:
                    yield at, at + length
                at += length

    def _text(self, at: int) -> str:
        """Return the text that is described by 16 bytes: length, address of its heap, index."""
        length = self._integer(at, 4)
        if length == 0:
            return ""
        self._bytes_left -= length
        address, index = self._integer(at + 4, 8), self._integer(at + 12, 4)
        start, size = self._heap(address).get(index, (0, 0))
        if length > size or self._bytes_left < 0:
            raise ValueError("a text claims letters that are not in the file")
        return bytes(self._bytes[start : start + length]).decode("utf-8", errors="replace")

    def _heap(self, address: int) -> dict[int, tuple[int, int]]:
        """Return where each object of a heap begins and its length, by index."""
        if address not in self._heaps:
            end = address + self._integer(address + 8, 8)
            if bytes(self._bytes[address : address + 4]) != b"GCOL" or end > len(self._bytes):
                raise ValueError("a heap of texts is damaged")
            objects = {}
            at = address + 16
            while end - at >= 16 and (index := self._integer(at, 2)):  # 0 is the free rest
                self._count_step()
                size = self._integer(at + 8, 8)
                if size > end - at - 16:
                    raise ValueError("a heap of texts is damaged")
                objects[index] = at + 16, size
                at += 16 + -(-size // 8) * 8
            self._heaps[address] = objects
        return self._heaps[address]

    def _integer(self, at: int, width: int) -> int:
        raw = self._bytes[at : at + width]
        if len(raw) < width:
            raise ValueError("an address is beyond the end of the file")
        return int.from_bytes(raw, "little")

    def _count_step(self) -> None:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise ValueError("it has more attributes or texts than any net")
