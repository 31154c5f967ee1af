"""Sample calls of the functions that take and add along one axis."""

from __future__ import annotations

from bpcore.derivatives.checks.case import Sample, case, complexes, numbers

__all__ = ["CASES"]


def _indices(*rows: list[int]) -> Sample:
    return Sample(list(rows), "int32")


CASES = [
    case("take_along_axis", numbers(3), Sample([2, 0, 2, -1], "int32")),
    case("take_along_axis", numbers(2, 3), _indices([2, 0], [1, 1])),
    case("take_along_axis", numbers(2, 3), _indices([1, 0, -1], [0, 0, 1], [1, 1, 0]), axis=0),
    case("take_along_axis", numbers(2, 3), _indices([2, 0, 2, 1]), axis=1),
    case("take_along_axis", numbers(1, 3), _indices([2, 0], [1, 1]), axis=-1),
    case("take_along_axis", numbers(2, 1, 3), Sample([[[2, 0], [1, 1]]], "int32")),
    case("take_along_axis", complexes(2, 2), _indices([1, 1], [0, 1])),
    case("add_along_axis", numbers(3), Sample([2, 0, 2], "int32"), numbers(3), axis=0),
    case("add_along_axis", numbers(2, 3), _indices([2, 2], [1, -1]), numbers(2, 2), axis=1),
    case("add_along_axis", numbers(2, 3), _indices([0, 1, 1], [0, 0, 1]), numbers(2, 3), axis=-2),
]
