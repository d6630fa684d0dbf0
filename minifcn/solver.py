"""The training loop: batches in, updates out.

One step is one update of the weights from `accumulate` batches. Everything random about a batch of
a step is drawn from (seed, step, its place in the step) and batch k is a function of (seed, k), so
the whole state of a training is the step number, the weights and the momentum: a run that is
resumed repeats bit for bit what it would have done (on a CPU with the same number of threads).

Several processes divide the batches of a step among them and average their gradients. The numbers
of the batches are those of a single process, and so are the updates, but for rounding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import to_device
from minifcn.data.loader import Loader
from minifcn.distributed import ALONE, Communicator
from minifcn.heads import net_heads
from minifcn.layers import SoftmaxLoss
from minifcn.net import Net
from minifcn.optim import SGD, GradientAccumulator


class TrainingError(RuntimeError):
    """Training cannot go on; the message says why and what to change."""


class Step(NamedTuple):
    """What one update reports.

    Attributes
    ----------
    number : int
        Updates made so far, this one included.
    loss : float
        The loss as the net defines it, the mean over the accumulated batches; before the update.
        Of several heads, the sum.
    pixel_loss : float
        The loss for each labelled pixel, in nats: log(C) for a net that knows nothing. Of several
        heads, the sum.
    rate : float
        Learning rate of this update.
    images : int
    seconds : float
        Time of the step.
    waited : float
        Part of it spent waiting for data.
    """

    number: int
    loss: float
    pixel_loss: float
    rate: float
    images: int
    seconds: float
    waited: float


def train(
    net: Net,
    loader: Loader,
    optimiser: SGD,
    policy: Callable[[int], float],
    *,
    steps: int,
    start: int = 0,
    accumulate: int = 1,
    seed: int = 0,
    xp: ModuleType = np,
    recompute: bool = False,
    communicator: Communicator = ALONE,
) -> Iterator[Step]:
    """Make the updates `start` ... `steps` - 1, yielding a report after each.

    Parameters
    ----------
    net : Net
        With at least one loss, on the device of `xp`; several are added up.
    loader : Loader
    optimiser : SGD
        Of the net's parameters.
    policy : callable
        Step number -> learning rate.
    steps, start : int
        The number of the last update plus one, and of the first.
    accumulate : int
        Batches whose gradients are averaged for one update (Caffe's iter_size), over all ranks.
    seed : int
        For dropout.
    xp : module
        The device's array module.
    recompute : bool
        See `Net.forward`.
    communicator : Communicator
        Of the ranks that train together; all have the same weights and the same arguments.

    Raises
    ------
    TrainingError
        If the loss is not a finite number. The weights are then as after the last good update.
        If there are more ranks than batches in a step.
    """
    heads = net_heads(net)
    places = range(accumulate)[communicator.rank :: communicator.size]
    if communicator.size > accumulate:
        raise TrainingError(
            f"{communicator.size} processes cannot divide the {accumulate} batches of a step; "
            f"start at most {accumulate}"
        )
    batches = loader.batches(start * accumulate, lambda number: number % accumulate in places)
    try:
        for number in range(start, steps):
            began, waited = time.perf_counter(), loader.waited
            rate = policy(number)
            accumulator = GradientAccumulator(len(places)) if len(places) > 1 else None
            losses, pixel_losses, images = [], [], 0
            for place in places:
                batch = next(batches)
                rng = random_numbers(xp, seed, number, place)
                inputs = {name: to_device(array, xp) for name, array in batch.inputs.items()}
                outputs, tape = net.forward(
                    inputs,
                    outputs=[head.loss for head in heads],
                    train=True,
                    rng=rng,
                    recompute=recompute,
                )
                assert tape is not None  # because of train=True
                parts = [float(outputs[head.loss]) for head in heads]
                loss = sum(parts)
                if not np.isfinite(loss):
                    raise TrainingError(
                        f"the loss of step {number + 1} is {loss} (images {', '.join(batch.ids)}): "
                        f"the learning rate of {rate:g} is probably too high for this loss; the "
                        "last checkpoint is whole, so lower --lr and resume from it"
                    )
                losses.append(loss)
                pixel_losses.append(
                    sum(
                        part * _loss_per_pixel(head.layer, batch.inputs[head.label])
                        for head, part in zip(heads, parts, strict=True)
                    )
                )
                images += len(batch.ids)
                gradients = net.backward(tape)
                if accumulator is not None:
                    gradients = accumulator.through(gradients)
                weight = len(places) / accumulate
                for address, gradient in communicator.mean(gradients, weight):
                    optimiser.update(address, gradient, rate)
            totals = np.array([np.sum(losses), np.sum(pixel_losses), images])
            communicator.sum(totals)
            yield Step(
                number + 1,
                float(totals[0] / accumulate),
                float(totals[1] / accumulate),
                rate,
                int(totals[2]),
                time.perf_counter() - began,
                loader.waited - waited,
            )
    finally:
        batches.close()


def random_numbers(xp: ModuleType, seed: int, step: int, place: int) -> Any:
    """Return the generator for the batch at a place in a step, whichever process computes it."""
    words = [seed, step, place]
    if xp is np:
        return np.random.default_rng(words)
    return xp.random.default_rng(int(np.random.SeedSequence(words).generate_state(1)[0]))


def _loss_per_pixel(layer: SoftmaxLoss, label: np.ndarray) -> float:
    """Return the factor from a loss to the mean over labelled pixels."""
    if layer.normalization == "valid":
        return 1.0
    pixels = max(1, int((label != layer.ignore_index).sum()))
    return (len(label) if layer.normalization == "batch" else 1) / pixels
