"""Matrix products in the precisions of a GPU: what they round, and how cuBLAS is asked for them."""

from __future__ import annotations

import ctypes
from types import SimpleNamespace

import numpy as np
import pytest
from helpers.cases import normal

from minifcn.backend import set_product_precision
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


@pytest.fixture
def tensor_cores(monkeypatch):
    """NumPy takes itself for a GPU whose `gemm` rounds nothing but what it is given."""

    def multiply(xp, a, b, scale, out):
        assert a.dtype == b.dtype and scale.dtype == out.dtype == np.float32
        out[...] = scale * (a.astype(np.float32) @ b.astype(np.float32))
        return out

    monkeypatch.setattr(np, "RawKernel", None, raising=False)
    monkeypatch.setattr("minifcn.functional.fast.product.gemm", multiply)
    # The kernels themselves are not the subject here.
    monkeypatch.setattr("minifcn.functional.cuda.bind.launchable", lambda xp: False)


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


@pytest.mark.usefixtures("tensor_cores")
def test_double_precision_stays_double(precision):
    precision("float16")
    a = normal(1, 3, 3)
    assert factors(a, a)[2] is None


@pytest.mark.usefixtures("tensor_cores")
@pytest.mark.parametrize("name", ["tf32", "float16"])
def test_of_an_empty_batch_there_is_no_largest_value_to_scale_by(precision, name):
    precision(name)
    weight = normal(1, 3, 12, dtype=np.float32)
    y, cache = linear_forward(np.zeros((0, 12), np.float32), weight, weight[:, 0])
    dx, dweight, _ = linear_backward(y, cache)
    assert y.shape == (0, 3) and dx.shape == (0, 12)
    np.testing.assert_array_equal(dweight, np.zeros_like(weight))


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


@pytest.mark.usefixtures("tensor_cores")
@pytest.mark.parametrize(
    ("kernel", "options"),
    [
        ((3, 3), {"pad": (1, 1), "groups": 2}),  # strips
        ((1, 1), {}),  # pointwise
        ((4, 4), {}),  # whole columns
    ],
)
def test_a_convolution_in_half_precision_is_near_the_exact_one(precision, kernel, options):
    groups = options.get("groups", 1)
    x, weight = normal(1, 2, 4, 6, 5), 1e-3 * normal(2, 12, 4 // groups, *kernel)
    dy_scale = 1e-9  # a gradient that half precision could not hold as it is

    def run(dtype):
        y, cache = conv2d_forward(x.astype(dtype), weight.astype(dtype), None, **options)
        dx, dweight, _ = conv2d_backward((dy_scale * normal(3, *y.shape)).astype(dtype), cache)
        return y, dx, dweight

    expected = run(np.float64)
    precision("float16")
    for one, other in zip(run(np.float32), expected, strict=True):
        assert one.dtype == np.float32
        error = abs(one - other).max() / abs(other).max()
        assert 1e-7 < error < 4 * HALF_ROUNDING  # and half precision it is


@pytest.mark.usefixtures("tensor_cores")
def test_an_inner_product_in_half_precision_is_near_the_exact_one(precision):
    x, weight, bias = normal(1, 3, 4, 2, 2), normal(2, 5, 16), normal(3, 5)

    def run(dtype):
        y, cache = linear_forward(*(array.astype(dtype) for array in (x, weight, bias)))
        return [y, *linear_backward(normal(4, *y.shape, dtype=dtype), cache)]

    expected = run(np.float64)
    precision("float16")
    for one, other in zip(run(np.float32), expected, strict=True):
        np.testing.assert_allclose(one, other, atol=4 * HALF_ROUNDING * abs(other).max())


@pytest.mark.usefixtures("tensor_cores")
def test_winograd_is_not_chosen_for_rounded_products(precision):
    weight = np.zeros((64, 64, 3, 3), np.float32)
    window = Window((3, 3), pad=(1, 1))
    assert choose_path((1, 64, 40, 40), weight, window, 1) == "winograd"
    precision("tf32")
    assert choose_path((1, 64, 40, 40), weight, window, 1) == "strips"


# The call of cuBLAS, to a cuBLAS of ten lines


class Pointing(np.ndarray):
    """An array with CuPy's way to its address."""

    @property
    def data(self):
        return SimpleNamespace(ptr=self.ctypes.data)


class Cublas:
    """The routines that `gemm` calls, on memory of the host, with columns first as in cuBLAS."""

    CUBLAS_OP_N, CUBLAS_OP_T = 0, 1
    CUBLAS_POINTER_MODE_HOST, CUBLAS_POINTER_MODE_DEVICE = 0, 1
    CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32 = 68, 77
    CUBLAS_GEMM_DEFAULT = -1

    def __init__(self):
        self.mode = self.CUBLAS_POINTER_MODE_HOST

    def getPointerMode(self, handle):
        return self.mode

    def setPointerMode(self, handle, mode):
        self.mode = mode

    def gemmEx(self, handle, opa, opb, m, n, k, alpha, *rest):
        a, a_kind, lda, b, b_kind, ldb, beta, c, c_kind, ldc, compute, _ = rest
        assert self.mode == self.CUBLAS_POINTER_MODE_DEVICE and a_kind == b_kind
        assert compute == (68 if a_kind == 2 else 77)
        left, right = self.matrix(a, a_kind, m, k, lda, opa), self.matrix(b, b_kind, k, n, ldb, opb)
        scale, keep = (ctypes.c_float.from_address(p).value for p in (alpha, beta))
        assert keep == 0
        exact = left.astype(np.float32) @ right.astype(np.float32)
        self.matrix(c, c_kind, m, n, ldc, 0)[...] = scale * exact

    @staticmethod
    def matrix(address, kind, rows, columns, leading, turned):
        dtype = np.dtype({0: np.float32, 2: np.float16}[kind])
        inner, outer = (columns, rows) if turned else (rows, columns)
        assert leading >= inner
        elements = leading * (outer - 1) + inner
        memory = (ctypes.c_ubyte * (elements * dtype.itemsize)).from_address(address)
        steps = (dtype.itemsize, leading * dtype.itemsize)
        return np.ndarray((rows, columns), dtype, memory, strides=steps[::-1] if turned else steps)


@pytest.mark.host  # cuBLAS is imitated in the host's memory
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("layout_a", ["rows", "columns", "part", "neither"])
@pytest.mark.parametrize("layout_b", ["rows", "columns", "part", "neither"])
@pytest.mark.parametrize("sizes", [(3, 4, 5), (1, 4, 5), (3, 1, 1), (2, 7, 1)])
def test_the_product_is_asked_for_as_it_lies_in_memory(sizes, layout_a, layout_b, dtype):
    def laid_out(matrix, layout):
        if layout == "columns":
            return matrix.T.copy().T
        if layout == "part":
            matrix = np.pad(matrix, ((0, 0), (1, 2)))[:, 1:-2]
        elif layout == "neither":
            matrix = np.repeat(np.repeat(matrix, 2, 0), 2, 1)[::2, ::2]
        return matrix.view(Pointing)

    m, k, n = sizes
    a, b = normal(1, m, k, dtype=dtype), normal(2, k, n, dtype=dtype)
    cublas = Cublas()
    xp = SimpleNamespace(
        float32=np.float32,
        zeros=lambda *arguments: np.zeros(*arguments).view(Pointing),
        ascontiguousarray=lambda array: np.ascontiguousarray(array).view(Pointing),
        cuda=SimpleNamespace(
            cublas=cublas,
            runtime=SimpleNamespace(CUDA_R_32F=0, CUDA_R_16F=2),
            device=SimpleNamespace(get_cublas_handle=lambda: 1),
        ),
    )
    scale, out = np.array(0.25, np.float32).view(Pointing), np.empty((m, n), np.float32)
    left, right = (laid_out(*pair).view(Pointing) for pair in ((a, layout_a), (b, layout_b)))
    gemm(xp, left, right, scale, out.view(Pointing))
    expected = 0.25 * (a.astype(np.float64) @ b.astype(np.float64))
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    assert cublas.mode == Cublas.CUBLAS_POINTER_MODE_HOST
