"""Ctrl-C in a run with a checkpoint: the step is finished and saved; a second one stops at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import Any, Self

__all__ = ["Interrupts", "Stopped"]


class Stopped(KeyboardInterrupt):
    """A run was stopped by Ctrl-C, and what it had reached was saved.

    Parameters
    ----------
    epoch, epochs : int
        How many are made, and were to be.
    path : str
        The checkpoint.
    step : int
        How many steps of the next epoch are made.
    """

    def __init__(self, epoch: int, epochs: int, path: str, step: int = 0) -> None:
        self.epoch, self.epochs, self.path, self.step = epoch, epochs, path, step
        at = f"step {step} of epoch {epoch + 1}" if step else f"epoch {epoch}"
        super().__init__(
            f"stopped after {at} of {epochs}, saved in {path}: the same call with the same "
            "checkpoint goes on from there"
        )


class Interrupts:
    """While it is entered, in the main thread, the first Ctrl-C only sets `came`.

    Attributes
    ----------
    came : bool
    """

    def __init__(self) -> None:
        self.came = False
        self._before: Any = None
        self._ours = False

    def __enter__(self) -> Self:
        main = threading.current_thread() is threading.main_thread()
        self._ours = main and signal.getsignal(signal.SIGINT) != signal.SIG_IGN  # as under nohup
        if self._ours:
            self._before = signal.signal(signal.SIGINT, self._first)
        return self

    def __exit__(self, *error: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.SIG_DFL if self._before is None else self._before)

    def _first(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _say("finishing the step, then saving; Ctrl-C again stops at once\n")


def _say(line: str) -> None:
    """Write to standard error past its buffer, which the interrupted code may be in the middle of."""
    with suppress(OSError, ValueError, AttributeError):  # there is none, or it is no file
        os.write(sys.stderr.fileno(), line.encode("ascii"))
