"""Zip archives: members are found where Python's own module finds them, bombs are not unpacked."""

import io
import struct
import zipfile

import pytest
from helpers.hostile import assert_refused, damaged_copies

from minifcn.containers import limits, zip_archive
from minifcn.containers.zip_archive import stored, unpacked, zip_members
from minifcn.weights.importing.formats.source import Source, weight_file
from minifcn.weights.store import WeightsError

CONTENT = {"b/x": bytes(1000), "a": b"abc" * 100, "größe": b"", "folder/": b""}

each_method = pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.zip"


def save(path, contents=CONTENT, method=zipfile.ZIP_STORED, comment=b""):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in contents.items():
            archive.writestr(name, content, method)
        archive.comment = comment


def read(path) -> Source:
    """Read the bytes of all members."""
    with weight_file(path, "an archive") as data:
        members = zip_members(data)
        contents = {name: bytes(unpacked(data, members, name)) for name in members}
        for name, member in members.items():
            if member.compress_type == zipfile.ZIP_STORED:
                assert bytes(stored(data, members, name)) == contents[name]
        return Source("", "", contents, {})


def contents(path):
    return read(path).arrays


@each_method
def test_members_are_found_in_their_order(path, method):
    save(path, CONTENT, method)
    assert list(contents(path).items()) == list(CONTENT.items())


def test_a_comment_at_the_end_is_passed_over(path):
    save(path, comment=b"PK, " * 1000)
    assert contents(path) == CONTENT


@each_method
def test_members_written_to_a_pipe_are_found(path, method):
    class Pipe(io.BytesIO):
        """Cannot go back to write a length: it comes after the member."""

        def seekable(self):
            return False

        def seek(self, *_):
            raise io.UnsupportedOperation

    file = Pipe()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a", b"content")
    path.write_bytes(file.getvalue())
    assert contents(path) == {"a": b"content"}


def test_members_with_64_bit_lengths_are_found(path, monkeypatch):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    save(path)
    assert b"PK\6\6" in path.read_bytes()
    assert contents(path) == CONTENT


def test_names_in_the_characters_of_dos_are_those_that_python_reads(path):
    save(path, {"a": b"1"})
    path.write_bytes(path.read_bytes().replace(b"a", b"\x81"))
    with zipfile.ZipFile(path) as archive:
        assert list(contents(path)) == archive.namelist() == ["ü"]


# What is refused


@each_method
def test_no_damage_to_a_member_goes_unnoticed(path, method):
    save(path, {"a": bytes(range(256)), "b": b"more"}, method)
    for content in damaged_copies(path.read_bytes(), 200):
        path.write_bytes(content)
        try:
            found = set(contents(path).values())
        except WeightsError:
            continue
        assert found <= {bytes(range(256)), b"more"}


def test_a_compressed_member_is_not_stored_and_a_missing_one_neither(path):
    save(path, {"a": bytes(1 << 20)}, zipfile.ZIP_DEFLATED)
    data = memoryview(path.read_bytes())
    with pytest.raises(ValueError, match=r"'a' is compressed.*zip -0"):
        stored(data, zip_members(data), "a")
    with pytest.raises(ValueError, match="no member 'b'"):
        stored(data, zip_members(data), "b")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_other_compressions_and_two_members_of_one_name_are_refused(path):
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        save(path, {"a": bytes(1000)}, method)
        assert_refused(read, path, "'a' is compressed in an unusual way")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    assert_refused(read, path, "two members of the name 'a'")


def change(path, anchor, offset, layout, value):
    """Replace a number somewhere after the first of some bytes."""
    content = bytearray(path.read_bytes())
    struct.pack_into(layout, content, content.index(anchor) + offset, value)
    path.write_bytes(content)


def test_overlapping_members_are_refused(path):
    save(path, {"a": bytes(1000), "b": b"", "c": b""})
    data = bytearray(path.read_bytes())
    for name in (b"b", b"c"):
        entry = data.rindex(name) - 46
        struct.pack_into("<2L", data, entry + 20, 1000, 1000)
        struct.pack_into("<L", data, entry + 42, 0)  # where the first member is
    path.write_bytes(data)
    assert_refused(read, path, "members overlap")


def test_a_table_of_absurd_length_is_not_read(path, monkeypatch):
    save(path, {f"{number}": b"" for number in range(50)})
    monkeypatch.setattr(zip_archive, "_MAX_TABLE", 3_000)
    assert len(contents(path)) == 50
    monkeypatch.setattr(zip_archive, "_MAX_TABLE", 2_000)
    assert_refused(read, path, "claims more bytes than any needs")


def test_a_stored_member_that_reaches_beyond_the_file_is_refused(path):
    save(path, {"a": b"abc" * 100})
    data = bytearray(path.read_bytes())
    struct.pack_into("<2L", data, data.index(b"PK\1\2") + 20, len(data), len(data))
    with pytest.raises(ValueError, match="'a' is not in the file; it is truncated"):
        stored(memoryview(data), zip_members(memoryview(data)), "a")


LARGE = 0xFFFF_FFFE
STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


@pytest.mark.parametrize("size", [0, 299, 301, 1 << 20])
@each_method
def test_a_member_of_another_size_than_it_claims_is_refused(path, size, method):
    save(path, {"a": b"abc" * 100}, method)
    change(path, b"PK\1\2", 24, "<L", size)
    assert_refused(read, path, "'a' has (two lengths|another checksum); it is damaged")


@pytest.mark.parametrize(
    ("content", "method", "place", "value", "words"),
    [
        (b"abc", STORED, (b"abc", 2, "B"), ord("d"), "'a' has another checksum"),
        # A billion zeros are refused, and a bomb that understates its size is not unfolded.
        (
            b"",
            DEFLATED,
            (b"PK\1\2", 24, "<L"),
            1 << 30,
            "it would unfold to 1073741824 bytes",
        ),
        (bytes(50_000_000), DEFLATED, (b"PK\1\2", 24, "<L"), 1000, "'a' has another checksum"),
    ],
)
def test_bytes_and_sizes_that_are_not_those_of_the_checksum(
    path, content, method, place, value, words
):
    save(path, {"a": content}, method)
    change(path, *place, value)
    assert_refused(read, path, words, memory=1 << 20)


def test_a_changed_bit_of_a_stored_member_is_noticed(path):
    save(path, {"a": b"abc"})
    data = memoryview(path.read_bytes().replace(b"abc", b"abb"))
    with pytest.raises(ValueError, match="'a' has another checksum"):
        stored(data, zip_members(data), "a")


def test_a_checksum_that_was_left_out_is_not_looked_at(path):
    save(path, {"a": b"abc"})
    change(path, b"PK\1\2", 16, "<L", 0)
    change(path, b"PK\3\4", 14, "<L", 0)
    data = memoryview(path.read_bytes())
    assert stored(data, zip_members(data), "a") == b"abc"


def test_members_unfold_together(path, monkeypatch):
    monkeypatch.setattr(limits, "_ALWAYS_GRANTED", 0)
    save(path, {name: bytes(40_000) for name in "abcd"}, zipfile.ZIP_DEFLATED)
    assert_refused(read, path, "it would unfold to 160000 bytes, more than")


@pytest.mark.parametrize(
    ("anchor", "offset", "layout", "value"),
    [
        (b"PK\5\6", 12, "<L", 0xFFFF_FFFE),  # size of the table
        (b"PK\5\6", 16, "<L", 0xFFFF_FFFE),  # start of the table
        (b"PK\5\6", 16, "<L", 0),
        (b"PK\1\2", 0, "<L", 0),
        (b"PK\1\2", 8, "<H", 1),  # encrypted
        (b"PK\1\2", 20, "<L", 0xFFFF_FFFE),  # bytes of the member
        (b"PK\1\2", 20, "<L", 0xFFFF_FFFF),  # in an extra field, which is missing
        (b"PK\1\2", 42, "<L", 0xFFFF_FFFE),  # where the member is
        (b"PK\1\2", 42, "<L", 1),
        (b"PK\1\2", 28, "<H", 60_000),  # length of the name
        (b"PK\1\2", 30, "<H", 60_000),  # length of the extra field
    ],
)
def test_damaged_numbers_are_noticed(path, anchor, offset, layout, value):
    save(path)
    change(path, anchor, offset, layout, value)
    assert_refused(read, path, "damaged|truncated|encrypted|claim")


@pytest.mark.parametrize("offset", [40, 48])  # size and start of the table
def test_64_bit_numbers_are_checked_as_well(path, monkeypatch, offset):
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 100)
    save(path)
    change(path, b"PK\6\6", offset, "<Q", (1 << 64) - 1)
    assert_refused(read, path, "truncated or damaged")
