"""Each benchmark runs, at a tiny size, and writes the rows it promises. Nothing is timed here."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TINY = ["--width", "0.03", "--rounds", "1"]
SCRIPTS = {
    "fcn_inference.py": [*TINY, "--arch", "fcn8s", "fcn32s", "--size", "32"],
    "fcn_training.py": [*TINY, "--arch", "fcn16s", "--size", "32"],
    "conv_layers.py": [*TINY, "--size", "32", "--layer", "conv1_1", "fc6"],
    "scaling.py": [*TINY, "--size", "16", "32"],
    "where_time_goes.py": [*TINY, "--size", "32"],
}
NUMBER_OF_ROWS = {"fcn_inference.py": 2, "fcn_training.py": 1, "conv_layers.py": 6}
WITH_TORCH = importlib.util.find_spec("torch") is not None


def run(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *options],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_writes_its_rows(script, tmp_path):
    file = tmp_path / "rows.json"
    done = run(script, *SCRIPTS[script], "--threads", "1", "--json", str(file))
    assert done.returncode == 0, done.stderr
    result = json.loads(file.read_text())
    assert result["machine"]["threads"] == 1 or script == "scaling.py"
    assert "openblas" in result["machine"]["blas"] or result["machine"]["blas"]
    rows = result["rows"]
    assert len(rows) == NUMBER_OF_ROWS.get(script, len(rows)) and rows
    assert all(row["case"] in done.stdout for row in rows)


@pytest.mark.skipif(not WITH_TORCH, reason="PyTorch, the peer of the benchmarks, is not installed")
@pytest.mark.parametrize("script", ["fcn_inference.py", "fcn_training.py"])
def test_both_sides_compute_the_same(script, tmp_path):
    file = tmp_path / "rows.json"
    done = run(script, *SCRIPTS[script], "--json", str(file))
    assert done.returncode == 0, done.stderr
    for row in json.loads(file.read_text())["rows"]:
        assert row["speedup"] > 0 and row["memory_ratio"] > 0
        assert row["max_rel_error"] < (1e-3 if script == "fcn_inference.py" else 1e-2)


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_has_help(script):
    done = run(script, "--help")
    assert done.returncode == 0
    assert "--json" in done.stdout
