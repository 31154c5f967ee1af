"""Every function that users can call, by chapter: those of the table, those made of others, and the rest."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import MappingProxyType
from typing import NamedTuple

from bpcore.derivatives.namespaces.composites import COMPOSITES
from bpcore.derivatives.namespaces.namespace import INSPECTING
from bpcore.derivatives.rules import CHAPTERS
from bpcore.words.protocols import Array

__all__ = ["ROSTER", "Entry"]


class Entry(NamedTuple):
    """One function.

    Attributes
    ----------
    name : str
    chapter : str
    reason : str
        Why it carries no gradient; empty where it does.
    reads : bool
        Whether the shape of its output depends on values.
    refuses : bool
        Whether it refuses traced arrays.
    inspects : bool
        Whether it looks at shapes and dtypes only, and returns no array.
    """

    name: str
    chapter: str
    reason: str = ""
    reads: bool = False
    refuses: bool = False
    inspects: bool = False


MADE_OF_OTHERS = "made of other functions"
WITHOUT_ARRAYS = "shapes, dtypes and new arrays"
ALIASES = "by their other names"
SHARED = ("matmul", "matrix_transpose", "tensordot", "vecdot")
"""Functions that the standard's ``linalg`` has as well."""
CREATING = ("__array_namespace_info__", "empty", "eye", "ones", "zeros")
DIFFERENTIABLE_BY_COVER = ("full_like", "sign", "unique_all")
"""Constant in the table, and given a gradient by what is laid over it."""


def _composite(name: str, function: Callable[..., Array]) -> Entry:
    """Return the entry of a composite, which says itself that it refuses, and why."""
    refuses = str(inspect.signature(function).return_annotation) == "NoReturn"
    reason = (function.__doc__ or "").partition("\n")[0].removeprefix("Refuse: ").rstrip(".")
    return Entry(
        name,
        MADE_OF_OTHERS,
        f"a traced array is refused: {reason}" if refuses else "",
        reads=name.startswith("unique_"),
        refuses=refuses,
    )


def _entries() -> list[Entry]:
    found = [
        Entry(one.name, chapter, "" if one.name in DIFFERENTIABLE_BY_COVER else one.reason, one.reads)
        for chapter, functions in CHAPTERS.items()
        for one in functions
        if one.name not in COMPOSITES
    ]
    found += [_composite(name, function) for name, function in COMPOSITES.items()]
    found += [Entry(f"linalg.{name}", ALIASES) for name in SHARED]
    there = {entry.name for entry in found}
    rest = [Entry(name, WITHOUT_ARRAYS, "it takes no array") for name in CREATING]
    looks = "it looks at shapes and dtypes only"
    rest += [Entry(name, WITHOUT_ARRAYS, looks, inspects=True) for name in INSPECTING]
    return found + [entry for entry in rest if entry.name not in there]


ROSTER = MappingProxyType({entry.name: entry for entry in _entries()})
"""The functions by name, in the order of the chapters."""
