"""Single layers that do not learn, or at another rate than the net (section 4.3 and Table 2).

To train the last layer alone comes to 70 percent of what training the whole net comes to; the
paper calls that FCN-32s-fixed: here `--arch fcn32s --freeze '*,!score*'`. A frozen parameter has no
gradient, no decay and no momentum, and where nothing below it learns the backward pass ends. Score
layers that are frozen stay at the zeros they begin with, so what they read has no part.

Layers that begin at random beside trained ones have farther to go, and may need other steps: with
`--layer-rates 'conv*=0.1'` the convolutions of a classifier take a tenth.
"""

from __future__ import annotations

from collections.abc import Callable

from minifcn.net import Net
from minifcn.system.records import SettingsError
from minifcn.training.values import factors_of, patterns_of


def freeze(net: Net, patterns: str, note: Callable[[str], None]) -> None:
    """Freeze the layers that `--freeze` names; say how many parameters that are.

    Raises
    ------
    SettingsError
        If a pattern matches no layer, nothing is frozen, or nothing is left to learn.
    """
    before = net.count_trained()
    try:
        net.freeze(*patterns_of(patterns))
    except ValueError as error:
        raise SettingsError(f"--{error}") from error
    trained = net.count_trained()
    if trained == before:
        raise SettingsError(
            f"--freeze {patterns} freezes nothing that would learn: begin with the layers to "
            "freeze, as in '*,!score*'"
        )
    if not trained:
        raise SettingsError(
            f"--freeze {patterns} leaves nothing to learn: take layers out again, as in '*,!score*'"
        )
    note(f"frozen: {before - trained:,} parameters ({patterns}); {trained:,} learn")


def set_layer_rates(net: Net, layer_rates: str) -> None:
    """Multiply the rates of the layers that `--layer-rates` names; what is frozen stays so.

    Raises
    ------
    SettingsError
        If a pattern matches no layer, or only frozen ones.
    """
    try:
        net.multiply_rates(factors_of(layer_rates))
    except ValueError as error:
        raise SettingsError(str(error).replace("multiply_rates", "--layer-rates", 1)) from error
