"""Run everything that README.md shows, at a small size, as a reader would.

The blocks marked `sh` and `python` become one script, in their order, which bash runs in a fresh
copy of the repository and stops at the first command that fails. The copy gets what the commands
take for granted: a photo, a folder of own images, and a VOCdevkit, all tiny and in their true
formats. `SMALLER` says how a command is made small; all others are run as they stand.

    python tests/run_readme.py            run
    python tests/run_readme.py --show     only show the script
"""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from helpers.caffe_writer import blob, v2_layer
from PIL import Image

from minifcn.data.palette import write_palette_png
from minifcn.data.shapes import ShapesDataset
from minifcn.models import ModelSpec, build, initialise

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = r"(?:python -m minifcn\.|minifcn )"

# What a command looks like, and what is added to it.
SMALLER = (
    (r"make demo", " ARGS=--smoke"),
    (r"make test", " ARGS=tests/system/test_files.py"),  # CI runs all of them by themselves
    (COMMAND + r"(?:train|pretrain|demo)\b.*", " --smoke"),
    (COMMAND + r"evaluate\b.*", " --limit 2"),
)


def main() -> int:
    """Run the README; return the exit status of the command that failed, else 0."""
    lines = list(script((ROOT / "README.md").read_text(encoding="utf-8")))
    if "--show" in sys.argv:
        print("\n".join(lines))
        return 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copy_repository(Path(folder))
        add_data(Path(folder))
        status = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(lines)], cwd=folder)
    verdict = "failed" if status.returncode else "run"
    print(f"README.md: {verdict} after {time.monotonic() - began:.0f} s")
    return status.returncode


def script(text: str) -> list[str]:
    """Return the lines of a bash script that runs the blocks, naming each command first."""
    lines = []
    for language, block in BLOCK.findall(text):
        if language == "python":
            lines += ["echo '>>> (python)'", "python - <<'END'", *block.splitlines(), "END"]
            continue
        for command in block.replace("\\\n", " ").splitlines():
            small = smaller(command.strip())
            lines += [f"echo {shlex.quote('>>> ' + small)}", small]
    return lines


def smaller(command: str) -> str:
    """Return a command in its small form."""
    for pattern, addition in SMALLER:
        if re.fullmatch(pattern, command):
            return command + addition
    return command


def copy_repository(folder: Path) -> None:
    """Copy what git tracks or would track."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        if (ROOT / name).is_file():  # a deleted file is listed until that is committed
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)


def add_data(folder: Path) -> None:
    """Write the data that the README's commands are pointed at."""
    shapes = ShapesDataset("train")
    Image.fromarray(shapes[0].image).save(folder / "photo.jpg")

    add_caffemodel(folder / "bvlc_googlenet.caffemodel")

    own = folder / "my-data"
    for index in range(8):
        add_pair(own / "images" / f"n{index}.jpg", own / "labels" / f"n{index}.png", index)
    (own / "classes.txt").write_text("\n".join(shapes.class_names) + "\n")

    voc = folder / "VOCdevkit" / "VOC2012"
    lists = voc / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    for split, indices in (("train", (0, 1, 2)), ("val", (3, 4))):
        names = [f"2007_{index:06d}" for index in indices]
        (lists / f"{split}.txt").write_text("\n".join(names) + "\n")
        for index, name in zip(indices, names, strict=True):
            label = voc / "SegmentationClass" / f"{name}.png"
            add_pair(voc / "JPEGImages" / f"{name}.jpg", label, index)


def add_caffemodel(file: Path) -> None:
    """Write a narrow GoogLeNet with random weights as Caffe does."""
    net = build(ModelSpec("classifier", "googlenet", 1000, 1 / 16))
    initialise(net)
    layers: dict[str, list[bytes]] = {}
    for address, array in net.params.items():
        layers.setdefault(address.rpartition("/")[0], []).append(blob(array))
    file.write_bytes(b"".join(v2_layer(name, "Any", blobs) for name, blobs in layers.items()))


def add_pair(image: Path, label: Path, index: int) -> None:
    """Write an embedded sample as a JPEG and a palette PNG; no two are of one size."""
    sample = ShapesDataset("train", size=(90 + index, 120 - index))[index]
    for path in (image, label):
        path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sample.image).save(image)
    write_palette_png(label, np.asarray(sample.label))


if __name__ == "__main__":
    sys.exit(main())
