"""The 1000 classes of ImageNet's challenge (ILSVRC 2012), in the order of every published net.

`imagenet_classes.txt` has a line for each: its WordNet number, and the words that WordNet 3.0
(Princeton University) has for it. Two classes are called "crane", hence the numbers.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def imagenet_classes() -> tuple[str, ...]:
    """Return the names of the classes, e.g. "tabby, tabby cat" for class 281."""
    text = Path(__file__).with_name("imagenet_classes.txt").read_text(encoding="utf-8")
    return tuple(line.partition(" ")[2] for line in text.splitlines())
