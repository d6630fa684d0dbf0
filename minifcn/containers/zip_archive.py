"""The members of a zip archive as views of its bytes; compressed ones are unpacked within a limit.

Python's `zipfile` reads the whole table of contents, whatever its size, and does not tell where the
bytes of a member lie, so that a large array would have to be copied out.

Source: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16, 4.4.4 and 4.5.3.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from minifcn.containers.limits import inflation_limit

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")

_STORED, _DEFLATED = 0, 8  # methods of compression
_ENCRYPTED, _UTF8 = 1, 1 << 11  # flags
_MAX_COMMENT = 0xFFFF
_ELSEWHERE = 0xFFFFFFFF  # the number is in the extra field, with 64 bits
_MAX_MEMBERS = 100_000  # the largest nets have some thousand arrays


class Member(NamedTuple):
    """A member of an archive: how its bytes are packed, where they are, and what they unpack to."""

    method: int
    start: int
    stop: int
    size: int
    checksum: int


def zip_members(data: memoryview) -> dict[str, Member]:
    """Return all members of an archive by name.

    Parameters
    ----------
    data : memoryview of bytes
        The whole archive, e.g. a memory map.

    Returns
    -------
    dict of name to Member, in the order of the table of contents

    Raises
    ------
    ValueError
        If the archive is truncated or damaged, a member is encrypted or there twice, they overlap,
        or they claim to unpack to more than is granted.
    """
    count, start, size = _table_of_contents(data)
    if count > _MAX_MEMBERS or start + size > len(data):
        raise ValueError(f"its table of contents claims {count} members in {size} bytes")
    table, members = data[start : start + size], {}
    position = 0
    for _ in range(count):
        name, member, position = _next_member(data, table, position)
        if name in members:
            raise ValueError(f"it has two members of the name {name[:100]!r}")
        members[name] = member
    if sum(member.stop - member.start for member in members.values()) > len(data):
        raise ValueError("its members overlap, so that they are more in all than the file")
    unpacked = sum(member.size for member in members.values() if member.method != _STORED)
    if unpacked > inflation_limit(len(data)):
        raise ValueError(
            f"it would unfold to {unpacked} bytes, more than the {inflation_limit(len(data))} "
            "that are granted"
        )
    return members


def stored(data: memoryview, members: dict[str, Member], name: str) -> memoryview:
    """Return a view of the bytes of a member; ValueError if it is missing, compressed or damaged.

    PyTorch can be told to leave checksums out; it writes 0 then.
    """
    if name not in members:
        raise ValueError(f"it has no member {name[:100]!r}; it is incomplete")
    member = members[name]
    if member.method != _STORED:
        raise ValueError(
            f"its member {name[:100]!r} is compressed, which no framework does: it was packed "
            "again; unpack it and pack it without compression (zip -0)"
        )
    raw = data[member.start : member.stop]
    if member.checksum and zlib.crc32(raw) != member.checksum:
        raise ValueError(f"its member {name[:100]!r} has another checksum; it is damaged")
    return raw


def unpacked(data: memoryview, members: dict[str, Member], name: str) -> memoryview:
    """Return the bytes of a member, compressed or not; ValueError if they are not whole."""
    member = members[name]
    raw = data[member.start : member.stop]
    if member.method == _DEFLATED:
        raw = memoryview(zlib.decompressobj(-15).decompress(raw, member.size + 1))
    elif member.method != _STORED:
        raise ValueError(f"its member {name[:100]!r} is compressed in an unusual way")
    if len(raw) != member.size or zlib.crc32(raw) != member.checksum:
        raise ValueError(f"its member {name[:100]!r} has another checksum; it is damaged")
    return raw


def _table_of_contents(data: memoryview) -> tuple[int, int, int]:
    """Return the number of members and the start and size of the table that lists them."""
    tail = bytes(data[max(0, len(data) - _END.size - _MAX_COMMENT) :])
    at = len(data) - len(tail) + tail.rfind(b"PK\5\6")
    if b"PK\5\6" not in tail or at + _END.size > len(data):
        raise ValueError("it has no end of a zip archive; it is truncated or damaged")
    _, _, _, _, count, size, start, _ = _END.unpack_from(data, at)
    if at >= _END64_LOCATOR.size:
        magic, _, end64, _ = _END64_LOCATOR.unpack_from(data, at - _END64_LOCATOR.size)
        if magic == b"PK\6\7":
            if end64 + _END64.size > len(data):
                raise ValueError("its end is not where it says; it is damaged")
            _, _, _, _, _, _, _, count, size, start = _END64.unpack_from(data, end64)
    return count, start, size


def _next_member(data: memoryview, table: memoryview, at: int) -> tuple[str, Member, int]:
    """Return the name and place of the member that is listed at `at`, and where the next is."""
    if at + _ENTRY.size > len(table):
        raise ValueError("its table of contents is cut off; it is damaged")
    magic, _, _, flags, method, _, _, checksum, *rest = _ENTRY.unpack_from(table, at)
    packed, size, name_length, extra_length, comment_length, _, _, _, header = rest
    at += _ENTRY.size
    # As `zipfile` decodes it: in DOS's characters unless the archive says otherwise.
    name = bytes(table[at : at + name_length]).decode(
        "utf-8" if flags & _UTF8 else "cp437", "replace"
    )
    extra = bytes(table[at + name_length : at + name_length + extra_length])
    if magic != b"PK\1\2" or flags & _ENCRYPTED:
        raise ValueError(f"its entry {name[:100]!r} is encrypted or damaged")
    wanted = [number == _ELSEWHERE for number in (size, packed, header)]
    long = iter(_long_numbers(extra, sum(wanted)))
    size, packed, header = (
        next(long) if missing else number
        for number, missing in zip((size, packed, header), wanted, strict=True)
    )
    if header + _LOCAL.size > len(data):
        raise ValueError(f"its member {name[:100]!r} is not in the file; it is truncated")
    *local, name_length_again, extra_again = _LOCAL.unpack_from(data, header)
    start = header + _LOCAL.size + name_length_again + extra_again
    if local[0] != b"PK\3\4" or start + packed > len(data):
        raise ValueError(f"its member {name[:100]!r} is not in the file; it is truncated")
    if method == _STORED and size != packed:
        raise ValueError(f"its member {name[:100]!r} has two lengths; it is damaged")
    return (
        name,
        Member(method, start, start + packed, size, checksum),
        at + name_length + extra_length + comment_length,
    )


def _long_numbers(extra: bytes, count: int) -> tuple[int, ...]:
    """Return the first `count` numbers of 64 bits in the extra field of an entry."""
    at = 0
    while count and at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        if kind == 1 and size >= 8 * count and at + 4 + 8 * count <= len(extra):
            return struct.unpack_from(f"<{count}Q", extra, at + 4)
        at += 4 + size
    if count:
        raise ValueError("its table of contents lacks a length; it is damaged")
    return ()
