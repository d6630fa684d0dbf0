"""Archives are extracted whole, and never reach outside of their folder."""

import gzip
import io
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from minifcn.fetching import archives
from minifcn.fetching.archives import ArchiveError, extract

TREE = {"TrainVal/VOCdevkit/VOC2011/JPEGImages/a.jpg": b"image", "TrainVal/readme": b""}


def tar_info(name: str, **fields: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def write_tar(path: Path, files: dict[str, bytes], *extra: tarfile.TarInfo, mode="w") -> Path:
    with tarfile.open(path, mode) as tar:
        for name, content in files.items():
            tar.addfile(tar_info(name, size=len(content)), io.BytesIO(content))
        for info in extra:
            tar.addfile(info)
    return path


def write_tgz(path: Path, files: dict[str, bytes]) -> Path:
    return write_tar(path, files, mode="w:gz")


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


each_format = pytest.mark.parametrize("write", [write_tar, write_tgz, write_zip])


def everything(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A folder to extract in; nothing but the archive may be there or beside it in the end."""
    home = tmp_path / "home"
    home.mkdir()
    yield home
    assert not list(home.rglob(".partial*"))
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def assert_refused(archive: Path, words: str) -> None:
    """Check that an archive is refused with these words, and that nothing is left of it."""
    with pytest.raises(ArchiveError, match=words) as error:
        extract(archive, archive.with_name("out"))
    assert str(archive) in str(error.value)
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


@each_format
def test_whole_archive_becomes_the_folder(home, write):
    extract(write(home / "archive", TREE), home / "out")
    assert everything(home / "out") == TREE


@each_format
def test_folder_that_holds_a_path_becomes_the_folder_whatever_is_above_it(home, write):
    archive = write(home / "archive", TREE)
    extract(archive, home / "VOCdevkit" / "VOC2011", "JPEGImages")
    assert everything(home / "VOCdevkit") == {"VOC2011/JPEGImages/a.jpg": b"image"}


def test_archive_without_that_path_and_folder_that_exists_are_left_alone(home):
    archive = write_tar(home / "archive", TREE)
    with pytest.raises(ArchiveError, match="holds no ImageSets but TrainVal"):
        extract(archive, home / "out", "ImageSets")
    (home / "out").mkdir()
    with pytest.raises(ArchiveError, match="out exists already"):
        extract(archive, home / "out")
    assert everything(home / "out") == {}


def test_leftover_of_a_killed_process_does_not_get_in(home):
    (home / ".partial-out").mkdir()
    (home / ".partial-out" / "old").touch()
    extract(write_tar(home / "archive", TREE), home / "out")
    assert everything(home / "out") == TREE


@each_format
@pytest.mark.parametrize(
    "name", ["../evil", "a/../../evil", "/evil", "C:/evil", "..\\evil", "\\\\host\\evil"]
)
def test_name_that_leads_out_is_refused(home, write, name):
    assert_refused(write(home / "archive", {"good": b"", name: b"evil"}), "leads out")


SOFT, HARD = tarfile.SYMTYPE, tarfile.LNKTYPE
DEVICES = (tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, b"?")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        *(
            ([tar_info("folder/link", type=kind, linkname=points_to)], "leads out")
            for kind in (SOFT, HARD)
            for points_to in ("/etc/passwd", "../../etc/passwd")
        ),
        (
            [tar_info("folder", type=SOFT, linkname="elsewhere"), tar_info("folder/evil")],
            "its link folder leads to no file in it",
        ),
        ([tar_info("link", type=SOFT, linkname="link")], "leads to no file in it"),
        *(([tar_info("null", type=kind)], "is a device") for kind in DEVICES),
    ],
)
def test_links_that_lead_out_or_nowhere_and_devices_are_refused(home, members, words):
    assert_refused(write_tar(home / "archive", {"good": b""}, *members), words)


def test_link_that_leads_out_of_a_zip_is_refused(home):
    info = zipfile.ZipInfo("folder/link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(home / "archive", "w") as file:
        file.writestr(info, "../../secret")
    assert_refused(home / "archive", "leads out")


def test_link_within_becomes_a_copy(home):
    links = [
        tar_info("b/soft", type=tarfile.SYMTYPE, linkname="../a/file"),
        tar_info("b/hard", type=tarfile.LNKTYPE, linkname="a/file"),
    ]
    extract(write_tar(home / "archive", {"a/file": b"content"}, *links), home / "out")
    assert everything(home / "out") == dict.fromkeys(["a/file", "b/hard", "b/soft"], b"content")
    assert not any(path.is_symlink() for path in (home / "out").rglob("*"))


def test_modes_and_owners_are_ignored(home):
    with tarfile.open(home / "archive", "w") as tar:
        tar.addfile(tar_info("tool", mode=0o4777, uid=0))
    extract(home / "archive", home / "out")
    assert not (home / "out" / "tool").stat().st_mode & (stat.S_ISUID | stat.S_IXUSR)


@pytest.mark.parametrize("write", [write_tgz, write_zip])
def test_bomb_is_refused(home, monkeypatch, write):
    monkeypatch.setattr(archives, "ALLOWANCE", 0)
    assert_refused(write(home / "archive", {"zeros": bytes(1 << 20)}), "far more comes out")


def test_bombs_of_copies_and_of_empty_files_are_refused(home, monkeypatch):
    monkeypatch.setattr(archives, "ALLOWANCE", 0)
    links = (tar_info(f"{i}", type=SOFT, linkname="data") for i in range(60))
    archive = write_tar(home / "archive", {"data": bytes(100_000)}, *links)
    assert_refused(archive, "far more comes out")
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10)
    assert_refused(write_tgz(home / "archive", {str(i): b"" for i in range(11)}), "10 members")


@pytest.mark.parametrize("write", [write_tar, write_tgz, write_zip])
def test_members_are_counted_before_any_is_written(write, home, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10)
    written = []
    monkeypatch.setattr(archives, "_write", lambda _, path, left: written.append(path) or 0)
    assert_refused(write(home / "archive", {str(i): b"" for i in range(11)}), "10 members")
    assert not written


def test_what_is_passed_over_is_unpacked_only_so_far(home):
    archive = write_tgz(home / "archive", {"zeros": bytes(1 << 20)})
    unpacked = archives._Wary(io.BytesIO(gzip.decompress(archive.read_bytes())), 1000)
    unpacked.left = 1 << 19
    with pytest.raises(ArchiveError, match="far more comes out"):
        list(archives._tar_members(unpacked))


@pytest.mark.parametrize("error", [IndexError, KeyError, ZeroDivisionError, struct.error])
def test_whatever_a_damaged_archive_makes_the_readers_raise_is_told_of(error, home, monkeypatch):
    def broken(*_):
        raise error("of the standard library")
        yield

    monkeypatch.setattr(archives, "_tar_members", broken)
    assert_refused(write_tar(home / "archive", {"a": b""}), "cannot be extracted")


def test_header_that_claims_to_be_long_is_refused_before_it_is_read(home):
    info = tar_info("long", type=tarfile.GNUTYPE_LONGNAME, size=2 * archives.MAX_READ)
    (home / "archive").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    assert_refused(home / "archive", "far more comes out")


@each_format
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: int(len(content) * 0.3)],
        lambda content: content[: int(len(content) * 0.6)],
        lambda content: b"no archive" * 200,
    ],
)
def test_damaged_archive_is_refused(home, write, damage):
    content = bytes(range(256)) * 64
    archive = write(home / "archive", {"a": content, "b": content})
    archive.write_bytes(damage(archive.read_bytes()))
    assert_refused(archive, "cannot be extracted")


def test_encrypted_zip_is_refused(home):
    archive = write_zip(home / "archive", {"a": b"content"})
    content = bytearray(archive.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(content)
    assert_refused(archive, "encrypted")


def test_members_that_cannot_be_files_here_are_refused(home):
    both = write_zip(home / "archive", {"a": b"a file", "a/b": b"and a folder"})
    assert_refused(both, "it has members that cannot be files here")
    long = write_zip(home / "archive", {"a" * 300: b""})
    assert_refused(long, "it has members that cannot be files here")


def test_a_member_without_a_name_is_refused(home):
    archive = write_zip(home / "archive", {"name": b"a file"})
    archive.write_bytes(archive.read_bytes().replace(b"name", b"\0ame"))  # a zero ends it
    assert_refused(archive, "it has a member without a name")
