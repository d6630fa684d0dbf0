"""One training at a time in a folder."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from minifcn.system.files import WriteError, make_folder
from minifcn.system.lock import locked
from minifcn.system.records import SettingsError

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)


@contextmanager
def run_locked(folder: Path, note: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of a folder while the block runs; it ends with this process, however it ends.

    The folder is made if it is not there. `note` is told if the disk knows no locks; the block then
    runs without.

    Raises
    ------
    SettingsError
        If another process holds it.
    WriteError
        If the folder cannot be written.
    """

    def refuse() -> None:
        raise SettingsError(
            f"{folder}: another training is running in it; wait for its end or give another --out"
        )

    make_folder(folder)
    with ExitStack() as held:
        try:
            held.enter_context(locked(folder / ".lock", refuse))
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise WriteError(f"{folder}: cannot be locked: {error.strerror}") from error
            note(
                f"{folder}: its disk knows no locks, so that nobody would notice a second training"
            )
        yield
