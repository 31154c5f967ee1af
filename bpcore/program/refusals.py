"""Why a function cannot be recorded: what was raised, the user's line, and what to write instead."""

from __future__ import annotations

import re
import traceback

from bpcore.derivatives.arrays.lines import nearest_line, shown_line
from bpcore.words.errors import BpcoreError, RecordError

__all__ = ["explained"]

_OWN = "call functions of the array's own namespace, xp = x.__array_namespace__()"

_READERS = (
    (r"__array_ufunc__", "a function of NumPy's own", _OWN),
    (r"(numpy\.\w+) cannot follow a gradient", r"\1", _OWN),
    (r"array of NumPy's was wanted", "an array of NumPy's, made of it,", _OWN),
    (r"setting an array element with a sequence", "an assignment into an array of NumPy's",
        "begin with one that is traced, as xp.zeros_like(x) is"),
    (r"cannot go to another library", "another library", _OWN),
    (r"a traced array has no attribute '(\w+)'$", r"\1()", "keep it an array"),
    (r"unsupported format string passed to Traced", "format()", "print what is returned"),
    (r"type Traced doesn't define __(\w+)__", r"\1()", "keep it an array"),
    (r"unhashable type: 'Traced'", "hash()", "make keys of numbers or words"),
    (r"^(.*\bTraced\b.*)$", r'an operation that these arrays have not ("\1")', _OWN),
)  # fmt: skip
"""What is said of a traced array that was handled as none can be: who wanted its value, and what to do."""


_NO_AXES = "of an array with no axes"
_RECORDED = "while the function is recorded."


def explained(error: Exception, library: str) -> Exception:
    """Return a `RecordError` where `error` is about a value; else `error`, told the line if it is ours.

    Parameters
    ----------
    error : Exception
        Caught where the function was called.
    library : str
        The module of the arrays, whose lines are not the user's.
    """
    if isinstance(error, RecordError):
        return error
    frames = list(traceback.walk_tb(error.__traceback__))
    where = nearest_line([pair for pair in reversed(frames) if not _is_recording(pair[0])], library)
    text = shown_line(where)
    if isinstance(error, TypeError | ValueError | AttributeError | BpcoreError):
        for pattern, reader, do in _READERS:
            found = re.search(pattern, str(error))
            if found:
                return RecordError(found.expand(reader), where, text, do)
    ours = isinstance(error, BpcoreError) or "a traced array" in str(error) or _NO_AXES in str(error)
    if ours and _RECORDED not in str(error):
        shown = f" ({text})" if text else ""
        error.args = (f"{str(error).rstrip('.')}. At {where}{shown}, {_RECORDED}",)
    return error


def _is_recording(frame: object) -> bool:
    return str(getattr(frame, "f_globals", {}).get("__name__", "")) == "bpcore.program.record"
