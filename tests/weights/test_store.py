"""The HDF5 store: what is saved comes back, and an interruption leaves what was there."""

import json

import h5py
import numpy as np
import pytest
from helpers.arrays import assert_bits_equal, taking_less_than
from helpers.faults import Disk, disk
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from minifcn.system import files
from minifcn.system.files import WriteError
from minifcn.weights.store import WeightsError, load_weights, read_attributes, save_weights

f32 = np.float32
ATTRIBUTES = {
    "format_version": 1,
    "architecture": "fcn8s",
    "width": 0.25,
    "class_names": ["background", "crème", "猫"],
    "palette": None,
    "preprocess": {"order": "BGR", "mean": [104.00698793, 116.66876762, 122.67891434]},
}


def parameters() -> dict[str, np.ndarray]:
    """A few parameters of each shape, not in alphabetical order."""
    rng = np.random.default_rng(0)
    shapes = {
        "score/weight": (5, 8, 1, 1),
        "score/bias": (5,),
        "inception_3a/1x1/weight": (8, 3, 3, 3),
        "inception_3a/1x1/bias": (8,),
        "conv1/weight": (3, 3, 7, 7),
    }
    return {address: rng.normal(size=shape).astype(f32) for address, shape in shapes.items()}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.h5"


# What is saved comes back


def test_round_trip_keeps_bits_order_and_attributes(tmp_path):
    path = tmp_path / "new" / "folder" / "weights.h5"
    save_weights(path, parameters(), ATTRIBUTES)
    weights = load_weights(path)
    assert_bits_equal(weights.params, parameters())
    assert all(array.flags.writeable for array in weights.params.values())
    assert weights.attributes == ATTRIBUTES
    assert list(weights.attributes) == list(ATTRIBUTES)


def test_other_programs_find_layers_as_groups(path):
    save_weights(path, parameters(), ATTRIBUTES)
    with h5py.File(path) as file:
        assert list(file) == ["score", "inception_3a", "conv1"]
        assert list(file["inception_3a/1x1"]) == ["weight", "bias"]
        assert json.loads(file.attrs["preprocess"])["order"] == "BGR"


any_floats = st.sampled_from([f32, np.float64]).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=4))
)


@settings(max_examples=12)  # each waits for the disk
@given(st.lists(any_floats, max_size=4))
def test_any_float_array_comes_back_bit_by_bit(tmp_path_factory, contents):
    path = tmp_path_factory.mktemp("store") / "weights.h5"
    params = {f"layer{number}/weight": array for number, array in enumerate(contents)}
    save_weights(path, params, {})
    assert_bits_equal(load_weights(path).params, params)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=12)
@given(json_values)
@example(list(range(100_000)))  # HDF5 has a limit of 64 KiB for some kinds of attribute
def test_any_json_value_comes_back(tmp_path_factory, value):
    path = tmp_path_factory.mktemp("store") / "weights.h5"
    save_weights(path, {}, {"value": value})
    assert read_attributes(path) == {"value": value}


def test_arrays_of_the_device_are_saved(path, xp):
    save_weights(path, {"a/weight": xp.arange(3, dtype=f32)}, {})
    assert_bits_equal(load_weights(path).params, {"a/weight": np.arange(3, dtype=f32)})


def test_a_strided_array_is_saved_in_its_own_order(path):
    save_weights(path, {"a/weight": np.arange(6, dtype=f32).reshape(2, 3).T}, {})
    assert load_weights(path).params["a/weight"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_saving_is_reproducible(path):
    save_weights(path, parameters(), ATTRIBUTES)
    first = path.read_bytes()
    save_weights(path, parameters(), ATTRIBUTES)
    assert path.read_bytes() == first


def test_half_precision_comes_back_as_float32_rounded(path):
    params = parameters() | {"no/weight": np.zeros((0, 3), f32), "one/weight": np.array(1.5, f32)}
    save_weights(path, params, ATTRIBUTES, dtype="float16")
    rounded = {address: array.astype(np.float16).astype(f32) for address, array in params.items()}
    found = load_weights(path).params
    assert_bits_equal(found, rounded)
    assert all(array.flags.writeable for array in found.values())
    with h5py.File(path) as file:  # as others read it
        for address, array in params.items():
            np.testing.assert_array_equal(file[address][()], array.astype(np.float16))


def test_half_precision_is_smaller(path):
    params = {"a/weight": np.random.default_rng(0).normal(size=(64, 64, 3, 3)).astype(f32)}
    save_weights(path, params, {}, dtype="float16")
    assert path.stat().st_size < params["a/weight"].nbytes / 2


# What cannot be saved


@pytest.mark.parametrize(
    ("params", "attributes", "dtype", "message"),
    [
        ({"weight": np.ones(1)}, {}, None, "'weight' is not of the form 'layer/parameter'"),
        ({"/a/weight": np.ones(1)}, {}, None, "'/a/weight' is not of the form"),
        ({"a/../weight": np.ones(1)}, {}, None, "is not of the form"),
        ({"a/w\0t": np.ones(1)}, {}, None, "is not of the form"),
        ({"a/weight": np.ones(1, int)}, {}, None, "a/weight must be of float16, .* not int64"),
        ({"a/b": np.ones(1), "a/b/c": np.ones(1)}, {}, None, "a/b/c lies below /a/b, which"),
        ({}, {"value": {1, 2}}, None, "set is not JSON serializable"),
        ({"a/weight": np.array([7e4])}, {}, "float16", "values of 70000, too large for float16"),
    ],
)
def test_what_cannot_be_stored_is_refused_and_leaves_nothing(
    path, params, attributes, dtype, message
):
    with pytest.raises(WeightsError, match=rf"weights\.h5 cannot be written: .*{message}"):
        save_weights(path, params, attributes, dtype=dtype)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("fault", [Disk.kill, Disk.cut, Disk.power_cut])
@pytest.mark.parametrize("at", range(1, 5))  # open, write, sync, rename
def test_interrupted_saving_keeps_the_old_file(path, fault, at):
    save_weights(path, parameters(), ATTRIBUTES)
    before = path.read_bytes()
    with disk(at, fault) as dying:
        save_weights(path, {a: array + 1 for a, array in parameters().items()}, {})
    assert len(dying.operations) == at
    assert path.read_bytes() == before


@pytest.mark.parametrize("at", [1, 2])
def test_a_full_disk_is_an_error_that_names_the_file(path, monkeypatch, at):
    monkeypatch.setattr(files, "BUFFER_BYTES", 64)
    save_weights(path, parameters(), ATTRIBUTES)
    before = path.read_bytes()
    with disk(1 + at, Disk.fill), pytest.raises(WriteError, match=r"weights\.h5 cannot be .*No sp"):
        save_weights(path, {a: array + 1 for a, array in parameters().items()}, {})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_the_layout_is_what_hdf5_itself_writes(tmp_path):
    params = {"a/weight": np.random.default_rng(0).random((60, 50)), "a/bias": np.ones(2000, f32)}
    save_weights(tmp_path / "ours.h5", params, {"name": "x" * 9000})
    with h5py.File(tmp_path / "ours.h5") as file:
        for address, array in params.items():
            np.testing.assert_array_equal(file[address][()], array)
        assert file.attrs["name"] == b'"' + b"x" * 9000 + b'"'


def test_no_array_is_in_memory_twice(tmp_path):
    array = np.ones((1000, 1000))
    with taking_less_than(4_000_000):  # bytes; the file has 80 million
        save_weights(tmp_path / "w.h5", {f"{n}/weight": array for n in range(10)}, {})


def test_kernels_that_are_mostly_zeros_are_compressed_without_loss(tmp_path):
    kernel = np.zeros((21, 21, 16, 16), np.float32)
    kernel[range(21), range(21)] = np.random.default_rng(0).random((16, 16), np.float32)
    save_weights(tmp_path / "w.h5", {"upscore8/weight": kernel}, {})
    assert (tmp_path / "w.h5").stat().st_size < kernel.nbytes / 10
    np.testing.assert_array_equal(load_weights(tmp_path / "w.h5").params["upscore8/weight"], kernel)


# Files of other programs


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.bytes_("fcn8s"), "is not one JSON text"),
        (np.ones(3), "'a' of / is not a text"),
        (np.array([b"1", b"2"]), "is not one JSON text"),
        (h5py.Empty("S10"), "is not one JSON text"),
        (np.bytes_("[" * 30_000), "is not one JSON text"),
    ],
)
def test_an_attribute_of_another_kind_is_refused(path, value, message):
    with h5py.File(path, "w") as file:
        file.attrs["a"] = value
    with pytest.raises(WeightsError, match=rf"weights\.h5 cannot be read as a weight .*{message}"):
        read_attributes(path)


@pytest.mark.parametrize("dtype", [np.int32, np.longdouble])
def test_an_array_of_another_type_is_refused(path, dtype):
    with h5py.File(path, "w") as file:
        file["conv/weight"] = np.ones(3, dtype)
    with pytest.raises(WeightsError, match=r"conv/weight is of type .*, not of floating point"):
        load_weights(path)


@pytest.mark.parametrize(
    ("dtype", "options"),
    [(">f4", {}), (">f8", {}), ("f4", {"chunks": (2, 1)}), ("f4", {"compression": "gzip"})],
)
def test_arrays_of_other_byte_order_and_in_pieces_are_read_as_native(path, dtype, options):
    with h5py.File(path, "w") as file:
        file.create_dataset("fc/weight", data=np.arange(6, dtype=dtype).reshape(3, 2), **options)
    array = load_weights(path).params["fc/weight"]
    assert array.dtype.isnative and array.tolist() == [[0, 1], [2, 3], [4, 5]]
