"""An assembler of pickles: what the tests write without having what the pickles refer to."""

import struct
from typing import Any, NamedTuple


class Global(NamedTuple):
    """Something that is referred to by its module and name."""

    module: str
    name: str


class Call(NamedTuple):
    """What a function returns (REDUCE)."""

    function: Any
    arguments: Any


class Built(NamedTuple):
    """An object that is given a state (BUILD)."""

    value: Any
    state: Any


class Persistent(NamedTuple):
    """Something outside of the pickle (BINPERSID)."""

    identity: Any


class Python2(NamedTuple):
    """A string as Python 2 wrote it (SHORT_BINSTRING)."""

    text: str


def pickled(value: Any) -> bytes:
    """Return a pickle of protocol 2."""
    return b"\x80\x02" + instructions(value) + b"."


def instructions(value: Any) -> bytes:
    """Return the instructions that leave a value on the stack."""
    match value:
        case Global(module, name):
            return f"c{module}\n{name}\n".encode()
        case Call(function, arguments):
            return instructions(function) + instructions(arguments) + b"R"
        case Built(inner, state):
            return instructions(inner) + instructions(state) + b"b"
        case Persistent(identity):
            return instructions(identity) + b"Q"
        case Python2(text):
            return b"U" + bytes([len(text)]) + text.encode("latin1")
        case None | True | False:
            return {None: b"N", True: b"\x88", False: b"\x89"}[value]
        case int() if 0 <= value < 1 << 31:
            return b"J" + struct.pack("<i", value)
        case int():
            size = value.bit_length() // 8 + 1
            return b"\x8a" + bytes([size]) + value.to_bytes(size, "little", signed=True)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case tuple():
            return b"(" + b"".join(map(instructions, value)) + b"t"
        case list():
            return b"](" + b"".join(map(instructions, value)) + b"e"
        case dict():
            items = [instructions(part) for item in value.items() for part in item]
            return b"}(" + b"".join(items) + b"u"
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be assembled")
