"""What the environment tells: numbers in variables, looked at before they are believed."""

from __future__ import annotations

import os

from bpcore.words.errors import OptionError

__all__ = ["whole_number_told"]


def whole_number_told(variable: str) -> int | None:
    """Return the number in a variable of the environment; None where it is not set.

    Raises
    ------
    OptionError
        When it is not a whole number from 1 on.
    """
    told = os.environ.get(variable, "").strip()
    if not told:
        return None
    if not told.isdecimal() or int(told) < 1:
        raise OptionError(f"the environment variable {variable}", told, "a whole number, 1 or more")
    return int(told)
