"""Stopping a training by Ctrl-C without losing its last updates.

The first Ctrl-C, or SIGTERM, is a wish: the running update ends and is saved. The second one stops
at once.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minifcn.distributed.communicator import Communicator

_SAID = b"\nstopping as soon as this update is made and saved; once more stops at once\n"


class Stop:
    """Whether the training is to stop.

    Attributes
    ----------
    agreed : bool
        What `wanted` returned last.
    """

    def __init__(self, communicator: Communicator) -> None:
        self.agreed = False
        self._communicator = communicator
        self._asked = False
        self._patient = True

    def wanted(self) -> bool:
        """Return whether any rank was asked to stop; all ranks have to call this together."""
        self.agreed = self._communicator.any(self._asked)
        return self.agreed

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Stop at the first signal while the block runs: there is nothing to be saved."""
        self._patient = False
        if self._asked:
            raise KeyboardInterrupt
        try:
            yield
        finally:
            self._patient = True

    def receive(self, *_: Any) -> None:
        """Take a signal: remember it, or stop at once."""
        is_first = not self._asked
        self._asked = True  # first, for Python drops what is raised while it calls back
        if not (is_first and self._patient):
            raise KeyboardInterrupt
        if self._communicator.leads:
            os.write(2, _SAID)  # a print that the signal has interrupted could not be entered again


@contextmanager
def graceful_stop(communicator: Communicator) -> Iterator[Stop]:
    """Take signals as a wish to stop while the block runs.

    Only the main thread of a process gets signals; in any other, nobody ever wants to stop.

    Raises
    ------
    KeyboardInterrupt
        At the end of the block, if there was a signal; at once, at the second one.
    """
    stop = Stop(communicator)
    before = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            before[number] = signal.signal(number, stop.receive)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stop.wanted():
        raise KeyboardInterrupt
