"""Which line of the user's code it was: looked for when something has gone wrong, and not before."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from bpcore.derivatives.arrays.tape import Call, Tape

__all__ = ["LinedTape", "callers_line", "say_where"]


def callers_line(*libraries: str) -> str:
    """Return file and line of the nearest caller outside the tracing machinery and the arrays' libraries."""
    frame = inspect.currentframe()
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if not module.startswith("bpcore.derivatives") and module.partition(".")[0] not in libraries:
            return f"{frame.f_code.co_filename}:{frame.f_lineno}"
        frame = frame.f_back
    return "an unknown line"


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
