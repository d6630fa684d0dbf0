"""A transfer goes on where it broke, and takes nothing that cannot be the file."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.http_server import Site, serving

from minifcn.fetching.transfer import CHUNK, BrokenTransferError, TransferError, discard, transfer

CONTENT = random.Random(0).randbytes(4 * CHUNK)
HALF = 2 * CHUNK


@pytest.fixture
def site() -> Iterator[Site]:
    """A web server without files."""
    with serving() as site:
        yield site


@pytest.fixture
def partial(tmp_path: Path) -> Path:
    """Where the file is to come to; not there yet."""
    return tmp_path / ".partial-file"


def get(address: str, partial: Path, size=None, limit=1 << 30, verified=True) -> None:
    transfer(address, partial, size=size, limit=limit, verified=verified, label="file")


def get_half(site: Site, partial: Path, **behaviour) -> str:
    """Begin a transfer that breaks in the middle; return the address."""
    address = site.add("file", CONTENT, breaks=[HALF], **behaviour)
    with pytest.raises(BrokenTransferError, match=f"{HALF:,} of {len(CONTENT):,}"):
        get(address, partial)
    assert partial.read_bytes() == CONTENT[:HALF]
    return address


def test_file_comes_whole(site, partial):
    get(site.add("file", CONTENT), partial, size=len(CONTENT))
    assert partial.read_bytes() == CONTENT


def test_broken_transfer_goes_on_with_the_same_version(site, partial):
    get(get_half(site, partial), partial)
    assert partial.read_bytes() == CONTENT
    assert site.requests[1].range == f"bytes={HALF}-"
    assert site.requests[1].if_range == '"1"'


@pytest.mark.parametrize("ranges", ["none", "shifted", "everything"])
def test_server_that_does_not_send_the_part_gives_the_file_from_the_start(site, partial, ranges):
    get(get_half(site, partial, ranges=ranges), partial)
    assert partial.read_bytes() == CONTENT


def test_part_that_begins_elsewhere_is_not_taken_whatever_its_length(site, partial):
    address = get_half(site, partial, ranges="shifted")
    site.files["/file"].length = False
    get(address, partial)
    assert partial.read_bytes() == CONTENT


def test_changed_file_comes_from_the_start(site, partial):
    address = get_half(site, partial)
    site.add("file", CONTENT[::-1], etag='"2"')
    get(address, partial)
    assert partial.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize(("verified", "asked"), [(True, f"bytes={HALF}-"), (False, "")])
def test_other_address_goes_on_only_if_a_checksum_will_tell(site, partial, verified, asked):
    get_half(site, partial)
    get(site.add("mirror", CONTENT), partial, verified=verified)
    assert partial.read_bytes() == CONTENT
    assert site.ranges[-1] == asked


def test_weak_mark_is_not_relied_on(site, partial):
    get(get_half(site, partial, etag='W/"1"'), partial, verified=False)
    assert site.ranges == ["", ""]


@pytest.mark.parametrize("notes", ["", "[]", '{"address": 1}'])
def test_damaged_notes_are_as_none(site, partial, notes):
    address = get_half(site, partial)
    partial.with_name(".partial-file.json").write_text(notes)
    get(address, partial, verified=False)
    assert partial.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("there", "size", "asked"),
    [
        (CONTENT + b"more", len(CONTENT), [""]),  # discarded
        (CONTENT + b"more", None, [f"bytes={len(CONTENT) + 4}-", ""]),
        (CONTENT, len(CONTENT), []),  # not fetched again
        (CONTENT, None, [f"bytes={len(CONTENT)}-"]),
    ],
)
def test_partial_file_that_is_whole_or_longer(site, partial, there, size, asked):
    partial.write_bytes(there)
    get(site.add("file", CONTENT), partial, size=size)
    assert partial.read_bytes() == CONTENT
    assert site.ranges == asked


def test_redirect_is_followed_and_the_range_with_it(site, partial):
    get_half(site, partial)
    get(site.add("moved", location="/file"), partial)
    assert partial.read_bytes() == CONTENT
    assert site.ranges[-1] == f"bytes={HALF}-"


@pytest.mark.parametrize(
    ("site_has", "options", "words"),
    [
        *(
            ({"location": f"{scheme}:///secret"}, {}, rf"302.*{scheme}")
            for scheme in ("file", "data", "gopher")
        ),
        ({"location": "/file"}, {}, "infinite loop"),
        # A file of another size is refused as early as can be, at the latest at the limit.
        ({"content": CONTENT}, {"size": len(CONTENT) - 1}, "its file has"),
        ({"content": CONTENT, "length": False}, {"size": len(CONTENT) - 1}, "it sends more"),
        ({"content": CONTENT}, {"limit": HALF}, f"its file has.*more than {HALF:,}"),
        ({"content": CONTENT, "length": False}, {"limit": HALF}, f"it sends.*more than {HALF:,}"),
        (
            {"content": b"<html>", "content_type": "text/html; charset=utf-8"},
            *({}, "a web page instead"),
        ),
    ],
)
def test_what_cannot_be_the_file_is_refused(site, partial, site_has, options, words):
    with pytest.raises(TransferError, match=words):
        get(site.add("file", **site_has), partial, **options)
    assert not partial.exists()


def test_truncated_file_without_a_length_is_noticed_by_its_size(site, partial):
    with pytest.raises(BrokenTransferError, match="broke after"):
        get(site.add("file", CONTENT[:-1], length=False), partial, size=len(CONTENT))


def test_address_that_is_dead_or_of_a_local_file_says_why(site, partial, tmp_path):
    (tmp_path / "secret").write_text("secret")
    for address, words in (
        (f"{site.address}/nothing", "HTTP 404: Not Found"),
        ("http://127.0.0.1:1/file", "refused"),
        ((tmp_path / "secret").as_uri(), "only http, https, ftp"),
    ):
        with pytest.raises(TransferError, match=words):
            get(address, partial)
        assert not partial.exists()


def test_discarding_leaves_nothing(site, partial):
    get_half(site, partial)
    assert json.loads(partial.with_name(".partial-file.json").read_text())["mark"] == '"1"'
    discard(partial)
    assert list(partial.parent.iterdir()) == []
