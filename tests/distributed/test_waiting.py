"""Ranks wait for each other no longer than they are told to."""

from collections import deque
from types import SimpleNamespace

import pytest

from minifcn.distributed import waiting
from minifcn.distributed.communicator import DistributedError
from minifcn.distributed.waiting import DEFAULT_LIMIT, Meeting, time_limit


class World:
    """What rank 0 of three sees of the others, of which some answer."""

    rank, size = 0, 3

    def __init__(self, answering: set[int] = frozenset()) -> None:
        self.answering = answering
        self.sent = []
        self.inbox = deque()  # (source, tag, message)

    def Dup(self):
        return self

    def isend(self, message, dest, tag):
        self.sent.append((dest, tag, message))
        if tag == 1 and dest in self.answering:
            self.inbox.append((dest, 2, message[1]))

    def _first(self, source, tag):
        matching = [one for one in self.inbox if source in (None, one[0]) and tag == one[1]]
        return matching[0] if matching else None

    def Iprobe(self, source=None, tag=0):
        return self._first(source, tag) is not None

    def recv(self, source=None, tag=0):
        found = self._first(source, tag)
        self.inbox.remove(found)
        return found[2]


def request(fulfilled_after: int):
    asked = iter(range(fulfilled_after))
    return SimpleNamespace(Test=lambda: next(asked, None) is None)


@pytest.fixture(autouse=True)
def haste(monkeypatch):
    """Wait little for answers, and not long before looking for those who ask."""
    monkeypatch.setattr(waiting, "_ROLL_CALL", 0.02)
    monkeypatch.setattr(waiting, "_EAGER", 0.0)
    monkeypatch.setattr(waiting, "_PAUSE", 1e-6)


def test_what_is_fulfilled_is_waited_for():
    world = World()
    Meeting(world, 60).wait(request(30))
    assert not world.sent


def test_ranks_that_do_not_answer_are_named():
    world = World(answering={1})
    with pytest.raises(DistributedError, match=r"^rank 2 of 0\.\.2 does not answer.*the 0\.01 s"):
        Meeting(world, 0.01).wait(request(10**9))


def test_while_all_answer_it_is_waited_on():
    world = World(answering={1, 2})
    Meeting(world, 1e-6).wait(request(300))
    assert len(world.sent) > 2, "it has asked"


def test_an_answer_to_an_earlier_question_does_not_count():
    world = World()
    world.inbox.extend([(1, 2, 7), (2, 2, 0)])
    with pytest.raises(DistributedError, match="rank 1 and 2 of"):
        Meeting(world, 0.01).wait(request(10**9))


def test_a_rank_that_waits_answers_those_who_ask():
    world = World()
    world.inbox.append((2, 1, (2, 5)))
    Meeting(world, 60).wait(request(30))
    assert world.sent == [(2, 2, 5)]


def test_the_time_is_set_by_the_environment(monkeypatch):
    assert time_limit() == DEFAULT_LIMIT
    monkeypatch.setenv("MINIFCN_RANK_TIMEOUT", "2.5")
    assert time_limit() == 2.5


@pytest.mark.parametrize("said", ["", "soon", "0", "-1", "nan"])
def test_what_is_no_time_is_refused(monkeypatch, said):
    monkeypatch.setenv("MINIFCN_RANK_TIMEOUT", said)
    with pytest.raises(DistributedError, match="MINIFCN_RANK_TIMEOUT must be a number of seconds"):
        time_limit()
