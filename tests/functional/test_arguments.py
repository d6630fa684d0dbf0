"""What the operations refuse: the sentence, for each kind of argument and each operation."""

import numpy as np
import pytest

from minifcn.functional.arguments import divide_channels, image_shape, pair, whole_number
from minifcn.functional.bilinear import bilinear_kernel, bilinear_weight
from minifcn.functional.conv import conv2d_forward
from minifcn.functional.deconv import deconv2d_forward
from minifcn.functional.dropout import dropout_forward
from minifcn.functional.linear import linear_forward
from minifcn.functional.lrn import lrn_forward
from minifcn.functional.pooling import avg_pool_forward, max_pool_forward
from minifcn.functional.softmax import softmax, softmax_loss_forward
from minifcn.functional.window import PoolWindow
from minifcn.layers import EltwiseMax, EltwiseSum, Scale

X = (2, 4, 5, 6)
HALVING = PoolWindow((2, 2), (2, 2))

# Each operation that computes, as a function of its arrays, and their shapes.
OPERATIONS = {
    "convolution": (conv2d_forward, [X, (3, 4, 3, 3), (3,)]),
    "deconvolution": (deconv2d_forward, [X, (4, 3, 3, 3), (3,)]),
    "inner product": (linear_forward, [(2, 4), (3, 4), (3,)]),
    "pooling, maximum": (lambda x: max_pool_forward(x, HALVING), [X]),
    "pooling, average": (lambda x: avg_pool_forward(x, HALVING), [X]),
    "LRN": (lrn_forward, [X]),
    "dropout": (lambda x: dropout_forward(x, ratio=0.5, rng=np.random.default_rng(0)), [X]),
    "softmax": (softmax, [X]),
    "softmax loss": (lambda x: softmax_loss_forward(x, np.zeros((2, 5, 6), int)), [X]),
    "sum": (EltwiseSum().forward, [X, X]),
    "max": (EltwiseMax().forward, [X, X]),
    "scale": (Scale(4).forward, [X]),
}


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "float16", "complex128"])
@pytest.mark.parametrize("name", OPERATIONS)
def test_numbers_of_other_types_are_refused(name, dtype):
    operation, shapes = OPERATIONS[name]
    message = f"{name.split(',')[0]}: expected arrays of float32, or all of float64, got {dtype}"
    with pytest.raises(ValueError, match=message):
        operation(*(np.ones(shape, dtype) for shape in shapes))


@pytest.mark.parametrize("name", ["convolution", "deconvolution", "inner product", "sum", "max"])
def test_two_types_at_a_time_are_refused(name):
    operation, shapes = OPERATIONS[name]
    first, *others = (np.ones(shape) for shape in shapes)
    with pytest.raises(ValueError, match=f"{name}: .* got float32, float64"):
        operation(first.astype(np.float32), *others)


@pytest.mark.parametrize("name", ["convolution", "deconvolution", "inner product"])
@pytest.mark.parametrize("size", [1, 4])
def test_a_bias_of_another_length_is_refused(name, size):
    operation, shapes = OPERATIONS[name]
    arrays = [np.ones(shape) for shape in shapes[:2]]
    with pytest.raises(ValueError, match=rf"expected a bias of shape \(3,\), got \({size},\)"):
        operation(*arrays, np.ones(size))


@pytest.mark.parametrize("value", [3, (3, 3), [3, 3], np.int64(3), (np.uint8(3), 3)])
def test_a_pair_is_two_numbers_or_one_twice(value):
    assert pair("stride", value, 1) == (3, 3)
    assert {type(number) for number in pair("stride", value, 1)} == {int}


NUMBER = "stride must be a whole number of at least 1, not"
PAIR = r"stride must be one number or two .*, not"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        *((value, NUMBER) for value in (0, -1, 2.0, None, (3, 0), (2.5, 3))),
        *((value, PAIR) for value in ((2,), (1, 2, 3), "abc", [])),
    ],
)
def test_what_is_no_pair_of_whole_numbers_is_refused(value, message):
    with pytest.raises(ValueError, match=message):
        pair("stride", value, 1)
    with pytest.raises(ValueError, match=NUMBER):
        whole_number("stride", value, 1)


def test_groups_divide_all_channels():
    assert divide_channels("convolution", 3, 6, 9) == 3
    with pytest.raises(ValueError, match="convolution: 3 groups cannot share 6 and 4 channels"):
        divide_channels("convolution", 3, 6, 4)
    with pytest.raises(ValueError, match="convolution: groups must be .* at least 1, not 0"):
        divide_channels("convolution", 0, 6)


def test_a_batch_may_be_empty_but_not_an_image():
    assert image_shape("pooling", (0, 3, 1, 1)) == (0, 3, 1, 1)
    for shape in [(2, 0, 4, 4), (2, 3, 0, 4), (2, 3, 4, 0), (3, 4, 4), (1, 2, 3, 4, 4)]:
        with pytest.raises(ValueError, match=r"pooling: expected a batch of images \(N, C, H, W\)"):
            image_shape("pooling", shape)


ODD = "LRN: local_size must be odd to have a centre, not 4"
ENERGY = "LRN: alpha must be at least 0 and k above 0, not "
CHANNELS = r"LRN: expected an array \(N, C, ...\) with at least one"
VALUES, LINEAR = "inner product: expected 1 values an image, got", (np.ones((2, 1)), np.ones(2))
RATIO = r"dropout: the ratio must lie in \[0, 1\)"


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: bilinear_kernel(0), "bilinear kernel: size must be .* at least 1, not 0"),
        (
            lambda: bilinear_weight(4, 3, groups=3),
            "bilinear kernel: 3 groups cannot share 4",
        ),
        (lambda: lrn_forward(np.ones(X), local_size=4), ODD),
        (
            lambda: lrn_forward(np.ones(X), local_size=-1),
            "local_size must be .* 1, not -1",
        ),
        (lambda: lrn_forward(np.ones(X), k=0), f"{ENERGY}0.0001 and 0"),
        (lambda: lrn_forward(np.ones(X), alpha=-1), f"{ENERGY}-1 and 1.0"),
        *((lambda s=s: lrn_forward(np.ones(s)), CHANNELS) for s in ((), (3,), (2, 0, 3, 4))),
        *((lambda s=s: linear_forward(np.ones(s), *LINEAR), VALUES) for s in ((), (3,), (3, 2))),
        *(
            (lambda r=r: dropout_forward(np.ones(X), ratio=r, rng=np.random.default_rng(0)), RATIO)
            for r in (-0.1, 1, float("nan"))
        ),
    ],
)
def test_sizes_and_numbers_that_mean_nothing_are_refused(run, message):
    with pytest.raises(ValueError, match=message):
        run()
