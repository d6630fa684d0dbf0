"""What may happen to the bytes of a file; the same for the same random state."""

import re
from collections.abc import Callable, Sequence
from random import Random

_HEAD = 1024  # bytes; most formats describe the rest of a file in them
_NUMBER = re.compile(rb"-?\d+")
# What stands for a number where numbers are written out, as in JSON.
_WRITTEN = (
    *(b"0", b"-1", b"1.5", b"1e999", b"NaN", b"-Infinity", b"null", b"true", b'"x"', b"[]", b"{}"),
    *(b"255", b"256", b"65536", b"4294967296", b"9" * 30, b"9" * 5000, b"[" * 5000),
)


def _place(content: bytes, random: Random) -> int:
    """Return a place in a file; every second one is near its beginning."""
    reach = len(content) if random.random() < 0.5 else min(len(content), _HEAD)
    return random.randrange(reach + 1)


def _range(content: bytes, random: Random) -> tuple[int, int]:
    """Return where some bytes begin and end, mostly few of them."""
    start = _place(content, random)
    return start, min(len(content), start + int(len(content) ** random.random()))


def flip_bits(content: bytes, random: Random, other: bytes) -> bytes:
    """Turn one to eight bits over."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 8)):
        place = min(_place(content, random), len(content) - 1)
        changed[place] ^= 1 << random.randrange(8)
    return bytes(changed)


def set_bytes(content: bytes, random: Random, other: bytes) -> bytes:
    """Set one to four bytes to any value."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 4)):
        changed[min(_place(content, random), len(content) - 1)] = random.randrange(256)
    return bytes(changed)


def set_integer(content: bytes, random: Random, other: bytes) -> bytes:
    """Set what may be an integer of up to eight bytes to one of the ends of its range."""
    size, order = random.choice((1, 2, 4, 8)), random.choice(("little", "big"))
    most = (1 << 8 * size) - 1
    near = len(content) + random.randint(-2, 2)
    value = random.choice((0, 1, most, most - 1, most >> 1, (most >> 1) + 1, near & most))
    start = _place(content, random)
    return content[:start] + value.to_bytes(size, order) + content[start + size :]


def set_written_number(content: bytes, random: Random, other: bytes) -> bytes:
    """Write something else where digits stand."""
    found = list(_NUMBER.finditer(content))
    if not found:
        return content
    start, stop = random.choice(found).span()
    return content[:start] + random.choice(_WRITTEN) + content[stop:]


def cut(content: bytes, random: Random, other: bytes) -> bytes:
    """Cut the end off."""
    return content[: random.randrange(len(content))]


def extend(content: bytes, random: Random, other: bytes) -> bytes:
    """Put bytes behind the end."""
    return content + random.randbytes(random.randint(1, 2000))


def splice(content: bytes, random: Random, other: bytes) -> bytes:
    """Put a part of another file in place of some bytes."""
    start, stop = _range(content, random)
    first, last = _range(other, random)
    return content[:start] + other[first:last] + content[stop:]


def remove(content: bytes, random: Random, other: bytes) -> bytes:
    """Take some bytes out."""
    start, stop = _range(content, random)
    return content[:start] + content[stop:]


def repeat(content: bytes, random: Random, other: bytes) -> bytes:
    """Repeat some bytes, up to a thousand times."""
    start, stop = _range(content, random)
    return content[:start] + content[start:stop] * random.choice((2, 3, 30, 1000)) + content[stop:]


def zero(content: bytes, random: Random, other: bytes) -> bytes:
    """Set some bytes to zero."""
    start, stop = _range(content, random)
    return content[:start] + bytes(stop - start) + content[stop:]


def swap(content: bytes, random: Random, other: bytes) -> bytes:
    """Exchange two parts of the file."""
    (a, b), (c, d) = sorted((_range(content, random), _range(content, random)))
    b, c = min(b, c), max(b, c)
    d = max(c, d)
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


MUTATIONS: tuple[Callable[[bytes, Random, bytes], bytes], ...] = (
    *(flip_bits, set_bytes, set_integer, set_written_number, cut, extend),
    *(splice, remove, repeat, zero, swap),
)
# Those that leave a text a text.
_OF_TEXTS = (*(set_written_number,) * 4, cut, remove, repeat, swap)
_MOST_BYTES = 4 << 20


def mutated(content: bytes, random: Random, others: Sequence[bytes]) -> bytes:
    """Return a file after one to three things happened to it.

    Parameters
    ----------
    content : bytes
        At least one.
    random : Random
    others : sequence of bytes
        Files that parts may come from.
    """
    for _ in range(random.choice((1, 1, 2, 3))):
        if content:
            is_text = content.isascii() and b"\0" not in content
            change = random.choice(_OF_TEXTS if is_text and random.random() < 0.7 else MUTATIONS)
            content = change(content, random, random.choice(others) or b"\0")[:_MOST_BYTES]
    return content
