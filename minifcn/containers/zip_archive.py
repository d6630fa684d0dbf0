"""The members of a zip archive as views of its bytes; compressed ones are unpacked within a limit.

Python's `zipfile` reads the table of contents. It does not tell where the bytes of a member lie,
so that a large array would have to be copied out; that is found here, in the header before them.
"""

from __future__ import annotations

import struct
import zlib
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from minifcn.containers.limits import inflation_limit
from minifcn.containers.mapped import MemoryFile

_MAX_TABLE = 4 << 20  # bytes of the table of contents; the largest nets have some thousand arrays
_HEADER = struct.Struct("<4s22x2H")  # of a member: its mark, lengths of its name and extra field
_ENCRYPTED, _UTF8 = 1, 1 << 11  # flags

Members = dict[str, ZipInfo]


def zip_members(data: memoryview) -> Members:
    """Return all members of an archive by name, in the order of the table of contents.

    Raises
    ------
    ValueError
        If the archive is truncated or damaged, a member is there twice, they overlap, or they
        claim to unpack to more than is granted.
    """
    try:
        with ZipFile(MemoryFile(data, _MAX_TABLE)) as archive:
            listed = archive.infolist()
    except Exception as error:  # zipfile reports damage by several kinds
        raise ValueError(
            f"it has no table of contents of a zip archive ({error}); it is truncated or damaged"
        ) from error
    members: Members = {}
    for member in listed:
        if members.setdefault(member.filename, member) is not member:
            raise ValueError(f"it has two members of the name {member.filename[:100]!r}")
    if sum(member.compress_size for member in listed) > len(data):
        raise ValueError("its members overlap, or claim more bytes in all than are in the file")
    unpacked = sum(m.file_size for m in listed if m.compress_type != ZIP_STORED)
    if unpacked > inflation_limit(len(data)):
        raise ValueError(
            f"it would unfold to {unpacked} bytes, more than the {inflation_limit(len(data))} "
            "that are granted"
        )
    return members


def stored(data: memoryview, members: Members, name: str) -> memoryview:
    """Return a view of the bytes of a member; ValueError if it is missing, compressed or damaged.

    PyTorch can be told to leave checksums out; it writes 0 then.
    """
    if name not in members:
        raise ValueError(f"it has no member {name[:100]!r}; it is incomplete")
    member = members[name]
    if member.compress_type != ZIP_STORED:
        raise ValueError(
            f"its member {name[:100]!r} is compressed, which no framework does: it was packed "
            "again; unpack it and pack it without compression (zip -0)"
        )
    if member.file_size != member.compress_size:
        raise ValueError(f"its member {name[:100]!r} has two lengths; it is damaged")
    raw = _packed(data, member)
    if member.CRC and zlib.crc32(raw) != member.CRC:
        raise ValueError(f"its member {name[:100]!r} has another checksum; it is damaged")
    return raw


def unpacked(data: memoryview, members: Members, name: str) -> memoryview:
    """Return the bytes of a member, compressed or not; ValueError if they are not whole."""
    member = members[name]
    raw = _packed(data, member)
    if member.compress_type == ZIP_DEFLATED:
        raw = memoryview(zlib.decompressobj(-15).decompress(raw, member.file_size + 1))
    elif member.compress_type != ZIP_STORED:
        raise ValueError(f"its member {name[:100]!r} is compressed in an unusual way")
    if len(raw) != member.file_size or zlib.crc32(raw) != member.CRC:
        raise ValueError(f"its member {name[:100]!r} has another checksum; it is damaged")
    return raw


def _packed(data: memoryview, member: ZipInfo) -> memoryview:
    """Return a view of the bytes of a member as they are in the file."""
    name, at = member.filename[:100], member.header_offset
    if member.flag_bits & _ENCRYPTED:
        raise ValueError(f"its member {name!r} is encrypted")
    if not 0 <= at <= len(data) - _HEADER.size:
        raise ValueError(f"its member {name!r} is not in the file; it is truncated or damaged")
    mark, name_length, extra_length = _HEADER.unpack_from(data, at)
    start = at + _HEADER.size + name_length
    raw = data[start + extra_length :][: member.compress_size]
    name_again = member.orig_filename.encode("utf-8" if member.flag_bits & _UTF8 else "cp437")
    is_found = mark == b"PK\3\4" and data[start - name_length : start] == name_again
    if not is_found or len(raw) < member.compress_size:
        raise ValueError(f"its member {name!r} is not in the file; it is truncated or damaged")
    return raw
