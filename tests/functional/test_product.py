"""Matrix products in the precisions of a GPU: what they round, and how cuBLAS is asked for them."""

import numpy as np
import pytest
from helpers.cases import normal
from helpers.cuda_on_cpu import COMPILER

from minifcn.backend import set_product_precision, to_device, to_host
from minifcn.functional.conv import conv2d_backward, conv2d_forward
from minifcn.functional.cuda.gemm import gemm
from minifcn.functional.fast.paths import choose_path
from minifcn.functional.fast.product import factors, product, to_half
from minifcn.functional.linear import linear_backward, linear_forward
from minifcn.functional.window import Window

HALF_ROUNDING = 2.0**-11  # of the numbers that are multiplied, relative to each


@pytest.fixture
def precision():
    yield set_product_precision
    set_product_precision("float32")


def with_kernels(test):
    """Mark a test that brings its own device, whose kernels have to be compiled."""
    reason = "no C++ compiler (g++ or clang++) found"
    return pytest.mark.host(pytest.mark.skipif(COMPILER is None, reason=reason)(test))


def on_device(device, *arrays, dtype=np.float32):
    return [to_device(array.astype(dtype), device) for array in arrays]


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="must be one of float32, tf32, float16, not 'float8'"):
        set_product_precision("float8")


@pytest.mark.host
@pytest.mark.parametrize("name", ["tf32", "float16"])
def test_on_the_host_the_precision_changes_nothing(precision, name):
    a, b = normal(1, 3, 4, dtype=np.float32), normal(2, 4, 5, dtype=np.float32)
    precision(name)
    left, right, scale = factors(a, b)
    assert left is a and right is b and scale is None
    np.testing.assert_array_equal(product(left, right, scale), a @ b)


@with_kernels
def test_double_precision_stays_double(precision, device):
    precision("float16")
    (a,) = on_device(device, normal(1, 3, 3), dtype=np.float64)
    assert factors(a, a)[2] is None


@with_kernels
@pytest.mark.parametrize("name", ["tf32", "float16"])
def test_of_an_empty_batch_there_is_no_largest_value_to_scale_by(precision, device, name):
    precision(name)
    x, weight, bias = on_device(device, np.zeros((0, 12)), normal(1, 3, 12), normal(2, 3))
    y, cache = linear_forward(x, weight, bias)
    dx, dweight, _ = linear_backward(y, cache)
    assert y.shape == (0, 3) and dx.shape == (0, 12)
    np.testing.assert_array_equal(to_host(dweight), np.zeros((3, 12)))


@pytest.mark.parametrize("magnitude", [1e-12, 1.0, 1e9])
def test_half_precision_keeps_its_digits_whatever_the_magnitude(magnitude):
    a = (magnitude * normal(1, 20, 30)).astype(np.float32)
    half, power = to_half(a)
    assert half.dtype == np.float16 and 2**14 <= abs(half).max() <= 2**15
    np.testing.assert_allclose(half.astype(float) * 2.0**-power, a, rtol=HALF_ROUNDING)


@pytest.mark.parametrize("value", [0.0, 1e-40, 1e22])
def test_half_precision_of_extreme_numbers_is_finite(value):
    half, power = to_half(np.full((2, 2), value, np.float32))
    # The product of two such powers fits into float32.
    assert np.isfinite(half).all() and abs(power) <= 60


def test_what_is_not_a_number_stays_so():
    with np.errstate(over="ignore"):
        half, _ = to_half(np.array([[1, np.nan], [0, 2]], np.float32))
    assert np.isnan(half[0, 1])


X, BIAS = normal(1, 2, 4, 6, 5), normal(3, 12)


def convolved(kernel, groups=1, **options):
    """Return a function of arrays and a gradient from above: a convolution and its gradients."""
    weight = 1e-3 * normal(2, 12, 4 // groups, *kernel)

    def run(move):
        y, cache = conv2d_forward(move(X), move(weight), None, groups=groups, **options)
        # A gradient that half precision could not hold as it is.
        return [y, *conv2d_backward(move(1e-9 * normal(3, *y.shape)), cache)[:2]]

    return run


def multiplied(move):
    y, cache = linear_forward(move(X), move(normal(2, 12, 120)), move(BIAS))
    return [y, *linear_backward(move(normal(4, *y.shape)), cache)]


@with_kernels
@pytest.mark.parametrize(
    "run",
    [
        convolved((3, 3), pad=(1, 1), groups=2),  # strips
        convolved((1, 1)),  # pointwise
        convolved((4, 4)),  # whole columns
        multiplied,
    ],
)
def test_in_half_precision_all_is_near_the_exact_result(precision, device, run):
    expected = run(lambda array: array)
    precision("float16")
    found = run(lambda array: to_device(array.astype(np.float32), device))
    for one, other in zip(map(to_host, found), expected, strict=True):
        assert one.dtype == np.float32
        error = abs(one - other).max() / abs(other).max()
        # And half precision it is, but for the sum that is the gradient of a bias.
        assert error < 4 * HALF_ROUNDING and (error > 1e-7 or other.ndim == 1)


@with_kernels
def test_winograd_is_not_chosen_for_rounded_products(precision, device):
    weight = device.zeros((64, 64, 3, 3), np.float32)
    window = Window((3, 3), pad=(1, 1))
    precision("tf32")
    assert choose_path((1, 64, 120, 120), weight, window, 1) == "strips"
    precision("float32")
    assert choose_path((1, 64, 120, 120), weight, window, 1) == "winograd"


@pytest.mark.host
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("layout_a", ["rows", "columns", "part", "neither"])
@pytest.mark.parametrize("layout_b", ["rows", "columns", "part", "neither"])
@pytest.mark.parametrize("sizes", [(3, 4, 5), (1, 4, 5), (3, 1, 1), (2, 7, 1)])
def test_the_product_is_asked_for_as_it_lies_in_memory(sizes, layout_a, layout_b, dtype, device):
    def laid_out(matrix, layout):
        if layout == "columns":
            return matrix.T.copy().T
        if layout == "part":
            matrix = np.pad(matrix, ((0, 0), (1, 2)))[:, 1:-2]
        elif layout == "neither":
            matrix = np.repeat(np.repeat(matrix, 2, 0), 2, 1)[::2, ::2]
        return matrix

    m, k, n = sizes
    a, b = normal(1, m, k, dtype=dtype), normal(2, k, n, dtype=dtype)
    scale, out = device.asarray(np.float32(0.25)), device.empty((m, n), np.float32)
    left, right = (device.ndarray(laid_out(*pair)) for pair in ((a, layout_a), (b, layout_b)))
    gemm(device, left, right, scale, out)
    expected = 0.25 * (a.astype(np.float64) @ b.astype(np.float64))
    np.testing.assert_allclose(to_host(out), expected, rtol=1e-5, atol=1e-6)
    assert device.cuda.cublas.getPointerMode(0) == device.cuda.cublas.CUBLAS_POINTER_MODE_HOST
