"""Precisions: in which floats a backend computes a training step, by one word that is the same everywhere.

- ``float32``: as the arrays are, by IEEE 754. The default, on every backend and device.
- ``tf32``: arrays of float32, whose products keep 10 bits of each factor on tensor cores and are summed in
  float32.
- ``bfloat16``, ``float16``: layers compute in 16 bits; parameters, losses, statistics and updates in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bpcore.words.errors import OptionError, choose
from bpcore.words.protocols import Dtype

__all__ = ["HALVES", "PRECISIONS", "Precision", "check_word", "find_precision"]

PRECISIONS = ("float32", "tf32", "bfloat16", "float16")
"""The words."""

HALVES = ("bfloat16", "float16")
"""Those whose layers compute in 16 bits."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Precision:
    """How a backend computes with a precision.

    Attributes
    ----------
    dtype : dtype object or None
        In which layers compute; None leaves arrays as they are.
    scope : function ``()`` that returns a context manager, or None
        In which such a step is recorded, compiled and run; what it sets it puts back.
    plain : function ``(device)``
        Whether on that device it is no other than float32; None is the device that new arrays are made on.
    """

    dtype: Dtype = None
    scope: Callable[[], AbstractContextManager[object]] | None = None
    plain: Callable[[object], bool] = lambda device: False


def check_word(word: str) -> None:
    """Raise `OptionError` for what is none of the four words."""
    choose("precision", word, PRECISIONS)


def find_precision(offered: Mapping[str, Precision], name: str, word: str) -> Precision:
    """Return how a backend computes with a precision.

    Parameters
    ----------
    offered : mapping of str to Precision
        A backend's ``precisions``.
    name : str
        The backend's.
    word : str

    Raises
    ------
    OptionError
        There is no such word, or the backend has no such precision.
    """
    check_word(word)
    if word in offered:
        return offered[word]
    if word == "float32":
        return PLAIN
    there = [one for one in PRECISIONS if one in offered or one == "float32"]
    raise OptionError("precision", word, f"{', '.join(there[:-1])} or {there[-1]} with {name}")


PLAIN = Precision()
"""Float32 where nothing has to be said for it."""
