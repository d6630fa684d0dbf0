"""Ctrl-C: the first one is a wish, the second one is obeyed at once."""

import contextlib
import os
import signal
import threading

import pytest

from minifcn.distributed.communicator import ALONE, Communicator
from minifcn.training.stopping import graceful_stop

each_signal = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


def send(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@each_signal
def test_the_first_one_waits_for_the_end_of_the_block(number, capfd):
    reached = []
    with pytest.raises(KeyboardInterrupt), graceful_stop(ALONE) as stop:  # noqa: PT012
        assert not stop.wanted()
        send(number)
        assert stop.wanted() and stop.agreed
        reached.append(True)
    assert reached
    assert "as soon as this update is made and saved" in capfd.readouterr().err


@each_signal
def test_the_second_one_stops_at_once(number):
    reached = []
    with pytest.raises(KeyboardInterrupt), graceful_stop(ALONE):  # noqa: PT012
        send()
        reached.append(1)
        send(number)
        reached.append(2)
    assert reached == [1]


def test_one_is_enough_where_there_is_nothing_to_save():
    reached = []
    with pytest.raises(KeyboardInterrupt), graceful_stop(ALONE) as stop:  # noqa: PT012
        with stop.at_once():
            send()
            reached.append(1)
        reached.append(2)
    assert not reached


def test_a_wish_is_remembered_where_there_is_nothing_to_save():
    reached = []
    with pytest.raises(KeyboardInterrupt), graceful_stop(ALONE) as stop:  # noqa: PT012
        send()
        with stop.at_once():
            reached.append(1)
    assert not reached


def test_a_signal_that_python_drops_is_remembered():
    reached = []
    with pytest.raises(KeyboardInterrupt), graceful_stop(ALONE) as stop:  # noqa: PT012
        with stop.at_once(), contextlib.suppress(KeyboardInterrupt):
            send()
        reached.append(stop.wanted())
    assert reached == [True]


def test_without_a_signal_nothing_happens_and_handlers_are_as_before():
    before = signal.getsignal(signal.SIGINT)
    with graceful_stop(ALONE) as stop:
        assert signal.getsignal(signal.SIGINT) == stop.receive
    assert signal.getsignal(signal.SIGINT) == before


def test_a_rank_stops_with_the_others():
    class Agreeing(Communicator):
        def any(self, value):
            return True

    with pytest.raises(KeyboardInterrupt), graceful_stop(Agreeing()) as stop:
        assert stop.wanted()


def test_another_thread_than_the_main_one_gets_no_signals():
    ended = []

    def work():
        with graceful_stop(ALONE) as stop:
            ended.append(stop.wanted())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [False]
