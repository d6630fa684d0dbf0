"""Writing PyTorch's three serialisations without PyTorch, the way its own writers do."""

import io
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from helpers.pickles import Call, Global, Persistent, pickled

ZIP, STACKED, TAR = SERIALISATIONS = ("zip archive", "stacked pickles", "tar archive")
TYPES = {
    "float64": "Double",
    "float32": "Float",
    "float16": "Half",
    "int64": "Long",
    "int32": "Int",
    "int16": "Short",
    "int8": "Char",
    "uint8": "Byte",
    "bool": "Bool",
}
MAGIC = 0x1950A86A20F9469CFC6C
MACHINE = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}


def storage_type(array: np.ndarray) -> Global:
    return Global("torch", f"{TYPES[array.dtype.name]}Storage")


def state_dict(kind: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return a state dict; the storages of its tensors are called "0", "1" ..."""
    return {
        name: tensor(kind, str(number), array)
        for number, (name, array) in enumerate(arrays.items())
    }


def numbered(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the storages of a state dict of these arrays."""
    return {str(number): array for number, array in enumerate(arrays.values())}


def tensor(kind: str, key: str, array: np.ndarray, **changes: Any) -> Any:
    """Return a tensor of the shape and strides of an array, or with some of these changed."""
    facts = {
        "type": storage_type(array),
        "numel": array.size,
        "offset": 0,
        "shape": array.shape,
        "strides": tuple(stride // array.itemsize for stride in array.strides),
    } | changes
    if kind == TAR:
        return Persistent(key)
    identity = ("storage", facts["type"], key, "cpu", facts["numel"])
    if kind == STACKED:
        identity += (facts.get("part"),)
    hooks = Call(Global("collections", "OrderedDict"), ())
    return Call(
        Global("torch._utils", "_rebuild_tensor_v2"),
        (Persistent(identity), facts["offset"], facts["shape"], facts["strides"], False, hooks),
    )


def write(kind: str, path: Path, value: Any, storages: dict[str, np.ndarray]) -> None:
    """Write an object and its storages."""
    {ZIP: write_zip, STACKED: write_stacked, TAR: write_tar}[kind](path, value, storages)


def write_state_dict(kind: str, path: Path, arrays: dict[str, np.ndarray]) -> None:
    write(kind, path, state_dict(kind, arrays), numbered(arrays))


def write_zip(
    path: Path,
    value: Any,
    storages: dict[str, np.ndarray],
    compression: int = zipfile.ZIP_STORED,
    byteorder: str = "little",
) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled(value))
        archive.writestr("archive/byteorder", byteorder)
        for key, array in storages.items():
            archive.writestr(f"archive/data/{key}", array.tobytes())
        archive.writestr("archive/version", "3\n")


def write_stacked(path: Path, value: Any, storages: dict[str, np.ndarray]) -> None:
    pickles = (MAGIC, 1001, MACHINE, value, sorted(storages))
    with path.open("wb") as file:
        file.write(b"".join(map(pickled, pickles)))
        for key in sorted(storages):
            file.write(struct.pack("<q", storages[key].size) + storages[key].tobytes())


def write_tar(path: Path, value: Any, storages: dict[str, np.ndarray]) -> None:
    held, tensors = pickled(len(storages)), pickled(len(storages))
    for number, (key, array) in enumerate(storages.items()):
        held += pickled((number, "cpu", storage_type(array)))
        held += struct.pack("<q", array.size) + array.tobytes()
        kind = Global("torch", f"{TYPES[array.dtype.name]}Tensor")
        tensors += pickled((int(key), number, kind)) + struct.pack("<q", array.ndim)
        strides = [stride // array.itemsize for stride in array.strides]
        tensors += struct.pack(f"<{2 * array.ndim + 1}q", *array.shape, *strides, 0)
    write_tar_members(path, held + pickled([]), tensors, pickled(value))


def write_tar_members(path: Path, storages: bytes, tensors: bytes, value: bytes) -> None:
    members = {"sys_info": pickled(MACHINE), "pickle": value, "tensors": tensors}
    with tarfile.open(path, "w:", format=tarfile.PAX_FORMAT) as archive:
        for name, content in (members | {"storages": storages}).items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            member.mtime = 0.5  # as of a real file: makes an extended header of type "x"
            archive.addfile(member, io.BytesIO(content))
