"""What is known of a file that can be downloaded."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Kind = Literal["weights", "data"]
Then = Literal["convert", "extract", "keep"]


class RemoteFile(NamedTuple):
    """A file that can be downloaded, and what is done with it then."""

    name: str  # what the command calls it
    file: str  # its path in the cache folder
    addresses: tuple[str, ...]  # all give the same bytes; http, https or ftp
    kind: Kind
    purpose: str  # what it is, in a few words
    terms: str  # its licence, as far as the source states one
    # Where its size and checksum are documented. None was computed here.
    basis: str
    # "sha256:...", "sha1:...", "md5:..." in full, or "sha256-prefix:..." with its beginning; each
    # is of one published version, and the file must match one of them. Empty if none is documented.
    checksums: tuple[str, ...] = ()
    size: int | None = None  # bytes, if documented exactly
    about: int | None = None  # megabytes, where only that is known; for people
    then: Then = "convert"  # weights that minifcn has no net for are kept as they are
    # The architecture of an FCN, e.g. "fcn8s-at-once"; of some the file itself does not tell.
    arch: str | None = None
    # For "convert", where the file itself does not tell what images the net was trained on.
    colours: Literal["caffe"] | None = None
    folder: str = ""  # for "extract": the folder that is made, below the cache folder
    holds: str = ""  # for "extract": a path that tells which folder of the archive is meant


NO_CHECKSUM = "no checksum is documented: the first fetch is trusted"
VGG_TERMS = "Oxford VGG's weights, CC BY 4.0"
KEPT = "(kept as it is: minifcn has no such net)"


def google_drive(file_id: str) -> str:
    """Return the address of a file on Google Drive that does not ask whether one is sure."""
    return f"https://drive.usercontent.google.com/download?id={file_id}&export=download&confirm=t"


def entry(name: str, address: str, purpose: str, **known: Any) -> RemoteFile:
    """Return an entry of the catalogue: weights of Oxford VGG's, or what `known` says.

    Parameters
    ----------
    name, address, purpose : str
        The file is called as at its address.
    **known
        Other fields of `RemoteFile`; `others` are further addresses.
    """
    fields: dict[str, Any] = {"terms": VGG_TERMS, "basis": NO_CHECKSUM, "kind": "weights", **known}
    others = fields.pop("others", ())
    file = fields.pop("file", address.rpartition("/")[2])
    return RemoteFile(name=name, file=file, addresses=(address, *others), purpose=purpose, **fields)
