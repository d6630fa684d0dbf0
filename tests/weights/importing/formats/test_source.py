"""What all readers share: memory maps, messages, views of bytes."""

import numpy as np
import pytest

from minifcn.containers.limits import inflation_limit, numbers, widened
from minifcn.weights.importing.formats.source import weight_file
from minifcn.weights.store import WeightsError

f32 = np.float32


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.bin"


def test_a_mapped_file_is_read_only_and_outlives_its_name(path):
    path.write_bytes(np.arange(4, dtype="<f4").tobytes())
    with weight_file(path, "a net") as data:
        array = numbers(data, "<f4", [2, 2], "a")
    path.unlink()
    assert array.tolist() == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_an_empty_file_is_reported_as_such(path):
    path.touch()
    with pytest.raises(WeightsError, match="weights.bin is empty"), weight_file(path, "a net"):
        pass


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyError("key"), "weights.bin cannot be read as a net: 'key'; download, copy or"),
        (RecursionError(), "weights.bin cannot be read as a net: RecursionError; download"),
        (MemoryError(), "weights.bin cannot be read as a net: MemoryError; download"),
        (ValueError("a\n\x1b[2Jb"), r"net: a\?\?\[2Jb; download"),
        (ValueError("x" * 1_000_000), "net: x{300}; download"),
    ],
)
def test_any_error_becomes_a_clear_one(path, error, message):
    path.write_bytes(b"a")
    with pytest.raises(WeightsError, match=message) as caught, weight_file(path, "a net"):
        raise error
    assert caught.value.__cause__ is error


def test_the_advice_comes_last_and_errors_about_weights_pass_unchanged(path):
    path.write_bytes(b"a")
    with (
        pytest.raises(WeightsError, match="a net: damaged; ask for another$"),
        weight_file(path, "a net", "ask for another"),
    ):
        raise ValueError("damaged")
    for error in (WeightsError("as it is"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as caught, weight_file(path, "a net"):
            raise error
        assert caught.value is error


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_missing_file_is_reported_as_such(path, name):
    with (
        pytest.raises(FileNotFoundError, match="there is no file"),
        weight_file(path.parent / name, "a net"),
    ):
        pass


@pytest.mark.parametrize(
    ("size", "limit"), [(1, 64 << 20), (1 << 20, 100 << 20), (1 << 30, 4 << 30)]
)
def test_a_file_may_unfold_to_a_multiple_of_its_size(size, limit):
    assert inflation_limit(size) == limit


@pytest.mark.parametrize(
    ("order", "expected"), [("C", [[0, 1, 2], [3, 4, 5]]), ("F", [[0, 2, 4], [1, 3, 5]])]
)
def test_numbers_are_a_view_of_their_bytes(order, expected):
    raw = np.arange(6, dtype=f32).tobytes()
    array = numbers(raw, "<f4", (2, 3), "a", order)
    assert array.tolist() == expected
    assert not array.flags.owndata and not array.flags.writeable


@pytest.mark.parametrize(
    "shape", [(2,), (4,), (-1, -3), (1 << 62, 1 << 62), (3,) + (1,) * 64, (1,) * 9000, ()]
)
def test_numbers_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"^conv/0 has 12 bytes for the shape \("):
        numbers(bytes(12), "<f4", shape, "conv/0")


def test_no_numbers_of_an_absurd_shape_are_refused():
    assert numbers(b"", "<f4", (0, 3), "a").shape == (0, 3)
    with pytest.raises(ValueError, match="too big|dimension"):
        numbers(b"", "<f4", (1 << 62, 0, 1 << 62), "a")


def test_bfloat16_is_the_upper_half_of_float32():
    values = np.array([1.0, -2.5, 3.140625, np.inf], f32)  # exact in bfloat16
    upper = (values.view(np.uint32) >> 16).astype(np.uint16)
    assert widened(upper).dtype == f32
    np.testing.assert_array_equal(widened(upper), values)
