"""Odd values of options are refused in a sentence, before anything is written."""

import re
import shlex
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from minifcn.__main__ import main
from minifcn.data.shapes import ShapesDataset
from minifcn.system.resources import shipped_weights

NUMBERS = {
    "train shapes --smoke --out new": """
        --momentum 2|--momentum -1|--momentum nan|--jitter -1|--jitter 1.5|--warm-up -4
        --scale 2|--scale 2,1|--scale 0,1|--scale x
        --weight-decay nan|--weight-decay -1|--weight-decay inf|--width nan|--width 0|--width 1e9
        --width -1|--seed -1|--fc-channels -1|--fc-channels 0|--fc-channels 1000000000
        --fc-kernel 7|--fc-kernel x|--layer-rates conv*=0|--layer-rates conv*|--layer-rates conv9*=1
        --threads -1|--threads 100000|--lr 0|--lr -1|--lr nan|--lr inf|--lr x|--mean 1,2
        --mean nan,1,2|--mean 1,2,300|--log-every -1|--val-split nowhere|--train-split nowhere
        --weights nowhere.h5|--lr-search 0|--lr-search nan|--lr-search -1|--arch fcn4s
        --seed 99999999999999999999999999|--recipe reference|--modality hha""",
    "train shapes --out new": """
        --steps 0|--steps -3|--steps 1e3|--steps 99999999999999999999|--batch-size 0
        --accumulate 0|--accumulate -1|--evaluate-every 0|--evaluate-images -1""",
    "train folder --data-dir data --smoke --out new": """
        --fraction 2|--fraction nan|--fraction 0|--fraction -1|--ignore 300|--ignore -1""",
    "train voc --data-dir data --smoke --out new": "--year -1|--year 0",
    "pretrain shapes --smoke -o new": """
        --width nan|--width 0|--width 1e9|--lr nan|--lr 0|--seed -1|--threads -1
        --threads 100000""",
    "pretrain shapes -o new": "--steps 0|--batch-size 0|--batch-size -1",
    "evaluate run.h5 shapes --json new": """
        --worst -1|--worst x
        --scales 0|--scales x|--scales 1,1|--scales nan
        --limit -1|--limit x|--threads -1|--threads 100000|--split nowhere|--precision float8""",
    "predict run.h5 photo.png -o new": "--threads -1|--threads 100000|--depth nowhere --device x",
    "classify run.h5 photo.png": "--top 0|--top -1|--top x|--threads -1|--threads 100000",
    "classify run.h5 photo.png --heat-map -o new": "--class -1|--class 7|--class nowhere",
    "hha depth.png -o new": """
        --per-metre 0|--per-metre nan|--per-metre inf|--per-metre -1|--camera 1 -1 0 0
        --camera nan 1 1 1|--camera 1 1 inf 1|--camera 1 1 1""",
    "inspect folder --data-dir data -o new": """
        --images 0|--images -1|--threads -1|--threads 100000|--fraction nan|--ignore 256
        --split nowhere""",
    "paper upper-bounds data/labels": """
        --factors 0|--factors -1|--factors 1000000000|--threads -1|--threads 100000|--method x
        --seeds 0|--data nothing""",
    "convert run.h5 -o new": "--arch x|--colours x|--scales 9",
    "export run.h5 -o new.pth": "--size 0x10|--size 10|--size axb|--size 32x32",
    "export run.h5": "-o new|-o new.h5",
    "convert --inspect run.h5": "--net fcn4s|--net fcn8s/x",
    "gradcheck": "nothing",
    "download --dir new": "nothing",
}
CASES = [
    f"{command} {option.strip()}"
    for command, options in NUMBERS.items()
    for option in re.split(r"\||\n", options)
    if option.strip()
]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with an image, a depth map, a data set and weights."""
    monkeypatch.chdir(tmp_path)
    shapes = ShapesDataset("train", size=(40, 48))
    for folder in ("data/images", "data/labels"):
        (tmp_path / folder).mkdir(parents=True)
    for index in range(2):
        Image.fromarray(shapes[index].image).save(f"data/images/{index}.png")
        Image.fromarray(shapes[index].label).save(f"data/labels/{index}.png")
    (tmp_path / "data/classes.txt").write_text("\n".join(shapes.class_names))
    Image.fromarray(shapes[0].image).save("photo.png")
    Image.fromarray(np.full((20, 30), 1000, np.uint16)).save("depth.png")
    (tmp_path / "run.h5").symlink_to(shipped_weights("vgg16-shapes"))
    return tmp_path


def refused(arguments, capsys):
    """Run a command that is to refuse its arguments; return what it says of that."""
    with suppress(SystemExit):  # of argparse, with the status 2
        assert main(arguments) != 0
    lines = capsys.readouterr().err.splitlines()
    assert "Traceback" not in "".join(lines)
    (error,) = (line for line in lines if "error: " in line)
    return error


@pytest.mark.parametrize("case", CASES)
def test_odd_values_are_refused_and_nothing_is_written(case, here, capsys):
    refused(shlex.split(case), capsys)
    assert not list(here.glob("new*/*")) and not (here / "new").is_file()
