"""The settings in which a training departs from the usual, for the plan and the card of a run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from minifcn.system.records import called, flag
from minifcn.training.options import Settings

# Those that make another experiment of a training and are not told of anyhow.
TOLD = (
    *("images", "patches", "scale", "jitter", "mirror", "mask", "class_weights"),
    *("freeze", "layer_rates", "sample_loss", "dropout", "bias_rate"),
    *("fc_kernel", "fuse", "skip_scale", "score_init", "learn_upsampling"),
)


def departures(settings: Mapping[str, Any]) -> list[str]:
    """Return what is not as usual in a run's settings, as options are typed.

    They are as its `config.json` has them; of older runs what they know of.
    """
    known = {one.name: one for one in fields(Settings)}
    told = []
    for name in TOLD:
        value = settings.get(name, known[name].default)
        if value == known[name].default:
            continue
        if isinstance(value, bool):
            told.append(called(known[name]) if value else flag(f"no_{name}"))
        elif isinstance(value, dict):
            told.append(f"{called(known[name])} as config.json has them")
        else:
            told.append(f"{called(known[name])} {shlex.quote(str(value))}")
    return told
