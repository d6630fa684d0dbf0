"""Each CUDA kernel's body, run on the CPU, computes what its plain twin does."""

import numpy as np
import pytest
from helpers.cases import conv_cases, normal, pool_cases
from helpers.cuda_cases import OPERATIONS, columns, on_host, pooled
from helpers.cuda_on_cpu import COMPILER, kernels_on_cpu
from hypothesis import given, settings
from hypothesis import strategies as st

from minifcn.functional import cuda
from minifcn.functional.conv import conv2d_backward, conv2d_forward
from minifcn.functional.cuda.launch import launch, signature
from minifcn.functional.fast.columns import im2col_rows
from minifcn.functional.lrn import lrn_backward, lrn_forward
from minifcn.functional.pooling import max_pool_backward, max_pool_forward
from minifcn.functional.relu import relu_backward
from minifcn.functional.softmax import softmax_loss_backward, softmax_loss_forward
from minifcn.functional.window import PoolWindow, Window

pytestmark = [
    pytest.mark.skipif(COMPILER is None, reason="no C++ compiler (g++ or clang++) found"),
    pytest.mark.host,  # its kernels are given the host's arrays
]

# exp, log and pow of the C library and of NumPy differ in the last digit or two, which the sums
# over classes, channels and pixels carry on.
ROUNDING = {"float32": 2e-5, "float64": 1e-12}

GRIDS = {
    "one launch covers all": {},
    "threads stride over the array": {"THREADS": 3, "BLOCKS": 2},
    "indices of 64 bits": {"SMALL": 0},
}


def assert_same(ours, expected, tolerance=0.0):
    for one, other in zip(ours, expected, strict=True):
        assert one.dtype == other.dtype and one.shape == other.shape
        scale = np.abs(np.nan_to_num(other.astype(float), posinf=0, neginf=0)).max(initial=0)
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("dtype", ROUNDING)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_kernel_computes_what_its_twin_does(name, dtype, grid):
    operation = OPERATIONS[name]
    expected = on_host(operation, np, dtype)
    with kernels_on_cpu(**GRIDS[grid]) as launched:
        ours = on_host(operation, np, dtype)
    assert sorted(launched) == sorted(operation.kernels)
    exact = not operation.rounds or name == "sgd"  # there is no contraction here
    assert_same(ours, expected, 0.0 if exact else ROUNDING[dtype])


def test_every_kernel_is_among_them():
    tested = {kernel for operation in OPERATIONS.values() for kernel in operation.kernels}
    assert tested == {signature(source).name for source in cuda.SOURCES}


@settings(max_examples=60)
@given(conv_cases(), st.sampled_from(["float32", "float64"]), st.data())
def test_columns_of_any_window_are_the_same_to_the_last_bit(case, dtype, data):
    options, (_, *shape) = case.options, case.x_shape
    window = Window(case.weight_shape[2:], options["stride"], options["pad"], options["dilation"])
    oh, _ = window.output_size(shape[1:])
    start = data.draw(st.integers(0, oh - 1))
    rows = slice(start, data.draw(st.integers(start + 1, oh)))
    expected = columns(np, dtype, window, tuple(shape), rows)
    with kernels_on_cpu():
        ours = columns(np, dtype, window, tuple(shape), rows)
    assert_same(ours, expected)


@settings(max_examples=60)
@given(pool_cases(), st.sampled_from(["float32", "float64"]), st.booleans())
def test_maxima_of_any_window_are_the_same_to_the_last_bit(case, dtype, nan):
    window = PoolWindow(**case.options)
    expected = pooled(np, dtype, window, case.x_shape, nan=nan)
    with kernels_on_cpu():
        ours = pooled(np, dtype, window, case.x_shape, nan=nan)
    assert_same(ours, expected)


def test_a_window_may_have_more_places_than_16_bits_can_number():
    window, shape = PoolWindow((257, 256), (1, 2)), (1, 1, 258, 258)
    expected = pooled(np, "float32", window, shape)
    with kernels_on_cpu():
        ours = pooled(np, "float32", window, shape)
    assert ours[1].dtype == np.uint32
    assert_same(ours, expected)


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_pixels_of_any_size_become_columns(dtype):
    x = (100 * normal(1, 2, 5, 6)).astype(dtype, casting="unsafe")
    window, rows = Window((3, 3), (1, 2), (1, 1)), slice(1, 4)
    expected = im2col_rows(x, window, rows)
    with kernels_on_cpu() as launched:
        ours = im2col_rows(x, window, rows)
    assert launched == ["im2col"]
    np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("path", ["strips", "whole", "pointwise"])
def test_a_convolution_with_kernels_is_the_plain_one(path, forced):
    kernel, options = ((1, 1), {}) if path == "pointwise" else ((3, 3), {"pad": (1, 1)})
    x, weight, bias = normal(1, 2, 3, 6, 5), normal(2, 4, 3, *kernel), normal(3, 4)

    def run():
        y, cache = conv2d_forward(x, weight, bias, relu=True, **options)
        return [y, *conv2d_backward(normal(4, *y.shape), cache)]

    forced(path)
    expected = run()
    with kernels_on_cpu() as launched:
        ours = run()
    assert launched
    assert_same(ours, expected, 1e-12)


def test_an_impossible_label_makes_the_loss_nan_and_reads_nothing():
    label = np.array([[[0, 7]], [[1, 255]]])
    with kernels_on_cpu(), pytest.MonkeyPatch.context() as patch:
        # The host's own check of the labels is not made on a device.
        patch.setattr("minifcn.functional.softmax.np", None)
        loss, cache = softmax_loss_forward(normal(1, 2, 3, 1, 2), label)
    assert np.isnan(loss) and not np.isnan(cache.probability).any()


@pytest.mark.parametrize("types", ["ee", "ll", "fd"], ids=["half", "integers", "mixed"])
def test_what_no_kernel_takes_is_left_to_the_plain_twin(types):
    dy, y = (normal(seed, 3, 4).astype(dtype) for seed, dtype in enumerate(types))
    with kernels_on_cpu() as launched:
        dx = relu_backward(dy, y)
    assert not launched
    np.testing.assert_array_equal(dx, dy * (y > 0))


def test_an_array_of_another_type_is_refused():
    x, y = normal(1, 4), normal(2, 4, dtype=np.float32)
    message = "kernel relu_backward: y must be float64, not float32"
    with kernels_on_cpu(), pytest.raises(TypeError, match=message):
        launch(cuda.RELU_BACKWARD, 4, x, y, np.empty(4))
    message = "kernel relu_backward: dy must be one of float32, float64, not int64"
    with kernels_on_cpu(), pytest.raises(TypeError, match=message):
        launch(cuda.RELU_BACKWARD, 4, np.arange(4), y, y)


def test_a_write_outside_of_an_array_is_noticed():
    source = 'extern "C" __global__ void stray(Index count, Real* y)\n{\n    y[count] = 1;\n}\n'
    with kernels_on_cpu(), pytest.raises(AssertionError, match="stray wrote outside its array"):
        launch(source, 4, np.zeros(4))


def test_nothing_is_launched_for_an_empty_batch():
    x = np.zeros((0, 3, 4, 4))
    with kernels_on_cpu() as launched:
        y, cache = lrn_forward(x)
        assert lrn_backward(y, cache).shape == x.shape
        y, pooled_cache = max_pool_forward(x, PoolWindow((2, 2), (2, 2)))
        assert max_pool_backward(y, pooled_cache).shape == x.shape
        loss, loss_cache = softmax_loss_forward(x, np.zeros((0, 4, 4), int))
        assert softmax_loss_backward(loss, loss_cache).shape == x.shape
        y, conv_cache = conv2d_forward(x, np.ones((2, 3, 3, 3)), np.ones(2), relu=True)
        assert conv2d_backward(y, conv_cache)[0].shape == x.shape
    assert loss == 0 and not launched


def test_nothing_is_launched_for_an_empty_array():
    with kernels_on_cpu() as launched:
        launch(cuda.RELU_BACKWARD, 0, *[np.empty(0)] * 3)
    assert not launched
