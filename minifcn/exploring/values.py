"""All values of a net for an image, and all gradients: a forward and a backward pass, kept whole.

The executor of `net.py` drops what nobody needs any more. Here everything is wanted, so the layers
are run one after the other in plain sight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from minifcn.exploring.stages import Stage
from minifcn.inference.model import Model
from minifcn.layers import Dropout
from minifcn.net import Net

Arrays = dict[str, np.ndarray]  # of each stage (C, H, W)


def net_data(model: Model, image: np.ndarray) -> Arrays:
    """Return the net's input (1, C, H, W) for an image, uint8 (H, W, 3), RGB."""
    return {"data": model.preprocess(image)[None]}


def stage_values(net: Net, stages: Mapping[str, Stage], inputs: Arrays) -> Arrays:
    """Return the values (C, H, W) of each stage, float32, by the executor's own paths."""
    blobs = [stage.blob for stage in stages.values() if stage.nodes]
    found, _ = net.forward(inputs, outputs=blobs)
    return {name: (inputs | found)[stage.blob][0] for name, stage in stages.items()}


class Trace(NamedTuple):
    """A forward pass with what the backward pass needs of each layer."""

    values: Arrays
    caches: dict[str, Any]


def traced(stages: Mapping[str, Stage], inputs: Arrays) -> Trace:
    """Run the layers of all stages one by one; dropout is idle."""
    values, caches = dict(inputs), {}
    for stage in stages.values():
        for node in stage.nodes:
            bottoms = [values[bottom] for bottom in node.bottoms]
            if isinstance(node.layer, Dropout):
                values[node.name] = bottoms[0]
            else:
                values[node.name], caches[node.name] = node.layer.forward(*bottoms)
    return Trace(values, caches)


def gradients(stages: dict[str, Stage], trace: Trace, blob: str, seed: np.ndarray) -> Arrays:
    """Return the gradient (C, H, W) of every stage's values, for one image.

    It is known at `blob`, where it is `seed` (1, C, H, W).
    """
    found = {blob: seed}
    for stage in reversed(stages.values()):
        for node in reversed(stage.nodes):
            if node.name not in found:
                continue
            if isinstance(node.layer, Dropout):
                parts: Any = found[node.name]
            else:
                frozen = {"need_grads": False} if node.layer.params else {}
                parts, _ = node.layer.backward(found[node.name], trace.caches[node.name], **frozen)
            for bottom, part in zip(
                node.bottoms, parts if isinstance(parts, tuple) else (parts,), strict=True
            ):
                if part is not None:
                    found[bottom] = found[bottom] + part if bottom in found else part
    return {name: found[stage.blob][0] for name, stage in stages.items() if stage.blob in found}
