"""Pickles of arrays, executed by a machine that can do nothing else.

A pickle is a program for a machine with a stack and a memo. Python's own machine imports what the
program names and calls what it finds on the stack. Even with nothing to import it makes room for
all places of the memo up to the one that is named (9 bytes, which name number 2^27, take 2 GB), and
hashes keys that take for ever. This one has only the instructions that arrays, texts, numbers,
lists and dicts are written with; it calls the functions that it was given, and gives state to
stand-ins only.

Source: the descriptions in CPython's Lib/pickletools.py
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

# Some seconds. Forty instructions make a tensor, so this is the state of thousands of layers.
_MAX_STEPS = 1_000_000
_MAX_NAME = 1000  # bytes
_MAX_COPIED = 255  # bytes; more are numbers, not texts

_Function = Callable[..., Any]


class StandIn:
    """Something that keeps the state that a pickle gives it, for the reader to look at."""

    state: Any = None


def restricted_load(
    data: memoryview,
    allowed: Mapping[tuple[str, str], _Function],
    persistent_load: Callable[[Any], Any] | None = None,
    *,
    encoding: str,
    start: int = 0,
) -> tuple[Any, int]:
    """Read one pickle of protocol 2 to 5.

    Parameters
    ----------
    allowed : mapping of (module, name) to function
        All that the pickle may name. These are called with whatever it likes, so they must check
        it, and take time in proportion to it.
    persistent_load : function, optional
        Returns the object that a persistent id stands for; without it there may be none.
    encoding : str
        Of the texts of Python 2; "bytes" leaves them as bytes.
    start : int
        Where the pickle begins.

    Returns
    -------
    object
        Made of dict (keys: str, bytes, numbers, None), list, tuple, str, bytes, int, float, bool,
        None and what the functions return; bytes of more than 255 are views of `data`. It may
        contain itself.
    int
        Where the pickle ends.

    Raises
    ------
    ValueError
        If it does anything else than what is allowed, or is damaged.
    """
    machine = _Machine(data, allowed, persistent_load, encoding, start)
    try:
        return machine.run(), machine.position
    except (IndexError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"its pickle is damaged ({type(error).__name__}: {error})") from error


def checked_key(key: Any) -> Any:
    """Return the key of a dict, unless hashing it could take for ever; ValueError then."""
    # Large integers could be chosen so that they all collide, tuples hold each other twice.
    is_number = isinstance(key, float) or (isinstance(key, int) and abs(key) < 1 << 31)
    if not is_number and not isinstance(key, str | bytes | None):
        raise ValueError(f"its pickle has a {type(key).__name__} as the key of a dict")
    return key


class _Machine:
    def __init__(
        self,
        data: memoryview,
        allowed: Mapping[tuple[str, str], _Function],
        persistent_load: Callable[[Any], Any] | None,
        encoding: str,
        start: int,
    ) -> None:
        self.position = start
        self._data = data
        self._allowed = allowed
        self._persistent_load = persistent_load
        self._encoding = encoding
        self._steps_left = _MAX_STEPS
        self._stack: list[Any] = []
        self._marks: list[list[Any]] = []  # the stack below each mark
        self._memo: dict[int, Any] = {}

    def run(self) -> Any:
        """Execute instructions up to the one that stops."""
        while True:
            self._count(1)
            instruction = bytes(self._take(1))
            if instruction == b".":
                return self._stack.pop()
            self._step(instruction)

    def _step(self, instruction: bytes) -> None:
        """Execute one instruction; the letters are those of the format."""
        push, pop = self._stack.append, self._stack.pop
        match instruction:
            case b"\x80":  # protocol
                self._take(1)
            case b"\x95":  # frame
                self._take(8)
            case b"(":
                self._marks.append(self._stack)
                self._stack = []
            case b"N":
                push(None)
            case b"\x88":
                push(True)
            case b"\x89":
                push(False)
            case b"K":
                push(self._unsigned(1))
            case b"M":
                push(self._unsigned(2))
            case b"J":
                push(struct.unpack("<i", self._take(4))[0])
            case b"\x8a":
                push(int.from_bytes(self._take(self._unsigned(1)), "little", signed=True))
            case b"G":
                push(struct.unpack(">d", self._take(8))[0])
            case b"U":
                push(self._python2_text(self._bytes(1)))
            case b"T":
                push(self._python2_text(self._bytes(4)))
            case b"\x8c":
                push(str(self._take(self._unsigned(1)), "utf-8"))
            case b"X":
                push(str(self._take(self._unsigned(4)), "utf-8"))
            case b"\x8d":
                push(str(self._take(self._unsigned(8)), "utf-8"))
            case b"C":
                push(self._bytes(1))
            case b"B":
                push(self._bytes(4))
            case b"\x8e":
                push(self._bytes(8))
            case b"]":
                push([])
            case b"}":
                push({})
            case b")":
                push(())
            case b"t":
                items = self._pop_to_mark()
                self._stack.append(tuple(items))
            case b"\x85" | b"\x86" | b"\x87":
                count = instruction[0] - 0x84
                self._stack[-count:] = [tuple(self._last(count))]
            case b"a":
                self._extend([pop()])
            case b"e":
                self._extend(self._pop_to_mark())
            case b"s":
                items = self._last(2)
                del self._stack[-2:]
                self._update(items)
            case b"u":
                self._update(self._pop_to_mark())
            case b"q":
                self._memo[self._unsigned(1)] = self._stack[-1]
            case b"r":
                self._memo[self._unsigned(4)] = self._stack[-1]
            case b"\x94":
                self._memo[len(self._memo)] = self._stack[-1]
            case b"h":
                push(self._memo[self._unsigned(1)])
            case b"j":
                push(self._memo[self._unsigned(4)])
            case b"c":
                push(self._named(self._line(), self._line()))
            case b"\x93":
                name, module = pop(), pop()
                push(self._named(module, name))
            case b"R" | b"\x81":  # call, make an instance
                arguments, function = pop(), pop()
                push(self._call(function, arguments))
            case b"b":
                state = pop()
                self._build(self._stack[-1], state)
            case b"Q" if self._persistent_load:
                push(self._persistent_load(pop()))
            case _:
                raise ValueError(
                    f"its pickle has the instruction {instruction!r}, not allowed here"
                )

    def _named(self, module: Any, name: Any) -> _Function:
        if not isinstance(module, str) or not isinstance(name, str):
            raise ValueError("its pickle names something without a name")
        if (module, name) not in self._allowed:
            raise ValueError(
                f"it asks for {module[:60]}.{name[:60]}, which may run any program: it is pickled "
                "code (a whole module, perhaps) and not plain arrays"
            )
        return self._allowed[module, name]

    def _call(self, function: Any, arguments: Any) -> Any:
        # By identity: an object that a function has returned may not be called in its turn.
        is_known = any(function is known for known in self._allowed.values())
        if not is_known or type(arguments) is not tuple:
            raise ValueError("its pickle calls something else than a function")
        # So that a long list, once made, is not copied by each of many calls.
        self._count(sum(len(each) for each in arguments if isinstance(each, list | tuple | dict)))
        return function(*arguments)

    def _build(self, target: Any, state: Any) -> None:
        if isinstance(target, StandIn):
            target.state = state
        elif type(target) is not dict:  # an OrderedDict's attributes are of no interest
            raise ValueError(f"its pickle gives a state to a {type(target).__name__}")

    def _extend(self, items: list[Any]) -> None:
        if type(self._stack[-1]) is not list:
            raise ValueError("its pickle appends to something else than a list")
        self._stack[-1].extend(items)

    def _update(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if type(target) is not dict or len(items) % 2:
            raise ValueError("its pickle sets items of something else than a dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[checked_key(key)] = value

    def _pop_to_mark(self) -> list[Any]:
        items, self._stack = self._stack, self._marks.pop()
        return items

    def _last(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise ValueError("its pickle takes more than there is")
        return self._stack[-count:]

    def _line(self) -> str:
        line, end, _ = bytes(self._data[self.position : self.position + _MAX_NAME]).partition(b"\n")
        if not end:
            raise ValueError("its pickle has a name that does not end")
        self.position += len(line) + 1
        return line.decode()

    def _bytes(self, width: int) -> bytes | memoryview:
        """Return bytes whose count comes first, long ones without copying them."""
        raw = self._take(self._unsigned(width))
        return raw if len(raw) > _MAX_COPIED else bytes(raw)

    def _python2_text(self, raw: bytes | memoryview) -> str | bytes | memoryview:
        return raw if self._encoding == "bytes" else str(raw, self._encoding)

    def _unsigned(self, width: int) -> int:
        return int.from_bytes(self._take(width), "little")

    def _take(self, count: int) -> memoryview:
        raw = self._data[self.position : self.position + count]
        if len(raw) < count:
            raise ValueError(f"its pickle claims {count} bytes that are not there; it is truncated")
        self.position += count
        return raw

    def _count(self, steps: int) -> None:
        self._steps_left -= steps
        if self._steps_left < 0:
            raise ValueError(f"its pickle has more than {_MAX_STEPS} instructions")
