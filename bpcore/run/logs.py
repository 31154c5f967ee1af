"""Logs and limits: callbacks that write a line for each epoch, and that end a run by the clock."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path

from bpcore.run.callbacks import Epoch
from bpcore.words.errors import FileError, OptionError
from bpcore.words.finite import is_finite
from bpcore.words.protocols import Static

__all__ = ["JsonLines", "TimeLimit"]


class JsonLines:
    """Writes one line of JSON for each epoch, so that another program can follow the run.

    A line holds ``epoch``, the columns of the history, ``rate`` and ``seconds`` of the epoch; a number that
    is not finite is null. It is handed to the system as soon as it is written. A run that goes on from a
    checkpoint goes on in the file behind the checkpoint's epoch: no epoch is there twice. One that was ended
    before its first checkpoint begins anew, with `append` behind the lines that it had written.

    Parameters
    ----------
    path : path
        A file of that name is written anew by a run from the start.
    append : bool
        Whether such a run writes behind what is there instead.

    Raises
    ------
    FileError
        From the run, when a line cannot be written.
    """

    only_looks = True

    def __init__(self, path: str | os.PathLike[str], *, append: bool = False) -> None:
        self.path, self.append = Path(path), append
        self._size: int | None = None

    def __repr__(self) -> str:
        return f"JsonLines({str(self.path)!r}{', append=True' if self.append else ''})"

    def started(self, epochs: int) -> None:
        """Forget another run's file; the first line makes its own. There must be a folder for it."""
        self._size = None
        if not self.path.parent.is_dir():
            what = f"there is no folder {self.path.parent}"
            raise FileError(self.path, what, "Make it, or name another.")

    def epoch_done(self, epoch: Epoch) -> None:
        """Write the line."""
        numbers = {**epoch.row, "rate": epoch.rate, "seconds": round(epoch.seconds, 6)}
        finite = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        line = json.dumps({"epoch": epoch.number, **finite}) + "\n"
        fresh = self._size is None and not self.append and epoch.number == 1
        try:
            with self.path.open("wb" if fresh else "ab") as file:
                file.write(line.encode("ascii"))
                file.flush()
                self._size = file.tell()
        except OSError as error:
            raise FileError(self.path, f"cannot be written: {error.strerror}", "Name another.") from error

    def kept(self) -> int | None:
        """Return how many bytes were written."""
        return self._size

    def resumed(self, kept: Static) -> None:
        """Take away the lines of epochs that are going to be made again, and one that was cut off."""
        self._size = kept
        if kept is None or not self.path.exists():
            return
        try:
            size = self.path.stat().st_size
            whole = kept if size >= kept else self.path.read_bytes().rfind(b"\n") + 1
            if size > whole:
                os.truncate(self.path, whole)
        except OSError as error:
            raise FileError(self.path, f"cannot be cut to what was: {error.strerror}") from error


class TimeLimit:
    """Ends a run after the epoch in which so many seconds have passed.

    Parameters
    ----------
    seconds : float > 0
        Of this call: a run that goes on from a checkpoint has as many again.
    """

    only_looks = True

    def __init__(self, seconds: float, /) -> None:
        if not is_finite(seconds) or seconds <= 0:
            raise OptionError("seconds of TimeLimit", seconds, "a finite number above 0")
        self.seconds = seconds
        self._began = time.monotonic()

    def started(self, epochs: int) -> None:
        """Look at the clock."""
        self._began = time.monotonic()

    def epoch_done(self, epoch: Epoch) -> bool:
        """Return whether the time is over."""
        return time.monotonic() - self._began >= self.seconds
