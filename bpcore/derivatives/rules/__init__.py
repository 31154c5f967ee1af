"""The table of rules. One file per chapter of the standard, and `special` for what is not in it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bpcore.derivatives.rules import (
    creation,
    data_types,
    elementwise,
    indexing,
    linear_algebra,
    manipulation,
    searching,
    special,
    statistical,
)
from bpcore.derivatives.rules.function import Function

__all__ = ["CHAPTERS", "TABLE"]

CHAPTERS: Mapping[str, tuple[Function, ...]] = MappingProxyType(
    {
        chapter.__name__.rpartition(".")[2]: chapter.FUNCTIONS
        for chapter in (
            *(creation, data_types, elementwise, indexing, linear_algebra, manipulation),
            *(searching, special, statistical),
        )
    }
)
"""The functions by chapter."""

TABLE: Mapping[str, Function] = MappingProxyType(
    {function.name: function for functions in CHAPTERS.values() for function in functions}
)
"""The functions by name."""
