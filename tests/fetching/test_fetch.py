"""A file gets its name when it is right; otherwise one message says all that was tried."""

import hashlib
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.http_server import Site, serving

from minifcn.fetching import fetch as module
from minifcn.fetching.catalogue import RemoteFile
from minifcn.fetching.fetch import FetchError, cache_folder, fetch
from minifcn.fetching.transfer import CHUNK

CONTENT = random.Random(0).randbytes(4 * CHUNK)
OTHER = CONTENT[::-1]
HALF = 2 * CHUNK


def digest(content: bytes, kind: str = "sha256") -> str:
    return f"{kind}:{hashlib.new(kind, content).hexdigest()}"


SHA256 = digest(CONTENT)


def entry(*addresses: str, checksums=(SHA256,), **fields) -> RemoteFile:
    known = {"kind": "weights", "purpose": "a net", "terms": "none", "basis": "this test"}
    return RemoteFile(
        "net", "net.bin", addresses, checksums=tuple(checksums), **{**known, **fields}
    )


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A web server without files; broken transfers go on at once."""
    monkeypatch.setattr(module, "PAUSE", 0)
    with serving() as site:
        yield site


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_file_gets_its_name_and_leaves_nothing_beside_it(site, tmp_path):
    fetched = fetch(entry(site.add("net", CONTENT), size=len(CONTENT)), tmp_path / "new")
    assert fetched == (tmp_path / "new" / "net.bin", True, "")
    assert fetched.path.read_bytes() == CONTENT
    assert names(tmp_path / "new") == ["net.bin"]


@pytest.mark.parametrize("kind", ["sha256", "sha1", "md5"])
def test_file_that_is_there_and_right_is_not_fetched(site, tmp_path, kind):
    (tmp_path / "net.bin").write_bytes(CONTENT)
    fetched = fetch(entry(site.add("net"), checksums=[digest(CONTENT, kind)]), tmp_path)
    assert (fetched.new, site.requests) == (False, [])


@pytest.mark.parametrize("damaged", [CONTENT[:-1], OTHER])
def test_file_that_is_there_and_wrong_is_fetched_again(site, tmp_path, damaged):
    (tmp_path / "net.bin").write_bytes(damaged)
    assert fetch(entry(site.add("net", CONTENT), size=len(CONTENT)), tmp_path).new
    assert (tmp_path / "net.bin").read_bytes() == CONTENT


def test_one_of_several_checksums_will_do(site, tmp_path):
    checksums = [digest(OTHER, "md5"), digest(CONTENT, "md5")]
    assert fetch(entry(site.add("net", CONTENT), checksums=checksums), tmp_path).new


def test_beginning_of_a_checksum_is_compared(site, tmp_path):
    right = digest(CONTENT).replace("sha256", "sha256-prefix")[:22]
    assert fetch(entry(site.add("net", CONTENT), checksums=[right]), tmp_path).new
    wrong = "sha256-prefix:" + ("00000000" if right[14:] != "00000000" else "11111111")
    with pytest.raises(FetchError, match=f"{wrong} was expected"):
        fetch(entry(site.add("net", CONTENT), checksums=[wrong]), tmp_path / "again")


def test_wrong_checksum_deletes_what_came_and_says_so(site, tmp_path):
    with pytest.raises(FetchError) as error:
        fetch(entry(site.add("net", OTHER)), tmp_path)
    for words in (digest(OTHER), digest(CONTENT), "was deleted"):
        assert words in str(error.value)
    assert "kept" not in str(error.value)
    assert names(tmp_path) == []


def test_transfer_that_breaks_goes_on_by_itself(site, tmp_path):
    assert fetch(entry(site.add("net", CONTENT, breaks=[CHUNK, CHUNK])), tmp_path).new
    assert site.ranges == ["", f"bytes={CHUNK}-", f"bytes={2 * CHUNK}-"]


def test_transfer_that_leads_no_further_ends_and_the_next_command_goes_on(site, tmp_path):
    address = site.add("net", CONTENT, breaks=[HALF, 0])
    with pytest.raises(FetchError, match="What came so far is kept: the same command goes on"):
        fetch(entry(address), tmp_path)
    assert (tmp_path / ".partial-net.bin").read_bytes() == CONTENT[:HALF]
    assert fetch(entry(address), tmp_path).path.read_bytes() == CONTENT
    assert site.ranges[-1] == f"bytes={HALF}-"


def test_breaks_without_end_end(site, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BREAKS", 2)
    address = site.add("net", CONTENT, breaks=[CHUNK // 2] * 3)
    with pytest.raises(FetchError, match=f"after {3 * CHUNK // 2:,} of"):
        fetch(entry(address), tmp_path)


def test_server_that_lies_about_the_range_is_found_out_by_the_checksum(site, tmp_path):
    address = site.add("net", CONTENT, breaks=[HALF], ranges="wrong bytes")
    assert fetch(entry(address, size=None), tmp_path).path.read_bytes() == CONTENT
    assert site.ranges == ["", f"bytes={HALF}-", ""]


def test_next_address_is_tried_and_goes_on_where_the_first_broke(site, tmp_path):
    first = site.add("first", CONTENT, breaks=[HALF, 0])
    second = site.add("second", CONTENT)
    assert fetch(entry(first, second), tmp_path).path.read_bytes() == CONTENT
    assert site.requests[-1][:2] == ("/second", f"bytes={HALF}-")


def test_when_all_addresses_are_dead_each_is_named_with_its_reason_and_the_way_out(site, tmp_path):
    dead = [f"{site.address}/gone", "http://127.0.0.1:1/net", "file:///etc/passwd"]
    with pytest.raises(FetchError) as error:
        fetch(entry(*dead, site.add("net", CONTENT[1:]), size=len(CONTENT)), tmp_path)
    message = str(error.value)
    for words in (*dead, "404", "refused", "only http", f"{len(CONTENT) - 1:,} bytes"):
        assert words in message
    ways = ("minifcn.convert FILE -o weights/net.h5", "--weights weights/net.h5")
    for words in (*ways, f"put it at {tmp_path / 'net.bin'}"):
        assert words in message
    assert digest(CONTENT) in message


@pytest.mark.parametrize(
    ("fields", "way_out"),
    [
        (
            {"arch": "fcn8s-at-once", "colours": "caffe"},
            "-o weights/net.h5 --arch fcn8s-at-once --colours caffe`",
        ),
        (
            {"kind": "data", "then": "extract", "folder": "net"},
            "put it at .*net.bin .*the folder with `--data-dir`",
        ),
        ({"kind": "data", "then": "keep"}, r"net.bin and give the same command again\."),
    ],
)
def test_way_out_says_what_the_file_does_not_tell(site, tmp_path, fields, way_out):
    with pytest.raises(FetchError, match=way_out):
        fetch(entry(f"{site.address}/gone", **fields), tmp_path)


def test_without_a_checksum_the_first_fetch_is_recorded_and_a_different_one_refused(site, tmp_path):
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    known = entry(site.add("net", CONTENT), checksums=())
    assert fetch(known, tmp_path).recorded == sha256
    record = tmp_path / "net.bin.sha256"
    assert record.read_text() == f"{sha256}  net.bin\n"
    assert fetch(known, tmp_path).recorded == ""
    (tmp_path / "net.bin").unlink()
    site.add("net", OTHER)
    with pytest.raises(FetchError, match=f"at the first fetch it was {sha256}.*delete .*sha256"):
        fetch(known, tmp_path)
    assert names(tmp_path) == ["net.bin.sha256"]
    record.unlink()
    assert fetch(known, tmp_path).recorded == hashlib.sha256(OTHER).hexdigest()


def test_size_is_limited_where_none_is_documented(site, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", HALF)
    with pytest.raises(FetchError, match=f"more than {HALF:,}"):
        fetch(entry(site.add("net", CONTENT)), tmp_path)
    assert names(tmp_path) == []


def test_of_two_processes_one_fetches_and_the_other_finds_the_file(site, tmp_path):
    known = entry(site.add("net", CONTENT))
    code = (
        "from pathlib import Path\n"
        "from minifcn.fetching.catalogue import RemoteFile\n"
        "from minifcn.fetching.fetch import fetch\n"
        "from minifcn.system.lock import locked\n"
        f"folder = Path({str(tmp_path)!r})\n"
        f"with locked(folder / 'lock'):\n    print(fetch({known!r}, folder).new)\n"
    )
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in both)
    assert said == ["False", "True"]
    assert len(site.requests) == 1


def test_cache_folder_is_moved_by_the_environment(monkeypatch):
    monkeypatch.setenv("MINIFCN_CACHE", "~/elsewhere")
    assert cache_folder() == Path.home() / "elsewhere"
    monkeypatch.delenv("MINIFCN_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert "minifcn" in cache_folder().relative_to(Path.home()).parts
