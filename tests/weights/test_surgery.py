"""Net surgery: what is copied, what is reported, what is refused before anything is copied."""

import numpy as np
import pytest

from minifcn.backend import to_device, to_host
from minifcn.weights.store import WeightsError
from minifcn.weights.surgery import Match, duplicated, transplant, widened


def zeros(**shapes):
    return {name.replace("__", "/"): np.zeros(shape, np.float32) for name, shape in shapes.items()}


def test_equal_shapes_are_copied_in_place_and_keep_their_type(xp, rng):
    values = rng.normal(size=(2, 3, 1, 1))
    weight = xp.zeros((2, 3, 1, 1), np.float32)
    source = {"conv/weight": values.copy()}
    report = transplant({"conv/weight": weight}, source)
    assert weight.dtype == np.float32
    np.testing.assert_array_equal(to_host(weight), values.astype(np.float32))
    assert report.loaded == (Match("conv/weight", "conv/weight", (2, 3, 1, 1), (2, 3, 1, 1)),)
    weight += 1
    np.testing.assert_array_equal(source["conv/weight"], values)


def test_a_source_on_the_device_is_copied(xp):
    params = zeros(a__weight=(3,))
    transplant(params, {"a/weight": to_device(np.ones(3, np.float32), xp)})
    np.testing.assert_array_equal(params["a/weight"], 1)


def test_fully_connected_becomes_the_convolution_with_equal_output(rng):
    """Section 3.1: the layer over a flattened C x KH x KW input is a convolution at one place."""
    dense, x = rng.normal(size=(4, 2 * 3 * 5)), rng.normal(size=(2, 3, 5))
    params = {"fc6/weight": np.zeros((4, 2, 3, 5))}
    report = transplant(params, {"fc6/weight": dense})
    np.testing.assert_allclose(
        np.einsum("fcab,cab->f", params["fc6/weight"], x), dense @ x.reshape(-1), rtol=1e-13
    )
    assert report.reshaped == (Match("fc6/weight", "fc6/weight", (4, 30), (4, 2, 3, 5)),)


@pytest.mark.parametrize(
    ("source_shape", "shape"),
    [
        ((1, 1, 1, 6), (6,)),  # a bias of an old Caffe file
        ((1, 1, 4, 18), (4, 2, 3, 3)),  # a fully connected layer of one
        ((4, 2, 3, 3), (4, 18)),
        ((18,), (1, 2, 3, 3)),  # a single output
    ],
)
def test_shapes_of_the_same_layout_are_copied_flat(source_shape, shape):
    params = {"a/weight": np.zeros(shape)}
    values = np.arange(np.prod(shape), dtype=float)
    report = transplant(params, {"a/weight": values.reshape(source_shape)})
    np.testing.assert_array_equal(params["a/weight"].reshape(-1), values)
    assert len(report.reshaped) == 1


@pytest.mark.parametrize(
    "source_shape", [(3, 4, 2, 2), (16, 3), (3, 2, 2, 4), (4, 3, 2, 3), (4, 3)]
)
def test_transposed_and_other_counts_do_not_fit(source_shape):
    params = zeros(a__weight=(4, 3, 2, 2))
    with pytest.raises(WeightsError, match=r"a/weight has the shape \(4, 3, 2, 2\), but"):
        transplant(params, {"a/weight": np.ones(source_shape)})
    np.testing.assert_array_equal(params["a/weight"], 0)


def leftovers():
    params = zeros(conv__weight=(2,), score__weight=(5, 2), up__weight=(3,))
    source = {
        "conv/weight": np.ones(2),
        "score/weight": np.ones((7, 2)),
        "fc8/weight": np.ones(1),
    }
    return params, source


def test_leftovers_are_reported_if_not_strict():
    params, source = leftovers()
    report = transplant(params, source, strict=False)
    assert [match.address for match in report.loaded] == ["conv/weight"]
    assert report.missing == ("up/weight",)
    assert report.unexpected == ("fc8/weight",)
    assert report.misshapen == (Match("score/weight", "score/weight", (7, 2), (5, 2)),)
    np.testing.assert_array_equal(params["conv/weight"], 1)
    np.testing.assert_array_equal(params["score/weight"], 0)


@pytest.mark.parametrize(
    ("announced", "message"),
    [
        ({"may_be_missing": ["up*"], "may_be_unexpected": ["fc8/*"]}, r"score/weight .* \(7, 2\)"),
        ({"may_be_missing": ["score*"], "may_be_unexpected": ["fc8/*"]}, "source has no up/weight"),
        ({"may_be_missing": ["*"]}, "the net has nothing for fc8/weight"),
        ({"may_be_missing": ["Up*", "Score*", "fc8/*"]}, "up/weight.*fc8/weight.*score/weight"),
    ],
)
def test_what_was_not_announced_is_refused_before_anything_is_copied(announced, message):
    params, source = leftovers()
    with pytest.raises(WeightsError, match=message):
        transplant(params, source, **announced)
    assert not any(array.any() for array in params.values())


def test_what_was_announced_is_left_alone():
    params, source = leftovers()
    transplant(params, source, may_be_missing=("up*", "score*"), may_be_unexpected=("fc8/*",))
    assert [bool(array.any()) for array in params.values()] == [True, False, False]


def test_rename_reaches_the_second_stream():
    params = zeros(conv1_1color__weight=(2,))
    report = transplant(
        params,
        {"conv1_1/weight": np.ones(2)},
        rename=lambda address: address.replace("/", "color/"),
    )
    np.testing.assert_array_equal(params["conv1_1color/weight"], 1)
    assert report.loaded == (Match("conv1_1/weight", "conv1_1color/weight", (2,), (2,)),)


def test_two_sources_for_one_parameter_are_refused():
    source = {"a/weight": np.ones(2), "b/weight": np.ones(2)}
    with pytest.raises(WeightsError, match="a/weight and b/weight are both for c/weight"):
        transplant(zeros(c__weight=(2,)), source, rename=lambda _: "c/weight")


def test_report_is_a_table():
    params = zeros(conv__weight=(2,), fc6__weight=(4, 1, 2, 2), score__weight=(5,), up__weight=(3,))
    source = {
        "base/weight": np.ones(2),
        "fc6/weight": np.ones((4, 4)),
        "score/weight": np.ones(7),
        "fc8/weight": np.ones(1),
    }
    report = transplant(
        params, source, strict=False, rename=lambda address: address.replace("base", "conv")
    )
    assert str(report).splitlines() == [
        "1 loaded, 1 reshaped, 1 missing, 1 unexpected, 1 misshapen",
        "loaded      base/weight -> conv/weight  (2,)",
        "reshaped    fc6/weight  (4, 4) -> (4, 1, 2, 2)",
        "misshapen   score/weight  (7,) is not (5,)  (unchanged)",
        "missing     up/weight  (unchanged)",
        "unexpected  fc8/weight  (not used)",
    ]


def test_new_input_channels_start_as_the_mean_of_the_old_ones():
    weight = np.random.default_rng(0).standard_normal((4, 3, 5, 5))
    wide = widened(weight, 5)
    np.testing.assert_array_equal(wide[:, :3], weight)
    for channel in (3, 4):
        np.testing.assert_allclose(wide[:, channel], weight.sum(axis=1) / 3)
    with pytest.raises(WeightsError, match="cannot be widened to 2"):
        widened(weight, 2)


def test_streams_get_the_same_weights_under_names_of_their_own():
    params = {"conv1_1/weight": np.ones(2), "inception_3a/1x1/bias": np.zeros(3)}
    assert list(duplicated(params, ("color", "hha"))) == [
        "conv1_1color/weight",
        "inception_3a/1x1color/bias",
        "conv1_1hha/weight",
        "inception_3a/1x1hha/bias",
    ]
