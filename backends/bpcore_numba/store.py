"""The folder in which compiled code is kept from one process to the next."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import warnings
from functools import cache
from pathlib import Path

from bpcore.words.frames import stack_level

__all__ = ["FOLDER", "folder", "keep", "kept"]

FOLDER = "BPCORE_CACHE"
"""The environment variable that moves the folder."""
DIGEST = 32
"""Bytes in front of the code, by which it is seen to be whole."""


def folder() -> Path:
    """Return the folder: where the variable says, else where the platform keeps such things."""
    given = os.environ.get(FOLDER)
    if given:
        return Path(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "bpcore" / "numba"


def kept(name: str) -> bytes | None:
    """Return what was kept under that name, or None; what is not whole is not taken."""
    try:
        found = (folder() / f"{name}.o").read_bytes()
    except (OSError, RuntimeError):  # RuntimeError: there is no home
        return None
    digest, code = found[:DIGEST], found[DIGEST:]
    return code if hashlib.sha256(code).digest() == digest else None


def keep(name: str, code: bytes) -> None:
    """Keep the code; where nothing can be written, nothing is, and a folder that was asked for is named once.

    The file is written beside its place and moved there in one step, so that another process sees all of
    it or none.
    """
    try:
        place = folder()
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=place, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(hashlib.sha256(code).digest() + code)
            Path(beside).replace(place / f"{name}.o")
        except OSError:
            Path(beside).unlink(missing_ok=True)
            raise
    except (OSError, RuntimeError) as error:
        if os.environ.get(FOLDER):
            _say(str(folder()), str(getattr(error, "strerror", None) or error))


@cache
def _say(place: str, why: str) -> None:
    message = (
        f"compiled code is not kept: the folder of the environment variable {FOLDER}, {place}, cannot be "
        f"written ({why}). Name another one, or take the variable out."
    )
    warnings.warn(message, RuntimeWarning, stacklevel=stack_level())
