"""Which line of the user's code it was: looked for when something has gone wrong, and not before."""

from __future__ import annotations

import inspect
import linecache
import os
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from types import FrameType

from bpcore.derivatives.arrays.tape import Call, Tape

__all__ = ["LinedTape", "callers_line", "nearest_line", "say_where", "shown_line"]


_LIBRARIES = tuple(
    os.path.realpath(sysconfig.get_path(name)) + os.sep
    for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
"""Where files lie that are nobody's own: Python's, and installed packages."""


def callers_line(*libraries: str) -> str:
    """Return file and line of the nearest caller that is the user's own code.

    Where there is none up to the recording, it is the nearest caller outside bpcore and the arrays'
    `libraries`.
    """
    return nearest_line(_frames(inspect.currentframe()), *libraries)


def nearest_line(frames: Iterable[tuple[FrameType, int]], *libraries: str) -> str:
    """Return file and line of the first of the frames, from the innermost, that is the user's own code."""
    found = ""
    for frame, line in frames:
        module = str(frame.f_globals.get("__name__", ""))
        if module == _RECORDING:
            break
        top = module.partition(".")[0]
        if top == "bpcore" or top.startswith("bpcore_") or top in libraries:
            continue
        place = f"{frame.f_code.co_filename}:{line}"
        if not os.path.realpath(frame.f_code.co_filename).startswith(_LIBRARIES):
            return place
        found = found or place
    return found or "an unknown line"


LONGEST = 80
"""Letters of a line of code that are shown."""

_RECORDING = "bpcore.program.record"


def _frames(frame: FrameType | None) -> Iterator[tuple[FrameType, int]]:
    while frame is not None:
        yield frame, frame.f_lineno
        frame = frame.f_back


def shown_line(where: str) -> str:
    """Return the text of a line ``file:number``, or nothing where it cannot be had."""
    file, _, number = where.rpartition(":")
    text = linecache.getline(file, int(number)).strip() if number.isdigit() else ""
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


class LinedTape(Tape):
    """A tape that writes down the user's line beside each call."""

    __slots__ = ("lines",)

    def __init__(self, tape: Tape) -> None:
        super().__init__(tape.space, tape.inputs)
        self.lines: list[str] = []
        self.append = self._append

    def _append(self, call: Call) -> None:
        self.calls.append(call)
        self.lines.append(callers_line(self.space.backend.namespace.__name__.partition(".")[0]))


def say_where(error: Exception, tape: Tape, slot: int, again: Callable[[Tape], object] | None) -> None:
    """Add to an error on the way back which call it was about.

    Parameters
    ----------
    error : Exception
    tape : Tape
    slot : int
        The output of the call whose rule failed.
    again : function or None
        Calls the traced function once more, on another tape: that one knows lines.
    """
    function = tape.calls[slot - tape.inputs].function
    lined = LinedTape(tape)
    try:
        if again is not None:
            again(lined)
        line = lined.lines[slot - tape.inputs]
    except Exception:  # noqa: BLE001 - the line is a kindness: the first error is the one that counts
        line = "a line that is not known"
    error.add_note(f"bpcore: in the derivative of {function.name}, called at {line}")
