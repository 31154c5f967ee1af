"""The table of rules. One file per chapter of the standard, and `special` for what is not in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from bpcore.derivatives.rules import (
    along_axis,
    complex_numbers,
    creation,
    data_types,
    decompositions,
    elementwise,
    fourier,
    indexing,
    inverses,
    linear_algebra,
    manipulation,
    norms,
    running,
    searching,
    sets,
    sorting,
    special,
    statistical,
    utility,
)
from bpcore.derivatives.rules.function import Function

__all__ = ["CHAPTERS", "TABLE", "VIEWS"]

VIEWS = frozenset(
    {
        *("broadcast_to", "conj", "expand_dims", "flip", "getitem", "imag", "linalg.diagonal"),
        *("matrix_transpose", "moveaxis", "permute_dims", "positive", "real", "reshape", "squeeze"),
        *("stop_gradient", "to_device"),
    }
)
"""Functions of which some library returns memory of the first input: a view, or the input itself."""


def _with_views(functions: tuple[Function, ...]) -> tuple[Function, ...]:
    return tuple(replace(one, views=True) if one.name in VIEWS else one for one in functions)


CHAPTERS: Mapping[str, tuple[Function, ...]] = MappingProxyType(
    {
        chapter.__name__.rpartition(".")[2]: _with_views(chapter.FUNCTIONS)
        for chapter in (
            *(creation, data_types, elementwise, indexing, linear_algebra, manipulation),
            *(along_axis, complex_numbers, running, searching, sets, sorting, special, statistical, utility),
            *(decompositions, fourier, inverses, norms),
        )
    }
)
"""The functions by chapter."""

TABLE: Mapping[str, Function] = MappingProxyType(
    {function.name: function for functions in CHAPTERS.values() for function in functions}
)
"""The functions by name."""
