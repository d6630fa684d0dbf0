"""minifcn: fully convolutional networks for semantic segmentation, from scratch on NumPy."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minifcn.inference.looks import Looks as Looks
    from minifcn.inference.segmenter import Segmenter as Segmenter
    from minifcn.reporting.fitting import fit as fit

__version__ = "0.1.0"

# Where they are is imported when they are asked for: `import minifcn` alone costs nothing.
_FACE = {
    "Looks": "minifcn.inference.looks",
    "Segmenter": "minifcn.inference.segmenter",
    "fit": "minifcn.reporting.fitting",
}


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_FACE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_FACE])
