"""The CUDA kernels on a device: the numbers of the plain code on the host, every time the same."""

import numpy as np
import pytest
from helpers.cases import normal
from helpers.cuda_cases import OPERATIONS, on_host

from minifcn.backend import set_product_precision, to_device, to_host
from minifcn.functional.conv import conv2d_backward, conv2d_forward
from minifcn.functional.fast.columns import im2col_rows
from minifcn.functional.fast.product import factors, product
from minifcn.functional.window import Window

# exp, log and pow differ in the last digits, and a device contracts a * b + c to one rounding.
ROUNDING = {"float32": 2e-5, "float64": 1e-12}

# What the operands of a product are rounded to, relative to each: 10 bits and the one before.
OPERAND_ROUNDING = {"float32": 2.0**-20, "tf32": 2.0**-10, "float16": 2.0**-11}


@pytest.fixture
def precision():
    yield set_product_precision
    set_product_precision("float32")


def assert_near(one, other, tolerance):
    assert one.dtype == other.dtype and one.shape == other.shape
    scale = np.abs(np.nan_to_num(other.astype(float), posinf=0, neginf=0)).max(initial=0)
    np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_kernel_computes_what_its_twin_does_on_the_host(cupy, launched, name, dtype):
    operation = OPERATIONS[name]
    expected = on_host(operation, np, dtype)
    ours = on_host(operation, cupy, dtype)
    assert sorted(launched) == sorted(operation.kernels)
    for one, other in zip(ours, expected, strict=True):
        assert_near(one, other, ROUNDING[dtype] if operation.rounds else 0.0)


@pytest.mark.parametrize("name", OPERATIONS)
def test_two_runs_give_the_same_numbers(cupy, name):
    first, second = (on_host(OPERATIONS[name], cupy, "float32") for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float64"])
def test_pixels_of_any_size_become_columns(cupy, dtype):
    x = (100 * normal(1, 2, 5, 6)).astype(dtype, casting="unsafe")
    window, rows = Window((3, 3), (1, 2), (1, 1)), slice(1, 4)
    ours = to_host(im2col_rows(to_device(x, cupy), window, rows))
    np.testing.assert_array_equal(ours, im2col_rows(x, window, rows))


@pytest.mark.slow
def test_an_array_longer_than_32_bits_can_count(cupy):
    height, width = 46342, 46341  # 2,147,534,622 pixels, of a byte each
    if cupy.cuda.runtime.memGetInfo()[0] < 3 * height * width:
        pytest.skip("the device has less than 7 GB of free memory")
    x = cupy.zeros((1, height, width), cupy.uint8)
    x[0, -1] = cupy.arange(width) % 251
    columns = im2col_rows(x, Window((1, 1)), slice(0, height))
    np.testing.assert_array_equal(to_host(columns[0, -width:]), np.arange(width) % 251)
    assert int(columns[0, :-width].max()) == 0


@pytest.mark.parametrize("path", ["im2col", "strips", "whole", "pointwise", "winograd"])
def test_a_convolution_is_that_of_the_host(cupy, path, forced):
    kernel, options = ((1, 1), {}) if path == "pointwise" else ((3, 3), {"pad": (1, 1)})
    arrays = normal(1, 2, 3, 16, 15), normal(2, 4, 3, *kernel), normal(3, 4)

    def run(xp):
        y, cache = conv2d_forward(*(to_device(a, xp) for a in arrays), relu=True, **options)
        return [y, *conv2d_backward(to_device(normal(4, *y.shape), xp), cache)]

    forced(path)
    for one, other in zip(run(cupy), run(np), strict=True):
        assert_near(to_host(one), other, 1e-11)


@pytest.mark.parametrize("name", OPERAND_ROUNDING)
@pytest.mark.parametrize("magnitude", [1.0, 1e-9])
def test_products_in_each_precision(cupy, precision, name, magnitude):
    a, b = normal(1, 96, 200, dtype=np.float32), magnitude * normal(2, 200, 64)
    b = b.astype(np.float32)
    precision(name)
    left, right, scale = factors(to_device(a, cupy), to_device(b, cupy))
    # As they lie, transposed, and a part, as the layers use them.
    for one, other, exact in (
        (left, right, a.astype(float) @ b),
        (right.T, left.T, b.T.astype(float) @ a.T),
        (left[3:50], right[:, 5:30], a[3:50].astype(float) @ b[:, 5:30]),
    ):
        ours = product(one, other, scale)
        assert ours.dtype == cupy.float32
        bound = 2 * OPERAND_ROUNDING[name] * (abs(a).max() * abs(b).max()) * 200**0.5
        np.testing.assert_allclose(to_host(ours), exact, rtol=0, atol=bound)


@pytest.mark.parametrize("name", ["tf32", "float16"])
def test_a_convolution_in_low_precision_is_near_the_exact_one(cupy, precision, name):
    x, weight = normal(1, 2, 8, 30, 28), normal(2, 16, 8, 3, 3)

    def run(xp, dtype):
        arrays = (to_device(array.astype(dtype), xp) for array in (x, weight))
        y, cache = conv2d_forward(*arrays, pad=(1, 1))
        dx, dweight, _ = conv2d_backward(to_device(normal(3, *y.shape).astype(dtype), xp), cache)
        return [to_host(y), to_host(dx), to_host(dweight)]

    expected = run(np, np.float64)
    precision(name)
    for one, other in zip(run(cupy, np.float32), expected, strict=True):
        assert one.dtype == np.float32
        assert abs(one - other).max() < 2e-3 * abs(other).max()
