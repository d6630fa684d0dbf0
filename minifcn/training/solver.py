"""The training loop: batches in, updates out.

One step is one update of the weights from `accumulate` batches. Everything random about a batch of
a step is drawn from (seed, step, its place in the step) and batch k is a function of (seed, k), so
the whole state of a training is the step number, the weights and the momentum: a run that is
resumed repeats bit for bit what it would have done (on a CPU with the same number of threads).

Several processes divide the batches of a step among them and average their gradients. The numbers
of the batches are those of a single process, and so are the updates, but for rounding.

A GPU is given its work ahead, and nothing in a step waits for it: the losses stay on the device
until a report is due.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import Array, array_module, to_host
from minifcn.data.loader import Batch, Loader
from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.layers import SoftmaxLoss
from minifcn.net import Net
from minifcn.net.heads import Head, net_heads
from minifcn.system.mishaps import Mishap
from minifcn.training.optim import SGD, GradientAccumulator
from minifcn.training.uploads import uploaded

# Updates between two reports on a GPU, which has to be waited for to tell the loss. NumPy has
# finished anyway.
REPORTED_ON_GPU = 20


class TrainingError(Mishap, RuntimeError):
    """Training cannot go on; the message says why and what to change."""


class Diverged(TrainingError):
    """The loss is not a finite number any more; `step` is the update that it would have made."""

    def __init__(self, message: str, step: int = 0) -> None:
        super().__init__(message)
        self.step = step


class Step(NamedTuple):
    """What is reported of one update, or of several since the last report.

    Attributes
    ----------
    number : int
        Updates made so far, the last of these included.
    loss : float
        The loss as the net defines it, the mean over the accumulated batches and the updates; each
        before its update. Of several heads, the sum.
    pixel_loss : float
        The loss for each labelled pixel, in nats: log(C) for a net that knows nothing. Of several
        heads, the sum.
    rate : float
        Learning rate of the last of the updates.
    images : int
        Of all of them together, as are the times.
    seconds : float
        Time of the steps.
    waited : float
        Part of it spent waiting for data.
    steps : int
        How many updates this tells of.
    """

    number: int
    loss: float
    pixel_loss: float
    rate: float
    images: int
    seconds: float
    waited: float
    steps: int


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
    reports: Callable[[int], bool] = lambda number: True,
    progress: Callable[[int], None] = lambda images: None,
) -> Iterator[Step]:
    """Make the updates `start` ... `steps` - 1, yielding reports.

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
    reports : callable
        Number of updates made -> whether to report now; after the last it is done in any case. A
        GPU is waited for then, and only then.
    progress : callable
        Told the number of images of each batch of this rank that is through; a GPU may not have
        come to it yet.

    Raises
    ------
    Diverged
        If the loss is not a finite number. On a CPU the weights are then as after the last good
        update; on a GPU it shows at the next report, when the weights are spoiled.
    TrainingError
        If there are more ranks than batches in a step.
    """
    heads = net_heads(net)
    places = range(accumulate)[communicator.rank :: communicator.size]
    if communicator.size > accumulate:
        raise TrainingError(
            f"{communicator.size} processes cannot divide the {accumulate} batches of a step; "
            f"start at most {accumulate}"
        )
    batches = uploaded(
        loader.batches(start * accumulate, lambda number: number % accumulate in places), xp
    )
    began, waited, reported = time.perf_counter(), loader.waited, start
    losses = _Losses(xp)
    try:
        for number in range(start, steps):
            rate = policy(number)
            accumulator = GradientAccumulator(len(places)) if len(places) > 1 else None
            for place in places:
                batch = next(batches)
                outputs, tape = net.forward(
                    batch.inputs,
                    outputs=[head.loss for head in heads],
                    train=True,
                    rng=random_numbers(xp, seed, number, place),
                    recompute=recompute,
                )
                assert tape is not None  # because of train=True
                losses.add(number + 1, rate, batch, heads, outputs)
                gradients = net.backward(tape)
                if accumulator is not None:
                    gradients = accumulator.through(gradients)
                weight = len(places) / accumulate
                for address, gradient in communicator.mean(gradients, weight):
                    optimiser.update(address, gradient, rate)
                progress(len(batch.ids))
            if number + 1 < steps and not reports(number + 1):
                continue
            totals, updates = losses.totals(), number + 1 - reported
            communicator.sum(totals)
            yield Step(
                number + 1,
                float(totals[0] / (accumulate * updates)),
                float(totals[1] / (accumulate * updates)),
                rate,
                int(totals[2]),
                time.perf_counter() - began,
                loader.waited - waited,
                updates,
            )
            began, waited, reported = time.perf_counter(), loader.waited, number + 1
            losses = _Losses(xp)
    finally:
        batches.close()


def report_interval(chosen: int, xp: ModuleType) -> int:
    """Return the updates between two reports: as chosen, or if that is 0, what suits the device."""
    return chosen or (1 if xp is np else REPORTED_ON_GPU)


def random_numbers(xp: ModuleType, seed: int, step: int, place: int) -> Any:
    """Return the generator for the batch at a place in a step, whichever process computes it."""
    words = [seed, step, place]
    if xp is np:
        return np.random.default_rng(words)
    return xp.random.default_rng(int(np.random.SeedSequence(words).generate_state(1)[0]))


class _Losses:
    """The losses of the batches since the last report; they stay on the device."""

    def __init__(self, xp: ModuleType) -> None:
        self._xp = xp
        self._batches: list[tuple[int, float, list[str]]] = []  # step, its rate, the images
        self._losses: list[Array] = []
        self._pixel_losses: list[Array] = []

    def add(
        self, step: int, rate: float, batch: Batch, heads: Sequence[Head], outputs: dict[str, Array]
    ) -> None:
        """Add a batch; on the host, refuse a loss that is not finite (see `totals`)."""
        parts = [outputs[head.loss].astype(self._xp.float64) for head in heads]
        factors = [_loss_per_pixel(head.layer, batch.inputs[head.label]) for head in heads]
        self._batches.append((step, rate, batch.ids))
        self._losses.append(sum(parts))
        self._pixel_losses.append(sum(p * f for p, f in zip(parts, factors, strict=True)))
        if self._xp is np:
            self._check(-1, self._losses[-1])

    def totals(self) -> np.ndarray:
        """Return the sums of the losses and of the losses for each pixel, and count the images.

        Raises
        ------
        Diverged
            If a loss is not a finite number.
        """
        both = to_host(self._xp.stack(self._losses + self._pixel_losses)).reshape(2, -1)
        for place, loss in enumerate(both[0]):
            self._check(place, loss)
        images = sum(len(ids) for _, _, ids in self._batches)
        return np.array([both[0].sum(), both[1].sum(), images])

    def _check(self, place: int, loss: float) -> None:
        if not np.isfinite(loss):
            step, rate, ids = self._batches[place]
            raise Diverged(
                f"the loss of step {step} is {loss} (images {', '.join(ids)}): the learning rate "
                f"of {rate:g} is probably too high for this loss; the last checkpoint is whole, so "
                "lower --lr and resume from it",
                step,
            )


def _loss_per_pixel(layer: SoftmaxLoss, label: Array) -> Array | float:
    """Return the factor from a loss to the mean over labelled pixels, on the label's device.

    A sampled loss counts as many of them as are expected to be drawn.
    """
    if layer.normalization == "valid":
        return 1.0
    pixels = array_module(label).maximum((label != layer.ignore_index).sum(), 1)
    return (len(label) if layer.normalization == "batch" else 1) / (layer.sample * pixels)
