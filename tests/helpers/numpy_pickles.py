"""Writing `.npy` files: with any header, and dicts of layers as Python 2 and 3 pickled them."""

from pathlib import Path

import numpy as np

Layers = dict[str, list[np.ndarray]]


def npy_bytes(header: str | bytes, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    """Return an .npy file with any header."""
    text = header.encode() if isinstance(header, str) else header
    length = len(text).to_bytes(2 if version == b"\1\0" else 4, "little")
    return b"\x93NUMPY" + version + length + text + data


def described(shape: str, descr: str = "'<f4'") -> str:
    """Return the header of an array; shape and type are Python's notation of them."""
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}"


def save_python3(path: Path, layers: Layers) -> None:
    with path.open("wb") as file:  # a name would be given an ending
        np.save(file, np.array(layers, object), allow_pickle=True)


def save_python2(path: Path, layers: Layers) -> None:
    """Write what NumPy 1 on Python 2 wrote: texts for names and for the numbers' bytes."""

    def text(value: bytes | str) -> bytes:
        raw = value.encode() if isinstance(value, str) else value
        return b"T" + len(raw).to_bytes(4, "little") + raw

    def integer(value: int) -> bytes:
        return b"J" + value.to_bytes(4, "little")

    def pickled(shape, dtype: bytes, data: bytes) -> bytes:
        new = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR"
        sizes = b"".join(map(integer, shape))
        return new + b"(K\x01(" + sizes + b"t" + dtype + b"\x89" + data + b"tb"

    def dtype(code: str, order: str, flags: int) -> bytes:
        minus_one = b"J\xff\xff\xff\xff"
        state = b"(K\x03" + text(order) + b"NNN" + minus_one * 2 + integer(flags) + b"tb"
        return b"cnumpy\ndtype\n(" + text(code) + b"K\x00K\x01tR" + state

    content = b"}("
    for name, pair in layers.items():
        content += text(name) + b"]("
        for array in pair:
            code = dtype(array.dtype.str[1:], "<", 0)
            content += pickled(array.shape, code, text(array.tobytes()))
        content += b"e"
    content += b"u"
    whole = pickled((), dtype("O8", "|", 63), b"]" + content + b"a")
    path.write_bytes(npy_bytes(described("()", "'|O'")) + b"\x80\x02" + whole + b".")
