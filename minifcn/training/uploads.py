"""The next batch on its way to a GPU while the step before it computes.

A batch is copied into pinned memory of the host, from where a stream that only copies carries it
over; pageable memory could not be carried by the device alone. Nobody on the host waits. The order
is kept by events:

- Memory on the device is taken from the pool of the stream that computes. What was there before
  may still be in use by work that this stream has been given, so the copy waits for that work.
- The stream that computes waits for the copy before it goes on to the step that reads it.
- Pinned memory goes back to its pool, to be used for a later batch, when its copy has been made.

The copy of a batch is started before the step of the batch before it is: so it waits for the steps
up to the last but one, and runs beside the last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minifcn.data.loader import Batch


class _Upload(NamedTuple):
    """A batch on its way."""

    batch: Batch  # its inputs are the device's arrays
    pinned: list[np.ndarray]  # what they are copied from
    copied: Any  # the event after the last copy


def uploaded(batches: Generator[Batch, None, None], xp: ModuleType) -> Generator[Batch, None, None]:
    """Yield the batches with their inputs on the device, each sent one batch ahead.

    Parameters
    ----------
    batches : generator of Batch
        Is closed with this one.
    xp : module
        The device's array module; with NumPy the batches are passed on as they are.
    """
    if xp is np:
        yield from batches
        return
    copies = xp.cuda.Stream(non_blocking=True)
    in_use: deque[tuple[Any, list[np.ndarray]]] = deque()
    upload: _Upload | None = None
    try:
        for batch in batches:
            while in_use and in_use[0][0].done:
                in_use.popleft()
            following = _start(batch, copies, xp)
            in_use.append((following.copied, following.pinned))
            if upload is not None:
                xp.cuda.get_current_stream().wait_event(upload.copied)
                yield upload.batch
            upload = following
        if upload is not None:
            xp.cuda.get_current_stream().wait_event(upload.copied)
            yield upload.batch
    finally:
        batches.close()
        copies.synchronize()  # what was sent ahead for nothing is still being written


def _start(batch: Batch, copies: Any, xp: ModuleType) -> _Upload:
    """Put the copies of a batch in the queue of the stream for copies."""
    inputs, pinned = {}, []
    for name, array in batch.inputs.items():
        memory = xp.cuda.alloc_pinned_memory(array.nbytes)
        source = np.ndarray(array.shape, array.dtype, buffer=memory)
        source[...] = array
        pinned.append(source)
        inputs[name] = xp.empty(array.shape, array.dtype)
    copies.wait_event(xp.cuda.get_current_stream().record())
    for target, source in zip(inputs.values(), pinned, strict=True):
        target.set(source, stream=copies)
    return _Upload(batch._replace(inputs=inputs), pinned, copies.record())
