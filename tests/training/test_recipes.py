"""The paper's recipes, and the rates that cannot work."""

import pytest

from minifcn.data.dataset import Defaults
from minifcn.training.recipes import PAPER_PIXELS, RECIPES, check_rate, default_rate, pixel_rate


def test_the_recipes_are_the_papers():
    accumulate, heavy = RECIPES["accumulate"], RECIPES["heavy"]
    assert (accumulate.images, accumulate.momentum, accumulate.normalization) == (20, 0.9, "valid")
    assert (heavy.images, heavy.momentum, heavy.normalization) == (1, 0.99, "batch")
    assert accumulate.weight_decay == heavy.weight_decay == 5e-4
    assert [heavy.rates[arch] for arch in ("fcn32s", "fcn16s", "fcn8s")] == [1e-10, 1e-12, 1e-14]
    assert accumulate.rates["fcn32s"] == 1e-4
    # They weigh an example alike: 0.9 ** (1 / 20) is about 0.99 (PAMI 2017, section 4.3).
    assert accumulate.momentum ** (1 / 20) == pytest.approx(heavy.momentum, abs=0.006)


def rate_of(
    recipe, arch="fcn8s", backbone="vgg16", width=1.0, normalization=None, pixels=PAPER_PIXELS
):
    data = Defaults(pixels=pixels, images=1, small_rate=0.02)
    return default_rate(recipe, arch, backbone, width, normalization or recipe.normalization, data)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_the_rates_are_the_papers_for_images_of_its_size(recipe):
    assert {arch: rate_of(recipe, arch) for arch in recipe.rates} == recipe.rates


@pytest.mark.parametrize("width", [1.0, 0.125])
def test_a_rate_does_not_depend_on_how_the_loss_is_normalised_or_how_large_images_are(width):
    heavy = RECIPES["heavy"]
    expected = rate_of(heavy, width=width, normalization="valid")
    for normalization in ("valid", "batch", "none"):
        for pixels in (128 * 128, PAPER_PIXELS):
            rate = rate_of(heavy, width=width, normalization=normalization, pixels=pixels)
            assert pixel_rate(rate, normalization, pixels) == pytest.approx(expected)


def test_a_small_nets_rate_falls_as_momentum_makes_a_gradient_act_longer():
    accumulate, heavy = (
        rate_of(RECIPES[name], width=0.125, normalization="valid")
        for name in ("accumulate", "heavy")
    )
    assert accumulate == pytest.approx(0.02)
    assert heavy == pytest.approx(0.002)  # 0.99 in place of 0.9: ten times as long


@pytest.mark.parametrize(
    ("rate", "normalization", "words"),
    [
        (1e-10, "valid", "nothing would be learned; rates like 1e-10 belong to the summed loss"),
        (1e-4, "batch", "it would diverge; rates like 1e-4 belong to the mean loss"),
        (1e-4, "none", "a sum over 187,500 pixels: it would diverge"),
        (2.0, "valid", "it would diverge"),
    ],
)
def test_a_rate_that_cannot_work_is_refused_with_advice(rate, normalization, words):
    with pytest.raises(ValueError, match=words):
        check_rate(rate, normalization, PAPER_PIXELS)


@pytest.mark.parametrize(
    ("backbone", "rate"), [("alexnet", 1e-3), ("vgg16", 1e-4), ("googlenet", 5e-5)]
)
def test_the_paper_found_another_rate_for_each_net(backbone, rate):
    assert rate_of(RECIPES["accumulate"], "fcn32s", backbone) == pytest.approx(rate)
