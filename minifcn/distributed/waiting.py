"""Waiting for the other ranks, but not for ever for one that hangs.

A rank that was stopped or waits for a dead disk is alive to MPI, whose blocking calls would wait
for it without end. So no call blocks here: each is started, and then asked whether it is done. When
that has taken too long, the ranks that wait call the roll: each sends the others a message, and who
does not answer is who hangs.
"""

from __future__ import annotations

import os
import time
from typing import Any

from minifcn.distributed.communicator import DistributedError

LIMIT = "MINIFCN_RANK_TIMEOUT"  # environment variable, in seconds
# Ranks may differ by that much in a long evaluation, where they do not meet.
DEFAULT_LIMIT = 3600.0

_EAGER = 1e-3  # seconds in which requests are asked about as often as can be
_PAUSE = 1e-4  # seconds between two questions thereafter, in which another rank may compute
_ROLL_CALL = 2.0  # seconds in which a rank that waits has surely answered
_CALL, _ANSWER = 1, 2  # tags of messages


class Meeting:
    """What a rank waits by.

    Parameters
    ----------
    world : mpi4py.MPI.Comm
    limit : float
        Seconds that this rank waits for the others.
    """

    def __init__(self, world: Any, limit: float) -> None:
        self._world = world.Dup()  # whose messages are of the roll call alone
        self._limit = limit
        self._calls = 0
        self._sent: list[Any] = []  # a request that is forgotten takes its message with it

    def wait(self, request: Any) -> None:
        """Wait until a request is fulfilled, which all ranks have to make together.

        Raises
        ------
        DistributedError
            If it is not in the time that is set, and some ranks do not answer.
        """
        began = time.monotonic()
        while not request.Test():
            waited = time.monotonic() - began
            if waited > self._limit:
                self._call_the_roll(request)
                began = time.monotonic()
            elif waited > _EAGER:
                self._answer()
                time.sleep(_PAUSE)

    def _answer(self) -> None:
        """Answer the ranks that call the roll."""
        while self._world.Iprobe(tag=_CALL):
            caller, call = self._world.recv(tag=_CALL)
            self._sent.append(self._world.isend(call, dest=caller, tag=_ANSWER))

    def _call_the_roll(self, request: Any) -> None:
        """Raise DistributedError if some ranks do not answer, unless the request is fulfilled."""
        rank, size = self._world.rank, self._world.size
        self._calls += 1
        missing = set(range(size)) - {rank}
        for other in missing:
            self._sent.append(self._world.isend((rank, self._calls), dest=other, tag=_CALL))
        deadline = time.monotonic() + _ROLL_CALL
        while missing and time.monotonic() < deadline:
            self._answer()
            for other in sorted(missing):
                while self._world.Iprobe(source=other, tag=_ANSWER):
                    if self._world.recv(source=other, tag=_ANSWER) == self._calls:
                        missing.discard(other)
            if request.Test():
                return
            time.sleep(_PAUSE)
        if missing:
            who = " and ".join(map(str, sorted(missing)))
            raise DistributedError(
                f"rank {who} of 0..{size - 1} does not answer: it hangs, or needs longer than the "
                f"{self._limit:g} s that the others wait; {LIMIT} sets that time, in seconds"
            )


def time_limit() -> float:
    """Return how many seconds ranks wait for each other.

    Raises
    ------
    DistributedError
        If what the environment says is no positive number.
    """
    said = os.environ.get(LIMIT, str(DEFAULT_LIMIT))
    try:
        limit = float(said)
    except ValueError:
        limit = 0.0
    if not limit > 0:
        raise DistributedError(f"{LIMIT} must be a number of seconds above 0, not {said!r}")
    return limit
