"""Where the user's own code is on the stack."""

from __future__ import annotations

import inspect

__all__ = ["stack_level"]


def stack_level() -> int:
    """Return the `stacklevel` by which a warning of the caller's names the last line that is not bpcore's.

    Modules of bpcore's are those whose name begins so, its backends among them.
    """
    level, frame = 0, inspect.currentframe()
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith("bpcore"):
        level, frame = level + 1, frame.f_back
    return max(level, 1)
