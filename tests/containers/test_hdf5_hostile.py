"""HDF5 from anywhere: what is not in the file, or is much more than it, is refused soon."""

import zlib

import h5py
import numpy as np
import pytest
from helpers.hostile import assert_read_or_refused, assert_refused, damaged_copies

from minifcn.containers import hdf5_tree, limits
from minifcn.containers.hdf5_tree import Hdf5Tree
from minifcn.weights.importing.formats.source import Source, weight_file

f32 = np.float32


@pytest.fixture
def path(tmp_path):
    return tmp_path / "net.h5"


def read(path) -> Source:
    """Read all arrays and all attributes of the root."""
    with weight_file(path, "a net") as data, Hdf5Tree(data) as tree:
        arrays = {name: tree.array(dataset) for name, dataset in tree.walk(tree.root)}
        attributes = {name: tree.texts(tree.root, name) for name in tree.root.attrs}
        return Source("HDF5", "any", arrays, attributes)


def put(value):
    """Return what makes an object of the name a."""
    return lambda file: file.__setitem__("a", value)


def create(*arguments, **options):
    """Return what makes an array of the name a."""
    return lambda file: file.create_dataset("a", *arguments, **options)


def cycles(file):
    file["a"] = file["b"] = file["/"]


def many_times(**options):
    def build(file):
        file.create_dataset("0", data=np.arange(1000), **options)
        for number in range(1, 100):
            file[f"{number}"] = file["0"]

    return build


def virtual(file):
    layout = h5py.VirtualLayout((4,), f32)
    layout[:] = h5py.VirtualSource("secret.h5", "a", (4,))
    file.create_virtual_dataset("a", layout)


def missing_chunk(file):
    create((20,), f32, chunks=(10,))(file)[:10] = 1


def overflowing_shape(file):
    space = h5py.h5s.create_simple((1 << 40, 1 << 40))
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((1, 1))
    h5py.h5d.create(file.id, b"a", h5py.h5t.IEEE_F32LE, space, plan)


def zipped(stream, length=4):
    def build(file):
        shape = (length,)
        array = create(shape, f32, chunks=shape, compression="gzip", shuffle=length == 4)(file)
        array.id.write_direct_chunk((0,), stream)

    return build


def many_small_bombs(file):
    for number in range(20):
        zeros = np.zeros(1 << 20, f32)
        file.create_dataset(f"{number}", data=zeros, compression="gzip", chunks=(1 << 20,))


def unusual_float(file):
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(31, 24, 7, 1, 23)  # fewer bits of exponent
    h5py.h5d.create(file.id, b"a", kind, h5py.h5s.create_simple((4,)))


def attribute_of(value):
    return lambda file: file.attrs.__setitem__("a", file.ref if value is None else value)


LARGE = {"chunks": (1 << 28,), "maxshape": (None,), "compression": "gzip"}
ONES, RECORDS = np.ones(100, f32), np.zeros(2, [("a", f32)])
LINK, NUMBERS = r"'a' is a link \({}\)", "/a is of type .*, not of plain numbers"
OUTSIDE, OTHER_WAY = "/a is stored outside of the file", "/a is compressed in another way"
MORE, CLAIMS = "it would unfold to more", "it claims more bytes than are in"
ATTRIBUTE = "the attribute 'a' of / is not a text"
HOSTILE = {
    "external link": (put(h5py.ExternalLink("secret.h5", "/a")), LINK.format("ExternalLink")),
    "soft link": (put(h5py.SoftLink("/b")), LINK.format("SoftLink")),
    "cycle": (lambda file: file.__setitem__("a/b", file["/"]), "nested more than 20 deep"),
    "cycles": (cycles, "nested more than 20 deep"),
    "one array many times": (many_times(), rf"with /\d+ {CLAIMS}"),
    "one compressed array": (many_times(chunks=(1000,), compression="gzip"), CLAIMS),
    "named type": (put(np.dtype(f32)), "'a' is neither a group nor an array"),
    "external bytes": (create((4,), f32, external=[("/etc/passwd", 0, 16)]), OUTSIDE),
    "virtual": (virtual, OUTSIDE),
    "other filter": (create(data=ONES, compression="lzf"), OTHER_WAY),
    "checksums": (create(data=ONES, chunks=(10,), fletcher32=True), OTHER_WAY),
    "never written": (create((1 << 30,), f32), "/a claims 4294967296 bytes that are not in the"),
    "missing chunks": (create((1 << 30,), f32, chunks=(1 << 20,)), f"with /a, 1024 .* {MORE}"),
    "a missing chunk": (missing_chunk, "/a has parts that are not in the file"),
    "billion chunks": (create((1 << 30,), "u1", chunks=(1,)), "with /a, 1073741824 chunks of 1 b"),
    "overflowing shape": (overflowing_shape, f"with /a, {1 << 80} chunks of 4 bytes"),
    "bomb": (zipped(zlib.compress(b"\0"), 1 << 29), f"with /a, 1 chunks of 2147483648 .* {MORE}"),
    "small bombs": (many_small_bombs, rf"with /\d+, 1 chunks of 4194304 bytes, {MORE}"),
    "large chunk": (create((1,), f32, **LARGE), "with /a, 1 chunks of 1073741824 bytes"),
    "too much": (zipped(zlib.compress(bytes(50_000_000))), "does not unpack to the 16 bytes"),
    "too little": (zipped(zlib.compress(bytes(15))), "does not unpack to the 16 bytes"),
    "noise": (zipped(b"noise"), "incorrect header check"),
    "texts": (put(["text"]), NUMBERS),
    "records": (put(RECORDS), NUMBERS),
    "opaque": (put(np.zeros(3, "V2")), NUMBERS),
    "complex numbers": (put(np.zeros(2, complex)), NUMBERS),
    "variable lengths": (create((2,), h5py.vlen_dtype(f32)), NUMBERS),
    "references": (create((2,), h5py.ref_dtype), NUMBERS),
    "unusual float": (unusual_float, NUMBERS),
    "no shape": (put(h5py.Empty(f32)), "/a has no shape"),
    "attribute of references": (attribute_of(None), ATTRIBUTE),
    "attribute of records": (attribute_of(RECORDS), ATTRIBUTE),
    "attribute of numbers": (attribute_of(np.ones(3)), ATTRIBUTE),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused(path, case):
    build, message = HOSTILE[case]
    with h5py.File(path.with_name("secret.h5"), "w") as file:
        file["a"] = np.ones(4, f32)
    with h5py.File(path, "w") as file:
        build(file)
    memory = 80 << 20 if build is many_small_bombs else 2 << 20
    assert_refused(read, path, f"cannot be read as a net: .*{message}", memory=memory)


def save_example(path, **options) -> None:
    with h5py.File(path, "w", **options) as file:
        file["layer/weight"] = np.arange(60, dtype=f32)
        file.create_dataset("zipped", data=np.arange(60.0), chunks=(20,), compression="gzip")
        file.attrs["names"] = ["layer"]


@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_damage_is_found_or_does_no_harm(path, version):
    save_example(path, libver=version)
    for content in damaged_copies(path.read_bytes(), 200):
        path.write_bytes(content)
        assert_read_or_refused(read, path)


def test_unpacked_arrays_count_together(path, monkeypatch):
    monkeypatch.setattr(limits, "_ALWAYS_GRANTED", 0)
    with h5py.File(path, "w") as file:
        for name in "abcd":
            file.create_dataset(name, data=np.zeros(500_000, f32), compression="gzip")
    assert_refused(read, path, "it would unfold to more than")


def test_the_number_of_chunks_is_limited(path, monkeypatch):
    with h5py.File(path, "w") as file:
        for name in "ab":
            file.create_dataset(name, data=np.ones(6, f32), chunks=(1,))
    monkeypatch.setattr(hdf5_tree, "_MAX_CHUNKS", 12)
    assert read(path).arrays["b"].tolist() == [1] * 6
    monkeypatch.setattr(hdf5_tree, "_MAX_CHUNKS", 11)
    assert_refused(read, path, "with /b, 6 chunks of 4 bytes")


def test_the_number_of_groups_and_arrays_is_limited(path, monkeypatch):
    monkeypatch.setattr(hdf5_tree, "_MAX_OBJECTS", 100)
    with h5py.File(path, "w") as file:
        for number in range(101):
            file.create_group(f"{number}")
    assert_refused(read, path, "more than 100 groups and arrays, or a cycle")


def test_addresses_of_other_sizes_are_refused(path):
    plan = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    plan.set_sizes(4, 4)
    h5py.h5f.create(bytes(path), fcpl=plan).close()
    assert_refused(read, path, "its addresses and lengths are not of 8 bytes")
