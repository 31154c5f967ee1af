"""Sample calls of every function: one file per chapter, like the rules.

The values keep away from edges, kinks and ties by more than the steps that differences take in float32:
0.08 of the value, and of 1 near zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from types import MappingProxyType

from bpcore.derivatives.checks.case import Case
from bpcore.derivatives.checks.cases import (
    along_axis,
    composites,
    constants,
    data_types,
    decompositions,
    elementwise,
    fourier,
    indexing,
    inverses,
    linear_algebra,
    manipulation,
    norms,
    special,
    statistical,
)

__all__ = ["CASES"]

_CHAPTERS = (
    *(along_axis, data_types, elementwise, indexing, linear_algebra, manipulation, special, statistical),
    *(decompositions, fourier, inverses, norms),
    *(composites, constants),
)


def _name(one: Case) -> str:
    return one.function


CASES: Mapping[str, tuple[Case, ...]] = MappingProxyType(
    {
        name: tuple(cases)
        for name, cases in groupby(
            sorted((one for chapter in _CHAPTERS for one in chapter.CASES), key=_name), key=_name
        )
    }
)
"""The cases of each function, by its name in the table of rules."""
