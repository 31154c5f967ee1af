"""Options that are numbers: refused, in one line, when they are none or outside their range."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real

from bpcore.words.errors import OptionError

__all__ = ["check_number", "check_whole"]


def check_number(option: str, value: object, wanted: str, fits: Callable[[float], bool]) -> None:
    """Raise `OptionError` when `value` is no real number that fits.

    Parameters
    ----------
    option : str
        Its name and whose it is, as in ``delta of Huber``.
    value : object
    wanted : str
        What it must be, as the error says it.
    fits : function
        False for NaN as for what is outside.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not fits(float(value)):
        raise OptionError(option, value, wanted)


def check_whole(option: str, value: object, least: int) -> None:
    """Raise `OptionError` when `value` is no whole number, or below `least`."""
    if type(value) is not int or value < least:
        raise OptionError(option, value, f"a whole number, {least} or more")
