"""Writing a file so that one of its name is always whole: beside its place, then renamed."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from bpcore.words.errors import FileError

__all__ = ["remove_stale", "write_whole"]


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file beside its place, make sure it is on the disk, and rename it.

    Raises
    ------
    FileError
        It cannot be written; what was there is then as it was, and nothing is left beside it.
    """
    if path.exists() and not path.is_file() and not path.is_dir():  # a device, a pipe
        raise FileError(path, "is no ordinary file", "Name another one.")
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror}", "Name another folder.") from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).chmod(0o666 & ~_umask())
        Path(beside).replace(path)
        _settle(path.parent)
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror}") from error
    finally:
        Path(beside).unlink(missing_ok=True)
    return path


def remove_stale(path: Path) -> None:
    """Remove what writers of `path` left beside it that were killed. None may be at work."""
    left = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}")  # as mkstemp names it
    for beside in path.parent.glob(".*"):
        if left.fullmatch(beside.name):
            with suppress(OSError):
                beside.unlink()


def _settle(folder: Path) -> None:
    """Make sure that the new name is on the disk, where the system lets one do so."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _umask() -> int:
    """Return the permissions that new files of this process do without."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
