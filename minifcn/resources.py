"""The small weights that come with the package."""

from __future__ import annotations

from pathlib import Path

# In a wheel the weights lie inside the package, in a source tree beside it.
FOLDERS = (
    Path(__file__).parent / "_weights",
    Path(__file__).parent.parent / "weights",
)


def shipped_weights(name: str) -> Path:
    """Return the path of a shipped weight file.

    Parameters
    ----------
    name : str
        Without ".h5", e.g. "vgg16-shapes".

    Raises
    ------
    FileNotFoundError
        If there is none of that name.
    """
    for folder in FOLDERS:
        if (folder / f"{name}.h5").is_file():
            return folder / f"{name}.h5"
    known = sorted({path.stem for folder in FOLDERS for path in folder.glob("*.h5")})
    raise FileNotFoundError(
        f"no weights called {name!r} come with this package; there are {', '.join(known) or 'none'}"
    )
