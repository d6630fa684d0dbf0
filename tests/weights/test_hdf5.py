"""Reading untrusted files: damaged and hostile ones are refused, and cost next to nothing."""

from __future__ import annotations

import tracemalloc
import zlib

import h5py
import numpy as np
import pytest

from minifcn.weights import hdf5
from minifcn.weights.store import WeightsError, load_weights, read_attributes, save_weights

f32 = np.float32


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.h5"


def test_a_missing_file_is_reported_as_such(path):
    with pytest.raises(FileNotFoundError, match=r"weights\.h5"):
        load_weights(path)


def save_example(path, dtype=None):
    params = {"b/1x1/weight": np.ones((9, 8, 7), f32), "b/1x1/bias": np.ones(9, f32)}
    save_weights(path, params, {"architecture": "fcn8s"}, dtype=dtype)


@pytest.mark.parametrize("dtype", [None, "float16"])
@pytest.mark.parametrize("tenths", range(10))
def test_a_truncated_file_is_refused(path, tenths, dtype):
    save_example(path, dtype)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * tenths // 10])
    with pytest.raises(WeightsError, match=r"weights\.h5 cannot be used as a weight file"):
        load_weights(path)


def test_a_file_without_its_last_byte_is_refused(path):
    save_example(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="truncated"):
        read_attributes(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip archive", b"\x80\x02}q\x00."])
def test_another_format_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"weights\.h5 cannot be used"):
        load_weights(path)


def external_link(file):
    file["conv/weight"] = h5py.ExternalLink("secret.h5", "/a/weight")


def soft_link(file):
    file["conv/weight"] = h5py.SoftLink("/other/weight")
    file["other/weight"] = np.ones(3, f32)


def group_cycle(file):
    group = file.create_group("conv")
    group["conv"] = group


def root_cycle(file):
    file["conv"] = file["/"]


def one_array_many_times(file):
    file["conv/weight"] = np.ones(1000, f32)
    for number in range(100):
        file[f"conv/{number}"] = file["conv/weight"]


def billion_chunked(file):
    file.create_dataset("conv/weight", (1 << 30,), f32, chunks=(1 << 20,))


def billion_chunked_zipped(file):
    file.create_dataset(
        "conv/weight", (1 << 30,), f32, chunks=(1 << 20,), compression="gzip", shuffle=True
    )


def billion_never_written(file):
    file.create_dataset("conv/weight", (1 << 30,), f32)


def billion_in_one_chunk(file):
    file.create_dataset(
        "conv/weight", (1 << 29,), f32, chunks=(1 << 29,), compression="gzip", shuffle=True
    )
    file["conv/weight"].id.write_direct_chunk((0,), zlib.compress(b"\0"))


def overflowing_shape(file):
    space = h5py.h5s.create_simple((1 << 40, 1 << 40))
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((1, 1))
    h5py.h5d.create(file.create_group("conv").id, b"weight", h5py.h5t.IEEE_F32LE, space, plan)


def stream_longer_than_its_shape(file):
    dataset = file.create_dataset(
        "conv/weight", (4,), f32, chunks=(4,), compression="gzip", shuffle=True
    )
    dataset.id.write_direct_chunk((0,), zlib.compress(bytes(50_000_000)))


def stream_shorter_than_its_shape(file):
    dataset = file.create_dataset(
        "conv/weight", (4,), f32, chunks=(4,), compression="gzip", shuffle=True
    )
    dataset.id.write_direct_chunk((0,), zlib.compress(bytes(15)))


def stream_of_noise(file):
    dataset = file.create_dataset(
        "conv/weight", (4,), f32, chunks=(4,), compression="gzip", shuffle=True
    )
    dataset.id.write_direct_chunk((0,), b"noise")


def other_filter(file):
    file.create_dataset("conv/weight", data=np.ones(100, f32), compression="lzf")


def bytes_of_another_file(file):
    file.create_dataset("conv/weight", (4,), f32, external=[("/etc/passwd", 0, 16)])


def virtual_dataset(file):
    layout = h5py.VirtualLayout((4,), f32)
    layout[:] = h5py.VirtualSource("secret.h5", "a/weight", (4,))
    file.create_virtual_dataset("conv/weight", layout)


def objects(file):
    file.create_dataset("conv/weight", data=["text"], dtype=h5py.string_dtype())


def variable_lengths(file):
    file.create_dataset("conv/weight", (2,), h5py.vlen_dtype(f32))


def references(file):
    file.create_dataset("conv/weight", (2,), h5py.ref_dtype)


def records(file):
    file.create_dataset("conv/weight", data=np.zeros(2, [("a", f32), ("b", f32)]))


def integers(file):
    file["conv/weight"] = np.ones(3, np.int32)


def no_shape(file):
    file["conv/weight"] = h5py.Empty(f32)


def named_type(file):
    file["conv/weight"] = np.dtype(f32)


def attribute_not_json(file):
    file.attrs["architecture"] = np.bytes_("fcn8s")


def attribute_of_numbers(file):
    file.attrs["mean"] = np.ones(3)


def attribute_of_variable_length(file):
    file.attrs["architecture"] = '"fcn8s"'


def attribute_of_many_texts(file):
    file.attrs["names"] = np.array([b"1", b"2"])


def attribute_without_value(file):
    file.attrs["names"] = h5py.Empty("S10")


def attribute_nested_deeply(file):
    file.attrs["names"] = np.bytes_("[" * 30_000)


HOSTILE = {
    external_link: r"conv/weight is a link \(ExternalLink\)",
    soft_link: r"conv/weight is a link \(SoftLink\)",
    group_cycle: "conv/conv is a second name",
    root_cycle: "conv is a second name",
    one_array_many_times: "is a second name",
    billion_chunked: "layout that weight files do not use",
    billion_chunked_zipped: "layout that weight files do not use",
    billion_never_written: "claims 4294967296 bytes that are not in the file",
    billion_in_one_chunk: "would unfold from .* to 2147483648",
    overflowing_shape: "layout that weight files do not use",
    stream_longer_than_its_shape: "does not unpack to the 16 bytes",
    stream_shorter_than_its_shape: "does not unpack to the 16 bytes",
    stream_of_noise: "incorrect header",
    other_filter: "layout that weight files do not use",
    bytes_of_another_file: "layout that weight files do not use",
    virtual_dataset: "layout that weight files do not use",
    objects: "of type object",
    variable_lengths: "of type object",
    references: "of type object",
    records: "not of floating point numbers",
    integers: "of type int32",
    no_shape: "has no shape",
    named_type: "is a Datatype, not a group or a dataset",
    attribute_not_json: "'architecture' is not valid JSON",
    attribute_of_numbers: "'mean' is not one JSON text",
    attribute_of_variable_length: "'architecture' is not one JSON text",
    attribute_of_many_texts: "'names' is not one JSON text",
    attribute_without_value: "'names'",
    attribute_nested_deeply: "'names' is not valid JSON",
}


@pytest.mark.parametrize("build", HOSTILE, ids=lambda build: build.__name__)
def test_a_hostile_file_is_refused(path, build):
    save_weights(path.with_name("secret.h5"), {"a/weight": np.ones(4, f32)}, {})
    with h5py.File(path, "w") as file:
        build(file)
    tracemalloc.start()
    try:
        with pytest.raises(WeightsError, match=rf"weights\.h5 cannot be used.*{HOSTILE[build]}"):
            load_weights(path)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20  # bytes; the bombs are 50 MB and more
    finally:
        tracemalloc.stop()


def test_compressed_arrays_count_together(path, monkeypatch):
    monkeypatch.setattr(hdf5, "_ALWAYS_GRANTED", 0)
    zeros = {f"{number}/weight": np.zeros(500_000, f32) for number in range(4)}
    save_weights(path, zeros, {}, dtype="float16")
    with pytest.raises(WeightsError, match=r"with \d/weight it would unfold"):
        load_weights(path)


def test_attribute_texts_are_held_to_the_size_of_the_file(path):
    save_weights(path, {}, {name: "x" * 3000 for name in "abcd"})
    with h5py.File(path) as file:
        assert set(hdf5.decode_attributes(file, 4 * 3002)) == set("abcd")
        with pytest.raises(ValueError, match="'d' claims text that is not in the file"):
            hdf5.decode_attributes(file, 4 * 3002 - 1)


def test_a_big_endian_array_is_read_as_native(path):
    with h5py.File(path, "w") as file:
        file["conv/weight"] = np.arange(3, dtype=">f4")
    array = load_weights(path).params["conv/weight"]
    assert (array.dtype, array.tolist()) == (np.dtype("=f4"), [0, 1, 2])
