"""HDF5 of any program: every harmless layout is read, its texts and references too."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.containers.hdf5_tree import Hdf5Tree

f32 = np.float32
CUBE = np.arange(60, dtype=f32).reshape(3, 4, 5)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.h5"


def read(path, read_one):
    """Open a file as a tree, and return what a function makes of it and of its root."""
    with Hdf5Tree(memoryview(path.read_bytes())) as tree:
        return read_one(tree, tree.root)


def array(path, name="weight"):
    return read(path, lambda tree, root: tree.array(tree.member(root, name)))


def texts(path, name):
    return read(path, lambda tree, root: tree.texts(root, name))


LAYOUTS = {
    "contiguous": {},
    "chunked": {"chunks": (2, 3)},
    "single numbers": {"chunks": (1, 1)},
    "zipped": {"chunks": (2, 3), "compression": "gzip"},
    "shuffled": {"chunks": (2, 3), "shuffle": True},
    "shuffled and zipped": {"chunks": (2, 3), "shuffle": True, "compression": "gzip"},
    "one chunk": {"chunks": (5, 7), "compression": "gzip"},
    "growing": {"chunks": (4, 4), "maxshape": (None, None)},
}


@pytest.mark.parametrize("version", ["earliest", "latest"])
@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", "<f2", "|u1", "<u2", "<i8", "|b1"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_harmless_layout_is_read(path, layout, dtype, version):
    expected = np.random.default_rng(0).integers(0, 100, (5, 7)).astype(dtype)
    with h5py.File(path, "w", libver=version) as file:
        file.create_dataset("layer/weight", data=expected, **LAYOUTS[layout])
    found = array(path, "layer/weight")
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=12)
@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=4))
def test_chunks_of_any_size_are_put_together(tmp_path_factory, sizes):
    path = tmp_path_factory.mktemp("hdf5") / "net.h5"
    shape, chunks = zip(*((size, min(size, chunk)) for size, chunk in sizes), strict=True)
    expected = np.arange(np.prod(shape), dtype=f32).reshape(shape)
    with h5py.File(path, "w") as file:
        file.create_dataset("weight", data=expected, chunks=chunks, compression="gzip")
    np.testing.assert_array_equal(array(path), expected)


def entry(path, number):
    return read(path, lambda tree, root: tree.array(tree.dataset("weight"), number))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_entry_alone_is_that_of_the_whole_array(path, layout):
    whole = np.random.default_rng(0).normal(size=(5, 7)).astype(f32)
    with h5py.File(path, "w") as file:
        file.create_dataset("weight", data=whole, **LAYOUTS[layout])
    for number in range(5):
        np.testing.assert_array_equal(entry(path, number), whole[number])
    for number in (-1, 5):
        with pytest.raises(ValueError, match=f"has no entry {number}"):
            entry(path, number)


def test_an_entry_needs_no_more_than_its_own_parts(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("weight", (4, 6), f32, chunks=(2, 3))[2:] = 1  # half is not there
    assert entry(path, 3).tolist() == [1] * 6


@pytest.mark.parametrize("user_block", [0, 512, 2048])
@pytest.mark.parametrize("options", [{}, {"chunks": (2, 3, 4), "compression": "gzip"}])
def test_what_precedes_the_hdf5_is_passed_over(path, options, user_block):
    with h5py.File(path, "w", userblock_size=user_block) as file:
        file.create_dataset("weight", data=CUBE, **options)
        file.attrs["names"] = ["conv1", "conv2"]
    found = array(path)
    np.testing.assert_array_equal(found, CUBE)
    assert found.flags.owndata == bool(options)  # uncompressed numbers are views of the file
    assert options or not found.flags.writeable
    assert texts(path, "names") == ["conv1", "conv2"]


def test_chunks_that_skip_a_filter_are_read(path):
    """HDF5 does so where a chunk would not become smaller."""
    with h5py.File(path, "w") as file:
        weight = file.create_dataset("weight", (4,), "u1", chunks=(2,), compression="gzip")
        weight[:2] = 1, 2
        weight.id.write_direct_chunk((2,), b"\3\4", filter_mask=1)
    assert array(path).tolist() == [1, 2, 3, 4]


def test_compact_arrays_are_read(path):
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.COMPACT)
    with h5py.File(path, "w") as file:
        space = h5py.h5s.create_simple(CUBE.shape)
        dataset = h5py.h5d.create(file.id, b"weight", h5py.h5t.IEEE_F32LE, space, plan)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, CUBE)
    np.testing.assert_array_equal(array(path), CUBE)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1,)])
def test_small_and_empty_arrays_are_read(path, shape):
    with h5py.File(path, "w") as file:
        file["weight"] = np.ones(shape, f32)
    np.testing.assert_array_equal(array(path), np.ones(shape, f32))


def test_bfloat16_as_keras_stores_it(path):
    values = np.array([1.0, -2.5, 3.140625], f32)  # exact in bfloat16
    upper = (values.view(np.uint32) >> 16).astype(np.uint16)
    with h5py.File(path, "w") as file:
        file["weight"] = upper.view("V2")
        file["weight"].attrs["dtype"] = "bfloat16"
    found = array(path)
    assert found.dtype == f32
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("crème", ["crème"]),
        (b"bytes", ["bytes"]),
        (np.bytes_("fixed"), ["fixed"]),
        (["a", "bc"], ["a", "bc"]),
        ([b"a", b"bc"], ["a", "bc"]),
        (np.array([b"a", b"bc"]), ["a", "bc"]),
        ([], []),
        (h5py.Empty("S10"), []),
        (h5py.Empty("f4"), []),
        ("", [""]),
    ],
)
def test_texts_of_each_kind(path, value, expected):
    with h5py.File(path, "w") as file:
        file.attrs["names"] = value
    assert texts(path, "names") == expected
    assert texts(path, "others") == []


@pytest.mark.parametrize("options", [{}, {"chunks": (1,)}, {"chunks": (2,), "compression": "gzip"}])
def test_references_are_followed_within_the_file(path, options):
    with h5py.File(path, "w") as file:
        file["weight"] = CUBE
        references = np.array([file["weight"].ref, h5py.Reference()], h5py.ref_dtype)
        file.create_dataset("refs", data=references, dtype=h5py.ref_dtype, **options)
    names = read(path, lambda t, r: [x and x.name for x in t.references(t.member(r, "refs"))])
    assert names == ["/weight", None]


@pytest.mark.parametrize("name", ["weight", "regions"])
def test_references_to_regions_and_numbers_are_refused(path, name):
    with h5py.File(path, "w") as file:
        file["weight"] = CUBE
        file.create_dataset("regions", (2,), h5py.regionref_dtype)
    with pytest.raises(ValueError, match="not of references"):
        read(path, lambda tree, root: tree.references(tree.member(root, name)))


def test_members_are_found_by_their_path(path):
    with h5py.File(path, "w") as file:
        file["a/b/c"] = np.ones(3)
    with Hdf5Tree(memoryview(path.read_bytes())) as tree:
        assert tree.member(tree.root, "a/b/c").shape == (3,)
        assert tree.member(tree.member(tree.root, "a"), "b").name == "/a/b"
        for missing in ("a/x", "a/b/c/d", "/a", "../a", ""):
            with pytest.raises(ValueError, match=f"it has no '{missing}' in /"):
                tree.member(tree.root, missing)


def test_arrays_are_walked_in_the_files_order(path):
    names = ["b/2", "b/1", "a/x/y", "c"]
    with h5py.File(path, "w", track_order=True) as file:
        for group in ("b", "a/x"):
            file.create_group(group, track_order=True)
        for name in names:
            file[name] = np.ones(1)
    assert read(path, lambda tree, root: [name for name, _ in tree.walk(root)]) == names
