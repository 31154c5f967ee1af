"""Lists of numbers on the command line, as callbacks of options: 0.1,0.5 and 1,2;3,4 and 2,3,1."""

from __future__ import annotations

import click

from bpcore.words.errors import OptionError

__all__ = ["FAR", "numbers", "pair", "rows", "sizes"]

FAR = 1e70
"""A number beyond it has no square whose square is finite."""

PAIR = 2


def numbers(context: click.Context, option: click.Parameter, given: str | None) -> tuple[float, ...] | None:
    """Read ``0.1,0.5``."""
    if given is None:
        return None
    found = _parsed(given)
    if not found:
        wanted = f"numbers with commas between, as 0.1,0.5, none beyond {FAR:g}"
        raise OptionError(option.opts[0], given, wanted)
    return found


def pair(context: click.Context, option: click.Parameter, given: str | None) -> tuple[float, ...] | None:
    """Read ``1,4``."""
    found = numbers(context, option, given)
    if found is not None and len(found) != PAIR:
        raise OptionError(option.opts[0], given, "two numbers with a comma between, as 1,4")
    return found


def rows(context: click.Context, option: click.Parameter, given: str | None) -> list[list[float]] | None:
    """Read ``1,2`` or ``1,2;3,4``: the numbers of one sample, or of several, all of one length."""
    if given is None:
        return None
    found = [list(_parsed(row)) for row in given.split(";")]
    if not all(found) or len({len(row) for row in found}) != 1:
        wanted = f"numbers as in 1,2, or 1,2;3,4 for two samples, none beyond {FAR:g}"
        raise OptionError(option.opts[0], given, wanted)
    return found


def sizes(context: click.Context, option: click.Parameter, given: str | None) -> list[int] | None:
    """Read ``2,3,1``: the sizes of layers, the inputs first."""
    if given is None:
        return None
    words = [word.strip() for word in given.split(",")]
    if len(words) < PAIR or not all(word.isascii() and word.isdigit() and int(word) for word in words):
        raise OptionError(option.opts[0], given, "whole numbers from 1 on, two or more, as 2,3,1")
    return [int(word) for word in words]


def _parsed(text: str) -> tuple[float, ...]:
    """Return the numbers of a text; none where a word is no number, or one too large."""
    try:
        found = tuple(float(word) for word in text.split(","))
    except ValueError:
        return ()
    return found if all(abs(one) <= FAR for one in found) else ()  # what is no number is not
