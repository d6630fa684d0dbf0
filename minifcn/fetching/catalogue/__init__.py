"""What can be downloaded: weights of other frameworks, and the paper's data sets.

Old hosts come and go: every address that is known is listed, and they are tried in turn.
"""

from __future__ import annotations

from minifcn.fetching.catalogue.caffe import CAFFE
from minifcn.fetching.catalogue.data import DATA
from minifcn.fetching.catalogue.ports import PORTS
from minifcn.fetching.catalogue.remote_file import RemoteFile as RemoteFile
from minifcn.system.command import did_you_mean
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
        hint = did_you_mean(name, FILES, most=3, cutoff=0.4)
        raise UnknownFileError(
            f"nothing called {name!r} can be downloaded{hint or ';'} "
            "`python -m minifcn.download` lists what can"
        )
    return FILES[name]
