"""Libraries that only some commands need: `pip install 'minifcn[NAME]'` brings them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from minifcn.system.mishaps import Mishap


class ExtraError(Mishap, ImportError):
    """A library is not installed; the message says which, and how to get it."""


def optional(module: str, extra: str) -> Any:
    """Return a module of a library that comes with the optional dependencies called `extra` alone.

    Raises
    ------
    ExtraError
        If it cannot be imported.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ExtraError(
            f"this needs {module.partition('.')[0]}, which cannot be imported ({error}): "
            f"pip install 'minifcn[{extra}]' brings it"
        ) from error
