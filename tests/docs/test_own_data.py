"""The figures of the page on one's own images are those of the code."""

import inspect
import re
from pathlib import Path

from minifcn.backend import IGNORE
from minifcn.data.folder import FolderDataset
from minifcn.training.config_file import read_settings
from minifcn.training.settings import resolve

PAGE = (Path(__file__).parents[2] / "docs" / "own-data.md").read_text(encoding="utf-8")


def table():
    """The defaults that the page tells, by option."""
    return dict(re.findall(r"^\| `(--[\w-]+)` \| ([^|]+) \|", PAGE, re.MULTILINE))


def test_defaults_are_those_of_the_code():
    settings, said = resolve("folder"), table()
    options = inspect.signature(FolderDataset).parameters
    images = settings.steps * settings.batch_size * settings.accumulate
    assert said == {
        "--width": f"{settings.width:g}",
        "--weights": f"`{settings.weights}`",
        "--steps": f"as many as see {images:,} images",
        "--batch-size": f"{settings.batch_size}",
        "--lr": "fits the recipe, the loss and the width",
        "--evaluate-every": "a quarter of all steps",
        "--stop-when-flat": f"{settings.stop_when_flat}, never",
        "--ignore": "the one in the classes file",
        "--label-suffix": options["label_suffix"].default or "none",
        "--fraction": f"{options['fraction'].default:g}",
        "--staged": "off",
    }
    assert settings.evaluate_every == settings.steps // 4
    assert options["ignore"].default is None


def test_other_figures_are_those_of_the_code():
    fraction = inspect.signature(FolderDataset).parameters["fraction"].default
    assert fraction == 1 / 5 and "a fifth of the images" in PAGE
    assert f"up to {IGNORE - 1}. " in PAGE and f"{IGNORE}\nmeans that a pixel" in PAGE


def test_the_file_of_settings_can_be_read(tmp_path):
    text = PAGE.partition("# mine.toml")[2].partition("`--config")[0].partition("\n")[2]
    (tmp_path / "mine.toml").write_text(re.sub("^    ", "", text, flags=re.MULTILINE))
    expected = {"dataset": "folder", "data_dir": "DIR", "batch_size": 1}
    assert read_settings(tmp_path / "mine.toml") == expected
