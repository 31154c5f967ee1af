"""Writing a file so that one of its name is always whole: beside its place, then renamed."""

from __future__ import annotations

import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path

from bpcore.words.errors import FileError

__all__ = ["HOUR", "remove_stale", "write_whole"]


MARK = ".bpcore-tmp"
"""What the names of files end with that are being written."""
HOUR = 3600.0
"""Seconds after which such a file is nobody's any more, where it is not known that none is at work."""


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file beside its place, make sure it is on the disk, and rename it.

    A link is written through: what it leads to is replaced.

    Raises
    ------
    FileError
        It cannot be written; what was there is then as it was, and nothing is left beside it.
    """
    if path.exists() and not path.is_file() and not path.is_dir():  # a device, a pipe
        raise FileError(path, "is no ordinary file", "Name another one.")
    place = Path(os.path.realpath(path))
    beside = place.with_name(f".{place.name}.{secrets.token_hex(4)}{MARK}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror}", "Name another folder.") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
        _settle(place.parent)
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
    return path


def remove_stale(path: Path, *, older: float = 0.0) -> None:
    """Remove what writers of `path` left beside it that were killed, so many seconds ago at least.

    With 0 none may be at work.
    """
    place = Path(os.path.realpath(path))
    left = re.compile(rf"\.{re.escape(place.name)}\.[0-9a-f]{{8}}{re.escape(MARK)}")
    for beside in place.parent.glob(f".*{MARK}"):
        if left.fullmatch(beside.name):
            with suppress(OSError):
                if time.time() - beside.stat().st_mtime >= older:
                    beside.unlink()


def _settle(folder: Path) -> None:
    """Make sure that the new name is on the disk, where the system lets one do so."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
