"""Several ranks without MPI: what a process alone does, how work is divided, what is refused."""

import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from minifcn import evaluate, train
from minifcn.distributed import guard
from minifcn.distributed.communicator import ALONE, Communicator, DistributedError
from minifcn.distributed.connect import connect, launched
from minifcn.distributed.guard import guarded
from minifcn.distributed.mpi import MPICommunicator, threads_of_each
from minifcn.training.prepare import make_model, make_optimiser, make_updates, open_splits
from minifcn.training.settings import resolve
from minifcn.training.solver import TrainingError, random_numbers


class Ranks:
    """What the communicators of ranks that are threads of this process share."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.barrier = threading.Barrier(size, timeout=60)
        self.slots: list[np.ndarray] = [np.empty(0)] * size

    def run(self, work: Callable[[Communicator], None]) -> None:
        """Do the work once as each rank; raise what any of them raises."""
        errors = []

        def one(rank: int) -> None:
            try:
                work(ThreadCommunicator(self, rank))
            except Exception as error:
                errors.append(error)
                self.barrier.abort()

        threads = [threading.Thread(target=one, args=(rank,)) for rank in range(self.size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]


class ThreadCommunicator(Communicator):
    def __init__(self, ranks: Ranks, rank: int) -> None:
        self.ranks, self.rank, self.size = ranks, rank, ranks.size

    def sum(self, array):
        self.ranks.slots[self.rank] = array.copy()
        self.ranks.barrier.wait()
        total = np.sum(self.ranks.slots, axis=0)
        self.ranks.barrier.wait()  # nobody puts his next array there before all have read
        array[...] = total

    def mean(self, gradients, weight):
        for address, gradient in gradients:
            weighted = gradient * np.float32(weight)
            self.sum(weighted)
            yield address, weighted


def weights_after(
    accumulate: int, communicator: Communicator = ALONE, **given: Any
) -> dict[str, np.ndarray]:
    """Train for two steps on shapes, with dropout and mirroring; return the weights."""
    settings = resolve(
        "shapes",
        weights="none",
        width=1 / 64,
        data_options={"size": (32, 32), "length": 7},
        batch_size=1,
        accumulate=accumulate,
        steps=2,
        rate=0.1,
        policy="fixed",
        weight_decay=0,
        seed=3,
        **given,
    )
    dataset, _ = open_splits(settings)
    model = make_model(settings, dataset)
    net = model.net
    for name in ("score_fr", "score_pool4", "score_pool3"):  # they start as zero
        weight = net.params[f"{name}/weight"]
        weight[...] = np.random.default_rng(1).normal(0, 0.1, weight.shape)
    optimiser = make_optimiser(net, settings)
    steps = make_updates(model, dataset, settings, optimiser, xp=np, communicator=communicator)
    assert [step.images for step in steps] == [accumulate] * 2
    return net.params


@pytest.mark.parametrize(
    ("size", "given"),
    [
        (2, {}),
        (3, {}),
        (3, {"sample_loss": 0.5, "freeze": "conv*", "patches": 24, "images": "0.9"}),
    ],
)
def test_ranks_with_equal_or_unequal_shares_train_as_one_process(size, given):
    expected = weights_after(4, **given)
    moved = weights_after(1, **given)["fc6/weight"] - expected["fc6/weight"]
    assert np.abs(moved).max() > 1e-3 * np.abs(expected["fc6/weight"]).max()

    def work(communicator):
        weights = weights_after(4, communicator, **given)
        for address, array in expected.items():
            error = np.abs(weights[address] - array).max()
            assert error <= 1e-5 * np.abs(array).max(), address  # sums in another order

    Ranks(size).run(work)


def test_more_ranks_than_batches_are_refused():
    with pytest.raises(TrainingError, match="3 processes cannot divide the 2 batches of a step"):
        Ranks(3).run(lambda communicator: weights_after(2, communicator))


def test_the_batches_of_a_step_have_random_numbers_of_their_own():
    first, second = (random_numbers(np, 7, 5, place).random() for place in (0, 1))
    assert first != second
    assert first == np.random.default_rng([7, 5]).random()  # of a step of one batch, as ever


def test_a_process_alone_shares_with_nobody():
    gradients = [("a", np.ones(2)), ("b", np.zeros(3))]
    assert all(a is b for a, b in zip(ALONE.mean(gradients, 1.0), gradients, strict=True))
    assert ALONE.share([1, 2, 3]) == [1, 2, 3]
    assert ALONE.gather("x") == ["x"]
    assert ALONE.leads


def test_every_item_is_in_one_share():
    shares = [ThreadCommunicator(Ranks(3), rank).share(range(8)) for rank in range(3)]
    assert sorted(number for share in shares for number in share) == list(range(8))
    assert {len(share) for share in shares} == {2, 3}


class FakeMPI:
    """One of two ranks whose other has the same gradients; a sum is there when asked twice."""

    COMM_TYPE_SHARED = IN_PLACE = None
    __file__ = "nowhere"

    def __init__(self) -> None:
        self.diary: list[str] = []
        machine = SimpleNamespace(rank=0, allgather=lambda value: [value, value])
        self.COMM_WORLD = SimpleNamespace(
            rank=0, size=2, Split_type=lambda kind: machine, Iallreduce=self.start, Dup=lambda: None
        )

    def start(self, place, buffer):
        self.diary.append(f"sum of {buffer.size}")
        asked = []

        def test() -> bool:
            asked.append(True)
            if len(asked) == 2:
                buffer[...] *= 2
            return len(asked) >= 2

        return SimpleNamespace(Test=test)


def test_sums_are_started_while_gradients_are_still_to_come():
    mpi = FakeMPI()
    communicator = MPICommunicator(mpi, bucket_bytes=40)

    def backward():
        for number, size in enumerate((4, 6, 100, 1, 2)):
            mpi.diary.append(f"gradient {number}")
            yield str(number), np.full((1, size), number, np.float32)

    found = {}
    for address, gradient in communicator.mean(backward(), 0.5):
        mpi.diary.append(f"mean {address}")
        found[address] = gradient
    assert mpi.diary == [
        "gradient 0",
        "gradient 1",
        "sum of 10",
        "gradient 2",
        "sum of 100",
        "mean 0",
        "mean 1",
        "gradient 3",
        "mean 2",
        "gradient 4",
        "sum of 3",
        "mean 3",
        "mean 4",
    ]
    assert [found[str(n)].shape for n in range(5)] == [(1, n) for n in (4, 6, 100, 1, 2)]
    assert all((found[str(n)] == n).all() for n in range(5))


def test_ranks_that_may_use_the_same_processors_divide_them(monkeypatch):
    monkeypatch.setattr("minifcn.distributed.mpi.available_threads", lambda: 8)
    anywhere, left, right = frozenset(range(8)), frozenset(range(4)), frozenset(range(4, 8))
    assert threads_of_each([anywhere] * 4, 1) == 2
    assert threads_of_each([left, right, left, right], 2) == 4
    assert threads_of_each([anywhere] * 20, 3) == 1


def test_without_mpi4py_a_sentence_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    assert train.main(["shapes", "--distributed"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: --distributed needs mpi4py and MPI")
    assert "pip install 'minifcn[distributed]'" in error
    assert error.count("\n") == 1


def test_an_mpirun_of_another_mpi_is_told_of(monkeypatch):
    world = SimpleNamespace(size=1)
    mpi = SimpleNamespace(COMM_WORLD=world, Get_library_version=lambda: "Open MPI v5, package")
    monkeypatch.setitem(sys.modules, "mpi4py", SimpleNamespace(MPI=mpi))
    monkeypatch.setenv("PMI_SIZE", "4")
    with pytest.raises(DistributedError, match=r"4 processes .* sees only itself.*\(Open MPI v5\)"):
        connect()


@pytest.mark.parametrize("command", [train, evaluate])
def test_many_processes_that_were_not_told_of_each_other_do_nothing(command, monkeypatch, capsys):
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "3")
    assert launched() == 3
    arguments = {train: ["shapes"], evaluate: ["nowhere.h5", "shapes"]}
    assert command.main(arguments[command]) == 1
    assert "3 processes were started" in capsys.readouterr().err


def test_an_error_of_one_rank_ends_all_and_says_whose_it_was(monkeypatch, capsys):
    ended = []
    communicator = SimpleNamespace(rank=2, size=4, leads=False, abort=ended.append)
    monkeypatch.setattr(guard, "connect", lambda: communicator)
    monkeypatch.setattr(guard, "PRECEDENCE", 0.0)

    def command(given):
        assert given is communicator
        print("only rank 0 prints")
        raise ZeroDivisionError("of this rank")

    assert guarded(command, distributed=True) == 1
    out, error = capsys.readouterr()
    assert not out
    assert "ZeroDivisionError: of this rank" in error
    assert "rank 2 of 0..3 ends the job" in error
    assert ended == [1]


def test_a_search_for_the_rate_is_refused_on_several_ranks(monkeypatch, capsys):
    ended = []
    communicator = SimpleNamespace(rank=0, size=2, leads=True, abort=ended.append)
    monkeypatch.setattr(guard, "connect", lambda: communicator)
    assert train.main(["shapes", "--lr-search", "--distributed"]) == 1
    assert "--lr-search runs in one process" in capsys.readouterr().err
    assert ended == [1]
