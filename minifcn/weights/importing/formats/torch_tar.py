"""PyTorch's oldest files (before 0.1.10): a tar archive of `storages`, `tensors` and `pickle`.

    storages   how many; for each a pickle (key, device, type), the number of elements, the bytes;
               then a pickled list of parts of storages: (key, key of the whole, offset, length)
    tensors    how many; for each a pickle (key, key of the storage, type), the number of
               dimensions, shape, strides and offset
    pickle     the object, tensors by persistent id

Source: `torch.serialization._legacy_load`, whose reader has outlived the writer.
"""

from __future__ import annotations

import struct
import tarfile
from collections.abc import Mapping
from typing import Any

from minifcn.containers.limits import MAX_AXES
from minifcn.containers.mapped import MemoryFile
from minifcn.containers.restricted_pickle import restricted_load
from minifcn.weights.importing.formats.torch_objects import (
    TORCH_GLOBALS,
    Ignored,
    Storage,
    StorageType,
    StorageView,
    Tensor,
    natural,
    rebuild_tensor,
)

# Bytes of all headers: PyTorch writes four of them. Python before 3.11.10 and 3.12.6 takes a second
# for one of 32 KiB that is made to search long, and hours for one of 2 MiB.
_MAX_HEADERS = 16 << 10
_MAX_ENTRIES = 100_000  # storages or tensors; the largest nets have some thousand
_TENSOR_TYPES = {
    (module, name.replace("Storage", "Tensor")): Ignored()
    for module, name in TORCH_GLOBALS
    if name.endswith("Storage")
}
_STORAGE_TYPES = {
    name: value for name, value in TORCH_GLOBALS.items() if isinstance(value, StorageType)
}


def load_torch_tar(data: memoryview) -> Any:
    """Return the object in a file, its tensors with their storages as views of `data`.

    ValueError if the file is damaged, or needs anything that `TORCH_GLOBALS` has not.
    """
    members = _tar_members(data)
    missing = [name for name in ("storages", "tensors", "pickle") if name not in members]
    if missing:
        raise ValueError(f"it is a tar archive without the member {missing[0]!r}")
    tensors = _load_tensors(
        _Member(members["tensors"]), _load_storages(_Member(members["storages"]))
    )

    def tensor(persistent_id: Any) -> Tensor:
        if not isinstance(persistent_id, str) or persistent_id not in tensors:
            raise ValueError("its pickle refers to something that is no tensor; it is damaged")
        return tensors[persistent_id]

    return _Member(members["pickle"]).load(TORCH_GLOBALS, tensor)


class _Member:
    """A member of the archive, read from its start to its end."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.position = 0

    def load(self, allowed: Mapping[tuple[str, str], Any], persistent_load: Any = None) -> Any:
        """Return the next pickle."""
        value, self.position = restricted_load(
            self.data, allowed, persistent_load, encoding="utf-8", start=self.position
        )
        return value

    def take(self, count: int) -> memoryview:
        """Return a view of the next bytes."""
        start, stop = self.position, self.position + count
        if stop > len(self.data):
            raise ValueError("it ends in the middle of an array; it is truncated or damaged")
        self.position = stop
        return self.data[start:stop]

    def entries(self) -> range:
        """Return a range of as many entries as come next."""
        count = natural(self.load({}))
        if count > _MAX_ENTRIES:
            raise ValueError(f"it has {count} storages or tensors, more than any net")
        return range(count)

    def integers(self, count: int) -> tuple[int, ...]:
        """Return the next integers of 64 bits."""
        return struct.unpack(f"<{count}q", self.take(8 * count))


def _load_storages(member: _Member) -> dict[int, StorageView]:
    """Return all storages, and parts of storages, by key."""
    views: dict[int, StorageView] = {}
    for _ in member.entries():
        match member.load(_STORAGE_TYPES):
            case (int(key), _, StorageType() as kind):
                storage = Storage(kind, natural(*member.integers(1)))
                storage.attach(member.take(storage.nbytes))
                views[key] = StorageView(storage, 0, storage.numel)
            case _:
                raise ValueError("it lists something that is no storage; it is damaged")
    for part in member.load({}):
        match part:
            case (int(key), int(whole), offset, length) if whole in views:
                views[key] = StorageView(views[whole].storage, natural(offset), natural(length))
            case _:
                raise ValueError("it lists a part of no storage; it is damaged")
    return views


def _load_tensors(member: _Member, views: dict[int, StorageView]) -> dict[str, Tensor]:
    """Return all tensors by persistent id."""
    tensors: dict[str, Tensor] = {}
    for _ in member.entries():
        match member.load(_TENSOR_TYPES):
            case (int(key), int(storage), _) if storage in views:
                # The number of dimensions has 32 bits, and 32 more follow that mean nothing.
                (ndim,) = struct.unpack("<i4x", member.take(8))
                if not 0 <= ndim <= MAX_AXES:
                    raise ValueError(f"a tensor has {ndim} dimensions; it is damaged")
                shape, strides = member.integers(ndim), member.integers(ndim)
                offset = member.integers(1)[0]
                tensors[str(key)] = rebuild_tensor(views[storage], offset, shape, strides)
            case _:
                raise ValueError("it lists something that is no tensor; it is damaged")
    return tensors


def _tar_members(data: memoryview) -> dict[str, memoryview]:
    """Return views of the files in a tar archive by name."""
    members: dict[str, memoryview] = {}
    with tarfile.open(fileobj=MemoryFile(data, _MAX_HEADERS), mode="r:") as archive:
        for info in archive:
            if info.isreg():
                members[info.name.removeprefix("./")] = data[info.offset_data :][: info.size]
    return members
