"""Two and four ranks of a real MPI on this machine, against one process."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.data_files import add_pair
from helpers.nets import randomise
from PIL import Image

from minifcn import evaluate, predict, train
from minifcn.data import open_dataset
from minifcn.data.transforms import Preprocess
from minifcn.inference.model import Model, save_model
from minifcn.models.build import ModelSpec, build
from minifcn.weights.checkpoint import checkpoints, load_checkpoint

BESIDE_PYTHON = Path(sys.executable).parent / "mpirun"
MPIRUN = str(BESIDE_PYTHON) if BESIDE_PYTHON.exists() else shutil.which("mpirun")

pytestmark = pytest.mark.skipif(
    MPIRUN is None or importlib.util.find_spec("mpi4py") is None,
    reason="MPI or mpi4py is not installed: pip install 'minifcn[distributed]'",
)

ROOT = Path(__file__).parents[2]
# Open MPI refuses root, and more ranks than processors; MPICH takes no notice of these.
OPEN_MPI = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}
TINY = ["--weights", "none", "--width", "0.015625", "--batch-size", "1", "--lr", "0.1"]
SHORT = [*TINY, "--steps", "4", "--evaluate-every", "2", "--evaluate-images", "3"]


def mpirun(ranks: int, *arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments as so many ranks."""
    return run(MPIRUN, "-n", ranks, sys.executable, *arguments, **environment)


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command, of which none may take longer than a minute."""
    return subprocess.run(
        list(map(str, command)),
        env={
            **os.environ,
            **OPEN_MPI,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(ROOT),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_same_but_for_rounding(folder: Path, other: Path) -> None:
    """Compare the last checkpoints of two runs."""
    ours, theirs = (load_checkpoint(checkpoints(f / "checkpoints")[0]) for f in (folder, other))
    assert ours.state == theirs.state
    for kind in ("params", "momentum"):
        for address, array in getattr(ours, kind).items():
            error = np.abs(getattr(theirs, kind)[address] - array).max()
            assert error <= 1e-5 * np.abs(array).max(), address  # float32, another order of sums


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Return a weight file of a random net, which gives the pixels many classes."""
    names, palette = (getattr(open_dataset("shapes", "val"), n) for n in ("class_names", "palette"))
    spec = ModelSpec("fcn32s", "vgg16", len(names), 1 / 64, "same")
    net = randomise(build(spec), np.float32)
    file = tmp_path_factory.mktemp("model") / "weights.h5"
    save_model(file, Model(net, spec, Preprocess("RGB", (100, 100, 100)), names, palette))
    return file


@pytest.fixture
def folder(tmp_path):
    """Return the arguments to train on a folder of 18 images, validated on 2."""
    for number in range(20):
        image, label = tmp_path / f"images/{number:02d}.png", tmp_path / f"labels/{number:02d}.png"
        add_pair(image, label, seed=number)
    (tmp_path / "classes.txt").write_text("nothing\nsomething\n")
    (tmp_path / "train.txt").write_text("".join(f"{number:02d}\n" for number in range(18)))
    (tmp_path / "val.txt").write_text("18\n19\n")
    return ["folder", "--data-dir", str(tmp_path), *SHORT]


@pytest.mark.parametrize("ranks", [2, 4])
def test_ranks_reproduce_one_process_that_accumulates(ranks, folder, tmp_path):
    one, many = tmp_path / "one", tmp_path / "many"
    assert train.main([*folder, "--accumulate", str(ranks), "--out", str(one)]) == 0
    done = mpirun(ranks, "-m", "minifcn.train", *folder, "--distributed", "--out", many)
    assert done.returncode == 0, done.stderr
    assert_same_but_for_rounding(one, many)
    steps = [
        [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        for folder in (one, many)
    ]
    for ours, theirs in zip(*steps, strict=True):
        if "loss" in ours:
            assert theirs["images"] == ours["images"] == ranks
            assert theirs["loss"] == pytest.approx(ours["loss"], rel=1e-5)
    assert done.stdout.count("mean IU") == 2, "rank 0 alone prints"
    settings = json.loads((many / "config.json").read_text())["settings"]
    assert settings["accumulate"] == ranks


BITS = """
import hashlib, sys
from pathlib import Path
from minifcn import train
from minifcn.training import finish

def evaluate_together(model, *args, communicator, **options):
    bits = hashlib.sha256(b"".join(array.tobytes() for array in model.net.params.values()))
    Path(sys.argv[1], str(communicator.rank)).write_text(bits.hexdigest())
    return original(model, *args, communicator=communicator, **options)

original, finish.evaluate_together = finish.evaluate_together, evaluate_together
sys.exit(train.main(sys.argv[2:]))
"""


def test_the_weights_of_all_ranks_stay_the_same_to_the_last_bit(folder, tmp_path):
    arguments = [tmp_path, *folder, "--accumulate", "2", "--distributed", "--out", tmp_path / "run"]
    done = mpirun(3, "-c", BITS, *arguments)
    assert done.returncode == 0, done.stderr
    assert len({(tmp_path / str(rank)).read_text() for rank in range(3)}) == 1


KILLED = """
import os, signal, sys
from minifcn import train
from minifcn.training.console import Console

def step(console, report, total):
    original(console, report, total)
    if report.number == 3 and not console.show:
        os.kill(os.getpid(), signal.SIGKILL)

original, Console.step = Console.step, step
sys.exit(train.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_killed_rank_ends_the_job_and_any_number_of_ranks_goes_on(ranks, folder, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert train.main([*folder, "--accumulate", "2", "--out", str(whole)]) == 0
    done = mpirun(2, "-c", KILLED, *folder, "--distributed", "--out", killed)
    assert done.returncode != 0
    assert re.search("signal 9|SIGKILL", done.stdout + done.stderr), "mpirun says what it was"
    assert not (killed / "weights.h5").exists()
    assert load_checkpoint(checkpoints(killed / "checkpoints")[0]).state["step"] == 2
    arguments = [*folder, "--resume", "--distributed", "--out", killed]
    done = mpirun(ranks, "-m", "minifcn.train", *arguments)
    assert done.returncode == 0, done.stderr
    assert "going on from step_00000002.h5" in done.stdout
    assert_same_but_for_rounding(whole, killed)


HANGS = KILLED.replace("SIGKILL", "SIGSTOP").replace("not console.show", "RANK")


@pytest.mark.parametrize(("rank", "condition"), [(0, "console.show"), (1, "not console.show")])
def test_a_rank_that_hangs_is_named_and_ends_the_job(rank, condition, folder, tmp_path):
    code = HANGS.replace("RANK", condition)
    limit = {"MINIFCN_RANK_TIMEOUT": "2"}
    done = mpirun(2, "-c", code, *folder, "--distributed", "--out", tmp_path / "run", **limit)
    assert done.returncode != 0
    assert f"error: rank {rank} of 0..1 does not answer" in done.stderr
    assert "MINIFCN_RANK_TIMEOUT sets that time" in done.stderr
    assert load_checkpoint(checkpoints(tmp_path / "run/checkpoints")[0]).state["step"] == 2


STOPPED = KILLED.replace("SIGKILL", "SIGINT")


def test_a_rank_that_is_asked_to_stop_stops_all_when_the_update_is_saved(folder, tmp_path):
    arguments = [*folder, "--steps", "8", "--evaluate-every", "8", "--distributed"]
    done = mpirun(2, "-c", STOPPED, *arguments, "--out", tmp_path / "run")
    assert done.returncode != 0
    assert "stopped; saved are the updates up to" in done.stderr
    assert "go on with: mpirun -n 2 python -m minifcn.train folder" in done.stderr
    assert load_checkpoint(checkpoints(tmp_path / "run/checkpoints")[0]).state["step"] == 4


def test_an_error_of_one_rank_is_told_of_once_and_ends_the_job(folder, tmp_path):
    whole = (tmp_path / "images/17.png").read_bytes()
    (tmp_path / "images/17.png").write_bytes(whole[: len(whole) // 2])
    arguments = [*folder, "--steps", "40", "--distributed", "--out", tmp_path / "run"]
    done = mpirun(2, "-m", "minifcn.train", *arguments)
    assert done.returncode != 0
    assert done.stderr.count("error: ") == 1
    assert "17.png" in done.stderr
    assert re.search("rank [01] of 0..1 ends the job", done.stderr)


def test_what_all_ranks_refuse_is_told_of_once(tmp_path):
    done = mpirun(4, "-m", "minifcn.train", "shapes", *SHORT, "--lr", "1e-10", "--distributed")
    assert done.returncode != 0
    assert done.stderr.count("error: ") == 1


def test_evaluation_over_ranks_counts_the_same_pixels(model, tmp_path, capsys):
    arguments = ["shapes", "--limit", "7", "--json"]
    assert evaluate.main([str(model), *arguments, str(tmp_path / "one.json")]) == 0
    expected = capsys.readouterr().out
    many = tmp_path / "many.json"
    done = mpirun(2, "-m", "minifcn.evaluate", model, *arguments, many, "--distributed")
    assert done.returncode == 0, done.stderr
    tables = [text.partition("\n")[2] for text in (done.stdout, expected)]  # below the threads
    assert tables[0] == tables[1]
    assert many.read_bytes() == (tmp_path / "one.json").read_bytes()
    assert sum(iu > 0 for iu in json.loads(many.read_text())["class_iu"].values()) > 2


def test_prediction_over_ranks_writes_the_same_files(model, tmp_path, capsys):
    rng = np.random.default_rng(0)
    files = [tmp_path / f"{number}.png" for number in range(5)]
    for file in files:
        Image.fromarray(rng.integers(0, 256, (40, 56, 3), np.uint8)).save(file)
    one, many = tmp_path / "one", tmp_path / "many"
    assert predict.main([str(model), *map(str, files), "-o", str(one)]) == 0
    files.append(tmp_path / "missing.png")
    done = mpirun(2, "-m", "minifcn.predict", model, *files, "-o", many, "--distributed")
    assert done.returncode == 1, "one image is missing"
    assert "5 of 6 are in" in done.stdout
    assert "missing.png" in done.stderr
    written = {path.name: path.read_bytes() for path in many.iterdir()}
    assert written == {path.name: path.read_bytes() for path in one.iterdir()}


def test_the_benchmark_measures_ranks_and_prints_the_model(tmp_path):
    script, file = ROOT / "benchmarks" / "distributed.py", tmp_path / "rows.json"
    once = ("--rounds", 1, "--json", file)
    done = run(sys.executable, script, "--width", 0.03, "--size", 32, 32, *once)
    assert done.returncode == 0, done.stderr
    rows = json.loads(file.read_text())["rows"]
    one, two, *modelled = rows
    assert (one["ranks"], two["ranks"]) == (1, 2)
    assert two["model_s"] >= two["compute_s"] > 0 and two["gb_s"] > 0
    assert [row["workers"] for row in modelled if "x100," in row["case"]][-1] == 512
    assert "10 Gbit/s: up to " in done.stdout
