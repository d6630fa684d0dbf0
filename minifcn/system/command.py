"""What the commands have in common before they do anything."""

from __future__ import annotations

import argparse


def command_parser(name: str, description: str) -> argparse.ArgumentParser:
    """Return the parser of `python -m minifcn.NAME`, with a description shown as it is written."""
    return argparse.ArgumentParser(
        prog=f"python -m minifcn.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
