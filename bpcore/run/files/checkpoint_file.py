"""The file of a checkpoint: safetensors, sealed by a checksum over every byte. Nothing in it runs.

One entry of the metadata holds it all: the checksum, a space, and JSON. The checksum is the SHA-256 of the
file with 64 zeros in its place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from bpcore.ground.registry import backend as find_backend
from bpcore.run.files.missing import unreadable
from bpcore.run.files.packing import packed, unpacked
from bpcore.run.files.whole_file import write_whole
from bpcore.words.errors import FileError
from bpcore.words.protocols import Array, Tree

__all__ = ["FORMAT", "content_of", "read_checkpoint", "value_of", "write_checkpoint"]

FORMAT = 2
"""Of the JSON and of what it means: 2 may be inside an epoch. A reader refuses every later one."""

ENTRY = b'"checkpoint":"'
"""What stands in the file before the checksum."""

ZEROS = b"0" * 64
DO = "Bring back a copy of it, or take it away and begin anew."


def write_checkpoint(path: Path, value: Mapping[str, Tree]) -> Path:
    """Write `value`, whose arrays are on the host, so that a file of that name is always whole.

    Raises
    ------
    FileError
        It cannot be written; the file that was there is then as it was.
    """
    return write_whole(path, content_of(value))


def content_of(value: Mapping[str, Tree], number: int = FORMAT) -> bytes:
    """Return the bytes of the file."""
    from safetensors import numpy as format  # loaded when a file is written, not before

    arrays: dict[str, Array] = {}
    about = {"format": number, "value": packed(dict(value), arrays)}
    host = find_backend("numpy").namespace
    tensors = {name: host.asarray(array, order="C") for name, array in arrays.items()}
    entry = f"{ZEROS.decode('ascii')} {json.dumps(about)}"
    content = format.save(tensors, metadata={"checkpoint": entry})
    return content.replace(ENTRY + ZEROS, ENTRY + _sum(content), 1)


def _sum(content: bytes) -> bytes:
    return sha256(content).hexdigest().encode("ascii")


def read_checkpoint(path: Path) -> dict[str, Tree]:
    """Return what was written, its arrays on the host.

    Raises
    ------
    FileError
        It cannot be read; it is no checkpoint, or of another format; a bit of it is not as it was.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error, wanted="a checkpoint of bpcore") from error
    return value_of(path, content)


def value_of(path: Path, content: bytes) -> dict[str, Tree]:
    """Return what the bytes of a file hold; `path` is for the errors, those of `read_checkpoint`."""
    from safetensors import SafetensorError
    from safetensors import numpy as format

    _check_whole(path, content)
    try:
        tensors = format.load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        about = json.loads(header["__metadata__"]["checkpoint"][len(ZEROS) :])
        number = about["format"]
        value = dict(unpacked(about["value"], tensors)) if number in (1, FORMAT) else {}
    except (SafetensorError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise FileError(path, "is a checkpoint that cannot be understood", DO) from error
    if number not in (1, FORMAT):
        what = f"is a checkpoint of format {number}, and this version of bpcore reads up to {FORMAT}"
        raise FileError(path, what, "Go on with the version that wrote it.")
    return value


def _check_whole(path: Path, content: bytes) -> None:
    """Compare the checksum, before anything in the file is believed."""
    end = 8 + int.from_bytes(content[:8], "little")
    place = content.find(ENTRY, 8, min(end, len(content)))
    if place < 0:
        what = "is empty" if not content else "is no checkpoint of bpcore, or its beginning is damaged"
        raise FileError(path, what, f"Name another file. {DO}" if content else DO)
    start = place + len(ENTRY)
    told = content[start : start + len(ZEROS)]
    digest = sha256(content[:start])
    digest.update(ZEROS)
    digest.update(memoryview(content)[start + len(told) :])
    if digest.hexdigest().encode("ascii") != told:
        raise FileError(path, "is damaged or cut off: its checksum does not fit", DO)
