"""Extracting an archive that anybody may have made, .tar, .tar.gz or .zip by its content.

Nothing is written outside of the target folder: names with "..", absolute ones, drive letters and
backslashes are refused, and so are devices and links that lead elsewhere. Other links become copies
of what they point to, so that no link is ever on the disk to be written through. What comes out is
bounded in bytes and in number, by the size of the archive. The folder appears under its name when
it is complete; owners and permissions in the archive are ignored.

`tarfile` and `zipfile` read the archives, but do not extract them: `tarfile`'s own filter for data
came with Python 3.11.4 (Debian 12 has 3.11.2), puts links on the disk, and was got around by links
more than once (CVE-2025-4517); neither knows a limit of bytes.
"""

from __future__ import annotations

import errno
import gzip
import lzma
import os
import posixpath
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Generator
from contextlib import closing, nullcontext
from io import BufferedIOBase, BufferedReader, FileIO
from pathlib import Path, PureWindowsPath
from typing import IO, NamedTuple

from minifcn.system.mishaps import Mishap

RATIO = 20  # bytes out for a byte in; pictures hardly shrink, label maps by a factor of ten
ALLOWANCE = 64 << 20  # bytes out that any archive may have
MAX_MEMBERS = 200_000  # VOC2012 has 40,000
MAX_READ = 1 << 16  # bytes at once; a tar's header may claim to be as long as it likes
MAX_LINK = 4096  # bytes of a path
_TOO_MUCH = "far more comes out of it than an archive of its size may hold"
# What the readers of the standard library raise on damaged files.
_DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    EOFError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
    struct.error,
    RuntimeError,  # an encrypted zip; among them NotImplementedError, an unknown compression
)
# What the system says to names that are too long, or of a file and a folder at once.
_OF_NAMES = (errno.ENAMETOOLONG, errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.EILSEQ)


class ArchiveError(Mishap, ValueError):
    """An archive cannot be used; the message names it and says why."""


class _Member(NamedTuple):
    """A file of an archive, a link, or without content and points_to a folder; paths are safe."""

    name: str
    content: IO[bytes] | None = None
    points_to: str = ""


def extract(archive: Path, target: Path, holds: str = "") -> None:
    """Extract an archive, or one folder of it, as a new folder.

    Parameters
    ----------
    target : Path
        The folder to make; it must not exist. While it grows it is `.partial-NAME` beside it.
    holds : str
        Which folder of the archive becomes the target: the topmost that holds this path, for
        archives that pack one tree at different depths. By default the whole archive.

    Raises
    ------
    ArchiveError
        If the archive is damaged, contains what it must not, or has no such folder.
    OSError
        If it cannot be read, or the target cannot be written.
    """
    if target.exists():
        raise ArchiveError(f"{target} exists already; move it away to extract {archive.name} again")
    max_bytes = RATIO * archive.stat().st_size + ALLOWANCE
    partial = target.with_name(f".partial-{target.name}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        _unpack(archive, partial, max_bytes)
        os.replace(_folder_with(partial, holds, archive), target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _folder_with(root: Path, holds: str, archive: Path) -> Path:
    """Return the topmost folder in which there is `holds`."""
    level = [root]
    while level:
        for folder in level:
            if (folder / holds).exists():
                return folder
        level = [path for folder in level for path in sorted(folder.iterdir()) if path.is_dir()]
    names = ", ".join(sorted(path.name for path in root.iterdir())[:5]) or "nothing"
    raise ArchiveError(f"{archive} holds no {holds} but {names}; is it another archive?")


def _unpack(archive: Path, folder: Path, max_bytes: int) -> None:
    """Write all members of an archive below a folder, if there are not too many."""
    try:
        with closing(_members(archive, max_bytes)) as members:
            for number, member in enumerate(members, 1):
                with member.content or nullcontext():
                    if number > MAX_MEMBERS:
                        raise ArchiveError(f"it has more than {MAX_MEMBERS:,} members")
        _write_members(archive, folder, max_bytes)
    except ArchiveError as error:
        raise ArchiveError(f"{archive} is refused: {error}") from None
    except _DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise ArchiveError(f"{archive} cannot be extracted ({reason}); fetch it again") from None
    except OSError as error:
        if error.errno is None:  # bz2's, of damage
            raise ArchiveError(f"{archive} cannot be extracted ({error}); fetch it again") from None
        if error.errno not in _OF_NAMES:
            raise
        raise ArchiveError(
            f"{archive} is refused: it has members that cannot be files here ({error.strerror})"
        ) from None


def _write_members(archive: Path, folder: Path, max_bytes: int) -> None:
    """Write the files of an archive, then the copies that its links stand for."""
    used, links = 0, []
    with closing(_members(archive, max_bytes)) as members:
        for member in members:
            path = folder / member.name
            with member.content or nullcontext():
                if member.content:
                    used += _write(member.content, path, max_bytes - used)
                elif member.points_to:
                    links.append((path, folder / member.points_to))
                else:
                    path.mkdir(parents=True, exist_ok=True)
    for path, points_to in links:
        if not points_to.is_file():
            raise ArchiveError(f"its link {path.name} leads to no file in it")
        if path != points_to:
            with open(points_to, "rb") as content:
                used += _write(content, path, max_bytes - used)


def _safe(name: str) -> str:
    """Return a member's name as a relative path that stays in its folder."""
    path = PureWindowsPath(name)  # knows both slashes and drives; the strictest on all systems
    if not name:
        raise ArchiveError("it has a member without a name")
    if path.anchor or ".." in path.parts:
        raise ArchiveError(f"its member {name!r} leads out of the folder")
    return "/".join(path.parts)


def _write(content: IO[bytes], path: Path, left: int) -> int:
    """Copy a file's content to a path, at most `left` bytes; return how many."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with open(path, "wb") as file:
        while chunk := content.read(MAX_READ):
            written += len(chunk)
            if written > left:
                raise ArchiveError(_TOO_MUCH)
            file.write(chunk)
    return written


def _members(archive: Path, max_bytes: int) -> Generator[_Member, None, None]:
    """Yield the members of an archive; each one's content is to be read before the next."""
    with _Sought(FileIO(archive)) as file:
        magic = file.read(2)
        file.seek(0)
        if magic == b"PK":
            yield from _zip_members(file)
        elif magic == b"\x1f\x8b":
            with gzip.open(file) as unzipped:
                yield from _tar_members(_Wary(unzipped, max_bytes))
        else:
            yield from _tar_members(_Wary(file, max_bytes))


def _zip_members(stream: _Sought) -> Generator[_Member, None, None]:
    with zipfile.ZipFile(stream) as file:
        for info in file.infolist():
            name = _safe(info.filename)
            kind = stat.S_IFMT(info.external_attr >> 16)  # 0 from systems without such modes
            if info.is_dir():
                yield _Member(name)
            elif kind == stat.S_IFLNK:
                with file.open(info) as content:
                    yield _Member(name, points_to=_beside(name, content.read(MAX_LINK).decode()))
            elif kind in (0, stat.S_IFREG):
                yield _Member(name, file.open(info))
            else:
                raise ArchiveError(f"its member {name} is a device")


def _tar_members(stream: _Wary) -> Generator[_Member, None, None]:
    with tarfile.open(fileobj=stream, mode="r:") as file:
        for info in file:
            name = _safe(info.name)
            if info.isdir():
                yield _Member(name)
            elif info.issym():
                yield _Member(name, points_to=_beside(name, info.linkname))
            elif info.islnk():
                yield _Member(name, points_to=_safe(info.linkname))
            elif info.isfile():
                yield _Member(name, file.extractfile(info))
            else:
                raise ArchiveError(f"its member {name} is a device")


def _beside(name: str, points_to: str) -> str:
    """Return the path in the archive that a symbolic link means."""
    return _safe(posixpath.normpath(posixpath.join(posixpath.dirname(name), points_to)))


class _Sought(BufferedReader):
    """A file in which it is damage to look where there is nothing, as a damaged zip has it."""

    def seek(self, position: int, whence: int = 0) -> int:
        try:
            return super().seek(position, whence)
        except (OSError, OverflowError):
            raise zipfile.BadZipFile("it refers to a place outside of itself") from None


class _Wary(BufferedIOBase):
    """A stream that ends with an error if more is read of it than may be needed.

    Without it, a header of a compressed tar could claim gigabytes, which would go into memory.
    """

    def __init__(self, stream: BufferedIOBase, max_bytes: int) -> None:
        self.stream = stream
        # Headers and padding take up to 2 KiB a member.
        self.left = max_bytes + 2048 * MAX_MEMBERS

    def read(self, size: int | None = -1) -> bytes:
        asked = MAX_READ + 1 if size is None or size < 0 else size
        self.left -= asked
        if asked > MAX_READ or self.left < 0:
            raise ArchiveError(_TOO_MUCH)
        return self.stream.read(asked)

    def seek(self, position: int, whence: int = 0) -> int:
        if whence == 0:  # what a compressed stream passes over, it unpacks
            self.left -= max(0, position - self.tell())
        if self.left < 0:
            raise ArchiveError(_TOO_MUCH)
        return self.stream.seek(position, whence)

    def tell(self) -> int:
        return self.stream.tell()
