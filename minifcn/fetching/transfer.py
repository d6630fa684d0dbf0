"""One transfer from one address into a partial file, which goes on where an earlier one broke.

What came so far stays in the partial file. Beside it, in `<partial>.json`, is the mark that the
server gave to the file's version (ETag or Last-Modified): the next request asks for the rest of
that same version (Range with If-Range). A server that does not know ranges, or whose file has
changed, sends everything, and the transfer starts again.

On `urllib`: it hands over the bytes as they are sent, while clients that undo Content-Encoding turn
some servers' .tgz into a .tar with another checksum; and it knows FTP (which starts again).
"""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit

from tqdm import tqdm

import minifcn
from minifcn.system.files import write_json

SCHEMES = ("http", "https", "ftp")
TIMEOUT = 30.0  # seconds of silence
CHUNK = 1 << 16  # bytes; what is lost at most when a transfer breaks


class TransferError(Exception):
    """An address does not give the file; the message says why."""


class BrokenTransferError(TransferError):
    """A transfer ended too early; what came is in the partial file, so another may go on."""


class _Answer(NamedTuple):
    """A response that is about to be read."""

    body: Any
    offset: int  # bytes: where in the file the body begins
    total: int | None  # bytes of the whole file, if the server says
    mark: str  # ETag or Last-Modified, or ""


def transfer(
    address: str, partial: Path, *, size: int | None, limit: int, verified: bool, label: str
) -> None:
    """Fetch what is missing of a file; when this returns, all of it is in the partial file.

    Parameters
    ----------
    address : str
        http, https or ftp; redirections to these are followed.
    partial : Path
        What came so far, or no file yet.
    size : int or None
        Bytes of the file, if known; anything else is refused before it is fetched.
    limit : int
        Bytes that are taken at most.
    verified : bool
        Whether a checksum will tell pieces that do not belong together. If not, the transfer goes
        on only where the server vouches for the version.
    label : str
        For the progress bar, which is shown on a terminal only.

    Raises
    ------
    BrokenTransferError
        If the transfer began and broke.
    TransferError
        If it cannot be had from this address.
    OSError
        If the partial file cannot be written.
    """
    if urlsplit(address).scheme not in SCHEMES:
        raise TransferError(f"only {', '.join(SCHEMES)} addresses are followed")
    have = partial.stat().st_size if partial.exists() else 0
    if have > (limit if size is None else size):
        have = 0
    if have and have == size:
        return
    mark = _mark(partial, address)
    answer = _ask(address, have if mark or verified else 0, mark)
    if answer is None:
        return
    with answer.body:
        _check(answer, size, limit)
        written = _receive(answer, address, partial, limit if size is None else size, label)
    whole = answer.total if size is None else size
    if whole is not None and written < whole:
        raise BrokenTransferError(f"the transfer broke after {written:,} of {whole:,} bytes")


def discard(partial: Path) -> None:
    """Delete a partial file and what is known of it."""
    partial.unlink(missing_ok=True)
    _notes(partial).unlink(missing_ok=True)


def _notes(partial: Path) -> Path:
    return partial.with_name(f"{partial.name}.json")


def _mark(partial: Path, address: str) -> str:
    """Return the mark that the server gave to the version in the partial file, or ""."""
    try:
        notes = json.loads(_notes(partial).read_text(encoding="utf-8"))
        return str(notes["mark"]) if notes["address"] == address else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _ask(address: str, have: int, mark: str) -> _Answer | None:
    """Ask for a file from byte `have` on; return None if there are no more bytes than that."""
    headers = {"User-Agent": f"minifcn/{minifcn.__version__}"}
    if have:
        headers["Range"] = f"bytes={have}-"
        if mark:
            headers["If-Range"] = mark
    try:
        body = _opener().open(urllib.request.Request(address, headers=headers), timeout=TIMEOUT)
    except HTTPError as error:
        error.close()
        if not have or error.code != 416:  # 416: there is nothing behind that byte
            raise TransferError(f"HTTP {error.code}: {error.reason}") from None
        if error.headers.get("Content-Range") == f"bytes */{have}":
            return None
        return _ask(address, 0, "")
    except (OSError, HTTPException, ValueError) as error:
        raise TransferError(_reason(error)) from None
    length = body.headers.get("Content-Length", "")
    total = int(length) if length.isdecimal() else None
    offset = 0
    if getattr(body, "status", None) == 206:
        offset, total = have, _total(body.headers.get("Content-Range", ""), have, total)
        if total is None:
            body.close()
            if not have:
                raise TransferError("it answers with a part of the file that nobody asked for")
            return _ask(address, 0, "")
    etag = body.headers.get("ETag", "")
    usable = "" if etag.startswith("W/") else etag  # a weak one promises no equal bytes
    return _Answer(body, offset, total, usable or body.headers.get("Last-Modified", ""))


def _total(part: str, have: int, length: int | None) -> int | None:
    """Return the bytes of the whole file, if a part is the one that was asked for, from `have` on.

    `part` is the Content-Range, "bytes FIRST-LAST/TOTAL"; `length` bytes come with this answer.
    """
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", part)
    if match is None:
        return None
    first, last, total = map(int, match.groups())
    whole = first == have > 0 and last == total - 1 and length in (None, total - have)
    return total if whole else None


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens addresses: without the handlers for local files and data in addresses."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.FTPHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener


def _check(answer: _Answer, size: int | None, limit: int) -> None:
    """Raise TransferError if what the server is about to send cannot be the file."""
    if answer.body.headers.get_content_type() == "text/html":
        raise TransferError("it answers with a web page instead of the file")
    if answer.total is None:
        return
    if size is not None and answer.total != size:
        raise TransferError(f"its file has {answer.total:,} bytes, {size:,} were expected")
    if answer.total > limit:
        raise TransferError(f"its file has {answer.total:,} bytes, more than {limit:,}")


def _receive(answer: _Answer, address: str, partial: Path, limit: int, label: str) -> int:
    """Write a response into the partial file; return how long that is now."""
    written = answer.offset
    bar = tqdm(
        desc=label,
        total=answer.total,
        initial=written,
        unit="B",
        unit_scale=True,
        leave=False,
        disable=None,
    )
    with open(partial, "ab" if written else "wb") as file, bar:
        write_json(_notes(partial), {"address": address, "mark": answer.mark})
        for chunk in _chunks(answer.body):
            written += len(chunk)
            if written > limit:
                file.close()
                discard(partial)
                raise TransferError(f"it sends more than {limit:,} bytes")
            file.write(chunk)
            bar.update(len(chunk))
    return written


def _chunks(body: Any) -> Iterator[bytes]:
    """Yield what a response sends."""
    while True:
        try:
            chunk = body.read(CHUNK)
        except (OSError, HTTPException) as error:
            raise BrokenTransferError(f"the transfer broke: {_reason(error)}") from None
        if not chunk:
            return
        yield chunk


def _reason(error: Exception) -> str:
    """Return why something failed, in one line."""
    reason = getattr(error, "reason", None) or error
    return " ".join(str(reason).split()) or type(error).__name__
