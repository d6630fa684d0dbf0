"""HDF5 from anywhere: what is not in the file, or is much more than it, is refused soon."""

from __future__ import annotations

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


def external_link(file):
    file["a"] = h5py.ExternalLink("secret.h5", "/a")


def soft_link(file):
    file["a"] = h5py.SoftLink("/b")


def cycle(file):
    file["a/b"] = file["/"]


def cycles(file):
    file["a"] = file["b"] = file["/"]


def one_array_many_times(file):
    file["0"] = np.ones(1000)
    for number in range(1, 100):
        file[f"{number}"] = file["0"]


def one_compressed_array_many_times(file):
    file.create_dataset("0", data=np.arange(1000), chunks=(1000,), compression="gzip")
    for number in range(1, 100):
        file[f"{number}"] = file["0"]


def named_type(file):
    file["a"] = np.dtype(f32)


def external_bytes(file):
    file.create_dataset("a", (4,), f32, external=[("/etc/passwd", 0, 16)])


def virtual(file):
    layout = h5py.VirtualLayout((4,), f32)
    layout[:] = h5py.VirtualSource("secret.h5", "a", (4,))
    file.create_virtual_dataset("a", layout)


def other_filter(file):
    file.create_dataset("a", data=np.ones(100, f32), compression="lzf")


def checksums(file):
    file.create_dataset("a", data=np.ones(100, f32), chunks=(10,), fletcher32=True)


def billion_never_written(file):
    file.create_dataset("a", (1 << 30,), f32)


def billion_in_missing_chunks(file):
    file.create_dataset("a", (1 << 30,), f32, chunks=(1 << 20,))


def missing_chunk(file):
    file.create_dataset("a", (20,), f32, chunks=(10,))[:10] = 1


def billion_chunks(file):
    file.create_dataset("a", (1 << 30,), np.uint8, chunks=(1,))


def overflowing_shape(file):
    space = h5py.h5s.create_simple((1 << 40, 1 << 40))
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((1, 1))
    h5py.h5d.create(file.id, b"a", h5py.h5t.IEEE_F32LE, space, plan)


def bomb(file):
    dataset = file.create_dataset("a", (1 << 29,), f32, chunks=(1 << 29,), compression="gzip")
    dataset.id.write_direct_chunk((0,), zlib.compress(b"\0"))


def many_small_bombs(file):
    for number in range(20):
        name = f"{number}"
        file.create_dataset(
            name, data=np.zeros(1 << 20, f32), compression="gzip", chunks=(1 << 20,)
        )


def chunk_larger_than_its_array(file):
    file.create_dataset("a", (1,), f32, chunks=(1 << 28,), maxshape=(None,), compression="gzip")


def zipped(stream):
    def build(file):
        dataset = file.create_dataset("a", (4,), f32, chunks=(4,), compression="gzip", shuffle=True)
        dataset.id.write_direct_chunk((0,), stream)

    return build


def texts(file):
    file["a"] = ["text"]


def records(file):
    file["a"] = np.zeros(2, [("a", f32)])


def opaque(file):
    file["a"] = np.zeros(3, "V2")


def complex_numbers(file):
    file["a"] = np.zeros(2, complex)


def variable_lengths(file):
    file.create_dataset("a", (2,), h5py.vlen_dtype(f32))


def references(file):
    file.create_dataset("a", (2,), h5py.ref_dtype)


def no_shape(file):
    file["a"] = h5py.Empty(f32)


def unusual_float(file):
    kind = h5py.h5t.IEEE_F32LE.copy()
    kind.set_fields(31, 24, 7, 1, 23)  # fewer bits of exponent
    h5py.h5d.create(file.id, b"a", kind, h5py.h5s.create_simple((4,)))


def attribute_of(value):
    def build(file):
        file.attrs["a"] = file.ref if value is None else value

    return build


NOT_NUMBERS = "/a is of type .*, not of plain numbers"
HOSTILE = {
    "external link": (external_link, r"'a' is a link \(ExternalLink\), which is not followed"),
    "soft link": (soft_link, r"'a' is a link \(SoftLink\)"),
    "cycle": (cycle, "nested more than 20 deep"),
    "cycles": (cycles, "nested more than 20 deep"),
    "one array many times": (one_array_many_times, r"with /\d+ it claims more bytes than are in"),
    "one compressed array": (one_compressed_array_many_times, "it claims more bytes than are in"),
    "named type": (named_type, "'a' is neither a group nor an array"),
    "external bytes": (external_bytes, "/a is stored outside of the file"),
    "virtual": (virtual, "/a is stored outside of the file"),
    "other filter": (other_filter, "/a is compressed in another way"),
    "checksums": (checksums, "/a is compressed in another way"),
    "never written": (billion_never_written, "/a claims 4294967296 bytes that are not in the file"),
    "missing chunks": (billion_in_missing_chunks, "with /a, 1024 chunks .* would unfold to more"),
    "a missing chunk": (missing_chunk, "/a has parts that are not in the file"),
    "billion chunks": (billion_chunks, "with /a, 1073741824 chunks of 1 bytes"),
    "overflowing shape": (overflowing_shape, f"with /a, {1 << 80} chunks of 4 bytes"),
    "bomb": (bomb, "with /a, 1 chunks of 2147483648 bytes, it would unfold to more"),
    "small bombs": (many_small_bombs, r"with /\d+, 1 chunks of 4194304 bytes, it would unfold"),
    "large chunk": (chunk_larger_than_its_array, "with /a, 1 chunks of 1073741824 bytes"),
    "too much": (zipped(zlib.compress(bytes(50_000_000))), "does not unpack to the 16 bytes"),
    "too little": (zipped(zlib.compress(bytes(15))), "does not unpack to the 16 bytes"),
    "noise": (zipped(b"noise"), "incorrect header check"),
    "texts": (texts, NOT_NUMBERS),
    "records": (records, NOT_NUMBERS),
    "opaque": (opaque, NOT_NUMBERS),
    "complex numbers": (complex_numbers, NOT_NUMBERS),
    "variable lengths": (variable_lengths, NOT_NUMBERS),
    "references": (references, NOT_NUMBERS),
    "unusual float": (unusual_float, NOT_NUMBERS),
    "no shape": (no_shape, "/a has no shape"),
    "attribute of references": (attribute_of(None), "the attribute 'a' of / is not a text"),
    "attribute of records": (attribute_of(np.zeros(2, [("a", f32)])), "'a' of / is not a text"),
    "attribute of numbers": (attribute_of(np.ones(3)), "the attribute 'a' of / is not a text"),
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
