"""PyTorch's files since 1.6: a zip archive of one pickle and the bytes of each storage.

    <root>/data.pkl     the object, storages by persistent id
    <root>/data/<key>   the bytes of a storage, not compressed
    <root>/byteorder    "little" or "big", since 2.1
    <root>/extra/<name> a text that PyTorch takes no notice of

Source: `torch.serialization._save`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minifcn.containers.restricted_pickle import restricted_load
from minifcn.containers.zip_archive import stored, zip_members
from minifcn.weights.importing.formats.torch_objects import (
    TORCH_GLOBALS,
    Storage,
    StorageType,
    StorageView,
    natural,
)


def load_torch_zip(data: memoryview) -> Any:
    """Return the object in a file, its tensors with their storages as views of `data`.

    ValueError if the file is damaged, or needs anything that `TORCH_GLOBALS` has not.
    """
    members = zip_members(data)
    root = _root(members)
    if f"{root}/byteorder" in members:
        order = bytes(stored(data, members, f"{root}/byteorder")[:10])
        if order != b"little":
            raise ValueError(f"its byte order is {order!r}, and only 'little' is supported")
    storages: dict[str, Storage] = {}

    def storage(persistent_id: Any) -> StorageView:
        match persistent_id:
            case ("storage", StorageType() as kind, str(key), _, numel):
                if key not in storages:
                    storages[key] = Storage(kind, natural(numel))
                    storages[key].attach(stored(data, members, f"{root}/data/{key}"))
                return StorageView(storages[key], 0, storages[key].numel)
        raise ValueError("its pickle refers to something that is no storage; it is damaged")

    pickled = stored(data, members, f"{root}/data.pkl")
    return restricted_load(pickled, TORCH_GLOBALS, storage, encoding="utf-8")[0]


def torch_notes(data: memoryview) -> dict[str, str]:
    """Return the texts beside the pickle, by their names."""
    members = zip_members(data)
    folder = f"{_root(members)}/extra/"
    return {
        name.removeprefix(folder): bytes(stored(data, members, name)).decode(errors="replace")
        for name in members
        if name.startswith(folder)
    }


def _root(members: Iterable[str]) -> str:
    """Return the folder that all members lie in."""
    roots = [name.removesuffix("/data.pkl") for name in members if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise ValueError(f"it is a zip archive with {len(roots)} members data.pkl in place of one")
    return roots[0]
