"""Each entry of the catalogue has the form that fetching relies on."""

import re
from collections import Counter
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest

from minifcn.fetching.catalogue import FILES, UnknownFileError, find
from minifcn.fetching.catalogue.caffe import CAFFE
from minifcn.fetching.catalogue.data import DATA
from minifcn.fetching.catalogue.ports import PORTS
from minifcn.fetching.fetch import MAX_BYTES
from minifcn.fetching.transfer import SCHEMES
from minifcn.models.build import ARCHITECTURES

HEX_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sha256-prefix": 8}
# Read by eye: what is published, so that an entry that gets lost is noticed.
COUNTS = {"weights": 53, "data": 15}

each_entry = pytest.mark.parametrize("entry", FILES.values(), ids=FILES)


def is_inside(path: str) -> bool:
    return bool(path) and not PurePosixPath(path).is_absolute() and ".." not in path


def test_names_and_files_are_unique_and_nothing_got_lost():
    entries = (*CAFFE, *PORTS, *DATA)
    assert len({entry.name for entry in entries}) == len(entries)
    assert len({entry.file for entry in entries}) == len(entries)
    folders = [entry.folder for entry in entries if entry.folder]
    assert len(set(folders)) == len(folders)
    assert Counter(entry.kind for entry in FILES.values()) == COUNTS


@each_entry
def test_name_can_be_typed_and_checksums_and_size_are_ones_that_are_taken(entry):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.name)
    assert isinstance(entry.checksums, tuple)
    for checksum in entry.checksums:
        kind, digits = checksum.split(":")
        assert re.fullmatch(rf"[0-9a-f]{{{HEX_DIGITS[kind]}}}", digits)
    assert entry.size is None or 1 << 20 < entry.size <= MAX_BYTES
    assert entry.about is None or entry.size is None


@each_entry
def test_addresses_are_complete_and_of_a_known_scheme(entry):
    assert entry.addresses
    assert len(set(entry.addresses)) == len(entry.addresses)
    for address in entry.addresses:
        parts = urlsplit(address)
        assert parts.scheme in SCHEMES
        assert re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", parts.netloc)
        assert len(parts.path) > 1
        assert not re.search(r"\s", address)


@each_entry
def test_what_follows_fits_the_kind(entry):
    assert is_inside(entry.file)
    assert entry.then in {"weights": ("convert", "keep"), "data": ("extract", "keep")}[entry.kind]
    assert (entry.then == "extract") == is_inside(entry.folder)
    assert entry.then == "extract" or not entry.holds
    assert entry.then == "convert" or (entry.colours is None and entry.arch is None)


@each_entry
def test_people_are_told_what_it_is_on_what_terms_and_how_that_is_known(entry):
    for text in (entry.purpose, entry.terms, entry.basis):
        assert text
        assert text == text.strip()
    # A size or checksum has a source; without a checksum that is said.
    assert bool(entry.checksums) != ("no checksum is documented" in entry.basis)


def test_torch_files_carry_the_beginning_of_their_checksum_and_colours_are_told_of_one():
    files = [e for e in FILES.values() if "pytorch.org" in e.addresses[0] or "johnson" in e.name]
    assert len(files) == 6
    for entry in files:
        prefix = entry.file.removesuffix(".pth").rpartition("-")[2]
        assert entry.checksums[0].partition(":")[2].startswith(prefix)
    assert [e.name for e in FILES.values() if e.colours] == ["vgg16-wkentaro-torch"]


@each_entry
def test_each_fcn_knows_which_one_it_is(entry):
    name = entry.name.replace("fcn-alexnet", "fcn32s").replace("atonce", "at-once")
    known = re.search(r"fcn\d+s(-at-once)?", name)
    assert entry.arch == (known[0] if known else None)
    assert entry.arch is None or entry.arch in ARCHITECTURES


def test_name_that_is_unknown_brings_those_most_like_it():
    assert find("sbd").file == "benchmark.tgz"
    with pytest.raises(UnknownFileError, match="'vgg16-pytorch'.*did you mean .*vgg16-torch"):
        find("vgg16-pytorch")
    with pytest.raises(UnknownFileError, match=r"downloaded; `python -m minifcn.download`"):
        find("~~~~")
