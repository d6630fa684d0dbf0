"""What can be downloaded: weights of other frameworks, and the paper's data sets.

Old hosts come and go: every address that is known is listed, and they are tried in turn.
"""

from __future__ import annotations

import difflib

from minifcn.fetching.catalogue.caffe import CAFFE
from minifcn.fetching.catalogue.data import DATA
from minifcn.fetching.catalogue.ports import PORTS
from minifcn.fetching.catalogue.remote_file import RemoteFile as RemoteFile
from minifcn.system.mishaps import Mishap

FILES: dict[str, RemoteFile] = {file.name: file for file in (*CAFFE, *PORTS, *DATA)}


class UnknownFileError(Mishap, ValueError):
    """The catalogue has no file of that name."""


def find(name: str) -> RemoteFile:
    """Return a file of the catalogue by its name.

    Raises
    ------
    UnknownFileError
        If there is none; the message has the names that are most like it.
    """
    if name not in FILES:
        similar = difflib.get_close_matches(name, FILES, n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(similar)}? " if similar else ""
        raise UnknownFileError(
            f"nothing called {name!r} can be downloaded; {hint}"
            "`python -m minifcn.download` lists what can"
        )
    return FILES[name]
