"""Layers that do not learn, such as all but the score layers (section 4.3 and Table 2).

To train the last layer alone comes to 70 percent of what training the whole net comes to; the
paper calls that FCN-32s-fixed: here `--arch fcn32s --freeze '*,!score*'`. A frozen parameter has no
gradient, no decay and no momentum, and where nothing below it learns the backward pass ends. Score
layers that are frozen stay at the zeros they begin with, so what they read has no part.
"""

from __future__ import annotations

from collections.abc import Callable

from minifcn.net import Net
from minifcn.system.records import SettingsError
from minifcn.training.values import patterns_of


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
