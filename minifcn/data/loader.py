"""Batches, in an order that a seed decides, read ahead by threads.

Batch k is a pure function of (seed, k): the order of an epoch is drawn from the seed and the
epoch's number, the augmentation of a sample from the seed, k and its place in the batch. Nothing
is carried from batch to batch, so whoever resumes a run needs one integer, and the number of
threads changes nothing.

Threads suffice: Pillow's decoders and most of NumPy let go of the interpreter while they work.
"""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from minifcn.backend import IGNORE
from minifcn.data.dataset import DataError
from minifcn.data.inputs import net_inputs
from minifcn.data.transforms import Preprocess, crop, mirror, resize, stack, translate

_ORDER, _AUGMENT = 0, 1  # keeps the two kinds of random numbers apart


class Batch(NamedTuple):
    """Samples ready for a net."""

    ids: list[str]  # name of each sample
    # By the names of a net's inputs: "data" (N, C, H, W), float32, and "label" (N, H, W), int32,
    # 255 = ignore, or (N,) from a dataset whose labels are one class an image. Late fusion brings
    # "hha", further heads bring "label_NAME".
    inputs: dict[str, np.ndarray]

    @property
    def data(self) -> np.ndarray:
        """The images."""
        return self.inputs["data"]

    @property
    def label(self) -> np.ndarray:
        """The labels of the main head."""
        return self.inputs["label"]


class Loader:
    """Endless batches of a dataset.

    Parameters
    ----------
    dataset : Dataset
        Or any sequence of (id, image, label) samples; a label may be one class index.
    preprocess : Preprocess
    modality : str
        What the net sees, see `inputs.net_inputs`.
    batch_size : int
        The last batch of an epoch has what is left.
    seed : int
        At least 0.
    shuffle : bool
        Draw a new order for each epoch; otherwise the dataset's order is kept.
    mirror : bool
        Exchange left and right in every second sample or so.
    jitter : int
        Move each sample by up to so many pixels, up or down and left or right.
    scale : pair of float
        Resize each sample by a random factor between these two, all of whose doublings are equally
        likely.
    patches : int, optional
        In the end, cut a square of so many pixels a side out of each sample, anywhere; what a
        smaller one lacks is filled with the mean colour, and with labels that do not count. So
        nets for segmentation were trained before the paper (section 3.4).
    workers : int
        Threads that read ahead; 0 reads when asked.

    Attributes
    ----------
    waited : float
        Seconds that the consumer has waited for batches so far.
    """

    def __init__(
        self,
        dataset: Any,
        preprocess: Preprocess,
        *,
        batch_size: int,
        seed: int,
        shuffle: bool = True,
        mirror: bool = False,
        jitter: int = 0,
        scale: tuple[float, float] = (1.0, 1.0),
        patches: int | None = None,
        workers: int = 2,
        modality: str = "rgb",
    ) -> None:
        for name, value, least in (
            ("batch_size", batch_size, 1),
            ("seed", seed, 0),
            ("jitter", jitter, 0),
            ("workers", workers, 0),
            ("patches", 1 if patches is None else patches, 1),
        ):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, not {value}")
        if not 0 < scale[0] <= scale[1]:
            raise ValueError(f"scale must be two factors above 0, the lower one first, not {scale}")
        if len(dataset) == 0:
            raise DataError("the dataset has no samples")
        self.dataset = dataset
        self.preprocess = preprocess
        self.modality = modality
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.mirror = mirror
        self.jitter = jitter
        self.scale = scale
        self.patches = patches
        self.workers = workers
        self.waited = 0.0
        self._order = lru_cache(maxsize=2)(self._draw_order)

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.dataset) // self.batch_size)

    def batches(
        self, start: int = 0, wanted: Callable[[int], bool] = lambda number: True
    ) -> Generator[Batch, None, None]:
        """Yield batch `start`, `start + 1`, ... without end, of those whose number is wanted.

        An error while reading is raised here, when the batch it belongs to is due. Closing the
        iterator (or dropping it) ends its threads.
        """
        if start < 0:
            raise ValueError(f"start must be at least 0, not {start}")
        numbers = filter(wanted, itertools.count(start))
        if self.workers == 0:
            return self._timed(map(self.batch, numbers))
        return self._timed(_read_ahead(self.batch, numbers, self.workers))

    def batch(self, number: int) -> Batch:
        """Return batch `number`."""
        epoch, place = divmod(number, len(self))
        first = place * self.batch_size
        indices = self._order(epoch)[first : first + self.batch_size]
        ids, samples = [], []
        for position, index in enumerate(indices):
            sample = self.dataset[int(index)]
            inputs = net_inputs(sample.image, sample.extras, self.preprocess, self.modality)
            maps = {"label": sample.label}
            maps |= {f"label_{head}": label for head, label in sample.extra_labels.items()}
            seed = (self.seed, _AUGMENT, number, position)
            ids.append(sample.id)
            samples.append(self._augmented({**inputs, **maps}, seed))
        return Batch(ids, {name: stack([s[name] for s in samples]) for name in samples[0]})

    def _draw_order(self, epoch: int) -> np.ndarray:
        if not self.shuffle:
            return np.arange(len(self.dataset))
        return np.random.default_rng((self.seed, _ORDER, epoch)).permutation(len(self.dataset))

    def _augmented(self, inputs: dict[str, Any], seed: tuple[int, ...]) -> dict[str, Any]:
        """Return images (C, H, W) and label maps (H, W) all changed alike, at random."""
        resized = self.scale != (1.0, 1.0)
        if not (self.mirror or self.jitter or resized or self.patches):
            return inputs
        rng = np.random.default_rng(seed)
        flip = rng.random() < 0.5 and self.mirror
        down, right = rng.integers(-self.jitter, self.jitter + 1, 2)
        factor = float(np.exp2(rng.uniform(*np.log2(self.scale)))) if resized else 1.0
        corner = rng.random(2).tolist() if self.patches else []

        def apply(array: np.ndarray | int) -> np.ndarray | int:
            if not isinstance(array, np.ndarray):  # one class for the image
                return array
            array = resize(array, factor) if resized else array
            array = mirror(array) if flip else array
            fill = IGNORE if array.ndim == 2 else 0
            array = translate(array, down, right, fill) if down or right else array
            return crop(array, corner, self.patches, fill) if self.patches else array

        return {name: apply(array) for name, array in inputs.items()}

    def _timed(self, batches: Iterator[Batch]) -> Generator[Batch, None, None]:
        """Pass batches on, adding the time each took to come to `waited`."""
        try:
            while True:
                began = time.perf_counter()
                batch = next(batches)
                self.waited += time.perf_counter() - began
                yield batch
        finally:
            if hasattr(batches, "close"):
                batches.close()


def _read_ahead(
    function: Callable[[int], Batch], numbers: Iterator[int], workers: int
) -> Iterator[Batch]:
    """Yield `function(number)` in order, computed by threads that stay `workers + 1` ahead."""
    pool = ThreadPoolExecutor(workers, thread_name_prefix="minifcn-loader")
    try:
        pending = deque(
            pool.submit(function, number) for number in itertools.islice(numbers, workers + 1)
        )
        while True:
            batch = pending.popleft().result()
            pending.append(pool.submit(function, next(numbers)))
            yield batch
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
