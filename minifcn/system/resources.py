"""The small weights that come with the package."""

from __future__ import annotations

from pathlib import Path

SEGMENTER = "fcn8s-googlenet-voc"  # what `predict` takes where no other is given
_PACKAGE = Path(__file__).resolve().parents[1]
# In an installed wheel the weights lie inside the package, in a source tree beside it.
FOLDERS = (_PACKAGE / "_weights", _PACKAGE.parent / "weights")


def shipped_weights(name: str) -> Path:
    """Return the path of a weight file that comes with the package, such as "vgg16-shapes".

    Raises
    ------
    FileNotFoundError
        If there is none of that name.
    """
    files = {path.stem: path for folder in FOLDERS for path in sorted(folder.glob("*.h5"))}
    if name not in files:
        raise FileNotFoundError(
            f"no weights called {name!r} come with minifcn, only {', '.join(files) or 'none'} "
            f"(looked in {' and '.join(map(str, FOLDERS))}); install the package again, or give "
            "the path of a weight file"
        )
    return files[name]
