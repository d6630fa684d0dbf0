"""Conv2d and Deconv2d: parameters, geometry, cost and messages."""

import numpy as np
import pytest

from minifcn.layers import Conv2d, Deconv2d
from minifcn.layers.geometry import Footprint


def test_parameters_start_at_zero_in_the_published_layout():
    conv = Conv2d(6, 4, (3, 2), groups=2)
    assert {k: p.shape for k, p in conv.params.items()} == {"weight": (4, 3, 3, 2), "bias": (4,)}
    deconv = Deconv2d(6, 4, (3, 2), groups=2, bias=True)
    assert {k: p.shape for k, p in deconv.params.items()} == {"weight": (6, 2, 3, 2), "bias": (4,)}
    for layer in (conv, deconv):
        assert all(p.dtype == np.float32 and not p.any() for p in layer.params.values())


def test_a_bias_can_be_left_out():
    assert list(Conv2d(2, 3, 1, bias=False).params) == ["weight"]
    assert list(Deconv2d(2, 3, 1).params) == ["weight"]  # the default, as in the paper's nets


def test_bilinear_upsampling_is_made_on_request():
    layer = Deconv2d(3, 3, 4, stride=2, pad=1, bilinear=True)
    y, _ = layer.forward(np.ones((1, 3, 4, 5), np.float32))
    assert y.shape == (1, 3, 8, 10)
    np.testing.assert_allclose(y[:, :, 1:-1, 1:-1], 1)


def test_footprints():
    conv = Conv2d(1, 1, (3, 2), stride=(2, 1), pad=(1, 0), dilation=(2, 3))
    assert conv.footprint() == Footprint((5, 4), (2, 1), (1, 0))
    deconv = Deconv2d(1, 1, (4, 3), stride=2, pad=(1, 0))
    assert deconv.footprint() == Footprint((4, 3), (2, 2), (1, 0), transposed=True)


def test_flops_by_hand():
    # 2 operations for each of 3*3*2/2 weights of each of 4 filters at 5 x 6 places of 7 images.
    conv = Conv2d(2, 4, 3, groups=2, pad=1)
    assert conv.flops((7, 2, 5, 6)) == 2 * 9 * 4 * 30 * 7
    deconv = Deconv2d(2, 4, 4, stride=2)
    assert deconv.flops((7, 2, 5, 6)) == 2 * 2 * 16 * 4 * 30 * 7


@pytest.mark.parametrize("kind", [Conv2d, Deconv2d])
@pytest.mark.parametrize(
    ("channels", "options", "message"),
    [
        ((0, 4), {}, "convolution: in_channels must be a whole number of at least 1, not 0"),
        ((4, 2.0), {}, "convolution: out_channels must be a whole number of at least 1, not 2.0"),
        ((4, 4), {"kernel_size": (3, 0)}, "convolution: kernel_size must be .* at least 1, not 0"),
        ((4, 4), {"kernel_size": (3,)}, "convolution: kernel_size must be one number or two"),
        ((4, 4), {"stride": 0}, "convolution: stride must be a whole number of at least 1, not 0"),
        ((4, 4), {"pad": (0, -1)}, "convolution: pad must be a whole number of at least 0, not -1"),
        ((4, 4), {"pad": 0.5}, "convolution: pad must be a whole number of at least 0, not 0.5"),
        ((4, 4), {"groups": 0}, "convolution: groups must be a whole number of at least 1, not 0"),
        ((4, 6), {"groups": 4}, "4 groups cannot share 4 and 6 channels"),
    ],
)
def test_sizes_that_mean_nothing_are_refused(kind, channels, options, message):
    with pytest.raises(ValueError, match=message):
        kind(*channels, **{"kernel_size": 3, **options})


@pytest.mark.parametrize("kind", [Conv2d, Deconv2d])
def test_sizes_may_be_numbers_of_numpy(kind):
    layer = kind(np.int64(2), np.int64(4), np.int64(3), stride=[2, np.int64(1)])
    assert layer.window == ((3, 3), (2, 1), (0, 0), (1, 1))


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (lambda: Conv2d(4, 4, 3, dilation=0), "convolution: dilation must be .* at least 1, not 0"),
        (lambda: Conv2d(4, 6, 3).output_shape((1, 3, 5, 5)), "expects 4 input channels, got 3"),
        (lambda: Deconv2d(4, 6, 3).output_shape((1, 3, 5, 5)), "expects 4 input channels, got 3"),
        (lambda: Conv2d(1, 1, 7).output_shape((1, 1, 6, 9)), "does not fit"),
        *(
            (
                lambda c=c, k=k: Deconv2d(*c, k, stride=2, bilinear=True),
                "as many output as input .*",
            )
            for c, k in (((2, 3), 4), ((2, 2), (4, 2)))
        ),
    ],
)
def test_what_cannot_run_is_refused_without_running(run, message):
    with pytest.raises(ValueError, match=message):
        run()
