"""PyTorch's files of 0.1.10 to 1.5: five pickles, then the bytes of each storage.

The pickles are a magic number, the version of the protocol, facts about the machine, the object
itself, and the sorted list of its storages' keys. For each key in this order follow the number of
elements (64 bits) and their bytes, up to the end of the file.

Source: `torch.serialization._legacy_save`.
"""

from __future__ import annotations

import struct
from typing import Any

from minifcn.containers.restricted_pickle import restricted_load
from minifcn.weights.importing.formats.torch_objects import (
    TORCH_GLOBALS,
    Storage,
    StorageType,
    StorageView,
    natural,
)

_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001


def load_torch_legacy(data: memoryview) -> Any:
    """Return the object in a file, its tensors with their storages as views of `data`.

    ValueError if the file is damaged, or needs anything that `TORCH_GLOBALS` has not.
    """
    position = 0
    storages: dict[str, Storage] = {}

    def storage(persistent_id: Any) -> StorageView:
        match persistent_id:
            case ("storage", StorageType() as kind, str(key), _, numel, part):
                if key not in storages:
                    storages[key] = Storage(kind, natural(numel))
                match part:
                    case None:
                        return StorageView(storages[key], 0, storages[key].numel)
                    case (_, offset, length):
                        return StorageView(storages[key], natural(offset), natural(length))
            case ("module", *_):
                raise ValueError("it holds a whole module, whose source code would be run")
        raise ValueError("its pickle refers to something that is no storage; it is damaged")

    def load(allowed: dict[tuple[str, str], Any]) -> Any:
        nonlocal position
        value, position = restricted_load(data, allowed, storage, encoding="utf-8", start=position)
        return value

    if load({}) != _MAGIC:
        raise ValueError("it is a pickle, but not one that PyTorch has written")
    version, machine = load({}), load({})
    if version != _VERSION or type(machine) is not dict or not machine.get("little_endian"):
        raise ValueError("it is of another version or byte order than PyTorch wrote on a PC")
    value, keys = load(TORCH_GLOBALS), load({})
    if type(keys) is not list:
        raise ValueError("it does not list its storages; it is damaged")
    for key in keys:
        position = _attach(storages, key, data, position)
    return value


def _attach(storages: dict[str, Storage], key: Any, data: memoryview, position: int) -> int:
    """Give a storage its bytes, which begin at `position`, and return where they end."""
    if not isinstance(key, str) or key not in storages:
        raise ValueError("it lists a storage that no tensor is in; it is damaged")
    if position + 8 > len(data):
        raise ValueError("it ends before its last storage; it is truncated")
    (numel,) = struct.unpack_from("<q", data, position)
    storage = storages[key]
    start, stop = position + 8, position + 8 + storage.nbytes
    if numel != storage.numel or stop > len(data):
        raise ValueError(
            f"storage {key[:40]!r} of {storage.nbytes} bytes ends after the file; it is truncated"
        )
    storage.attach(data[start:stop])
    return stop
