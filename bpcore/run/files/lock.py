"""A lock on a file: one process at a time, and none when its holder has died."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bpcore.words.errors import FileError
from bpcore.words.frames import stack_level

__all__ = ["locked"]

HELD = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES, errno.EDEADLK)
"""What the system says where another process holds the lock; all else means that there are no locks."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file, which is a file beside it named ``<path>.lock``.

    The system gives the lock back when the process ends, in whichever way; the file may then stay, and
    bars nobody.

    Raises
    ------
    FileError
        Another run holds it, or no file can be made there.

    Warns
    -----
    UserWarning
        The file system has no locks, as some that are shared by several machines.
    """
    place = Path(os.path.realpath(path))  # one lock for all names of a file
    beside = place.with_name(f"{place.name}.lock")
    handle = _opened(path, beside)
    try:
        _sign(path, handle)
        yield
    finally:
        with suppress(OSError):
            beside.unlink()
        os.close(handle)
        if sys.platform == "win32":  # where a file that is open stays
            with suppress(OSError):
                beside.unlink()


def _sign(path: Path, handle: int) -> None:
    """Write into the file who holds it."""
    try:
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode("ascii"))
    except OSError as error:
        raise FileError(path, f"cannot be locked: {error.strerror}", "Name another folder.") from error


def _opened(path: Path, beside: Path) -> int:
    while True:
        try:
            handle = os.open(beside, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise FileError(path, f"cannot be locked: {error.strerror}", "Name another folder.") from error
        try:
            taken = _taken(handle)
        except OSError as error:
            _say_unlocked(path, error)
            return handle
        if not taken:
            holder = os.read(handle, 32).decode("ascii", "replace").strip()
            os.close(handle)
            who = f"another run, process {holder}," if holder.isdecimal() else "another run"
            raise FileError(path, f"{who} is using it", "Wait for its end, or name another checkpoint.")
        if _is_still(handle, beside):
            return handle
        os.close(handle)  # its holder took it away between our opening and our locking


def _say_unlocked(path: Path, error: OSError) -> None:
    words = f"{path}: cannot be locked here: {error.strerror}. See to it that no other run uses it."
    warnings.warn(words, UserWarning, stacklevel=stack_level())


def _is_still(handle: int, beside: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), beside.stat())
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    FAR = 2**30
    """The byte that is locked: one that nobody reads."""

    def _taken(handle: int) -> bool:
        os.lseek(handle, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno not in HELD:
                raise
            return False
        finally:
            os.lseek(handle, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _taken(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in HELD:
                raise
            return False
        return True
