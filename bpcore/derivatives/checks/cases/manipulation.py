"""Sample calls of the manipulation functions."""

from __future__ import annotations

from dataclasses import replace

from bpcore.derivatives.checks.case import case, complexes, numbers, places

__all__ = ["CASES"]

CASES = [
    *(
        case("broadcast_to", numbers(*before), after)
        for before, after in (((3,), (2, 3)), ((2, 1), (2, 3)), ((), (2, 2)), ((2, 2), (2, 2)))
    ),
    *(case("expand_dims", numbers(2, 3), axis=axis) for axis in (0, 1, -1)),
    *(case("flip", numbers(2, 3), axis=axis) for axis in (None, 0, -1, (0, 1))),
    case("moveaxis", numbers(2, 3), 0, -1),
    case("moveaxis", numbers(2, 1, 3), (0, 1), (-1, 0)),
    case("permute_dims", numbers(2, 3), (1, 0)),
    case("permute_dims", numbers(2, 1, 3), (2, 0, 1)),
    case("reshape", numbers(2, 3), (3, 2)),
    case("reshape", numbers(2, 3), (-1,)),
    case("reshape", numbers(1), ()),
    case("roll", numbers(2, 3), 2),
    case("roll", numbers(2, 3), 1, axis=-1),
    case("roll", numbers(2, 3), (1, -1), axis=(0, 1)),
    case("squeeze", numbers(1, 2), 0),
    case("squeeze", numbers(1, 2, 1), (0, -1)),
    case("concat", numbers(2, 2), numbers(1, 2)),
    case("concat", numbers(2, 1), numbers(2, 2), numbers(2, 1), axis=-1),
    case("concat", numbers(2, 2), numbers(3), axis=None),
    case("concat", numbers(2, 2)),
    case("stack", numbers(2), numbers(2)),
    case("stack", numbers(2, 2), numbers(2, 2), numbers(2, 2), axis=1),
    case("stack", numbers(2, 1), numbers(2, 1), axis=-1),
    case("broadcast_to", numbers(2, 1), shape=(2, 3)),
    *(case("expand_dims", numbers(2, 3), axis) for axis in (0, (0, -1), (1, 3))),
    case("moveaxis", numbers(2, 1, 3), (0, -1), (1, 0)),
    case("permute_dims", numbers(2, 1, 3), axes=(-1, 0, -2)),
    case("reshape", numbers(2, 3), shape=(3, 2), copy=True),
    case("roll", numbers(2, 3), shift=-1, axis=0),
    case("squeeze", numbers(1, 2, 1), axis=-1),
    *(case("repeat", numbers(2, 3), 2, axis=axis) for axis in (None, 0, -1)),
    case("repeat", numbers(), 3),
    case("repeat", numbers(2, 2), 1),
    replace(case("repeat", numbers(2, 3), places(2, 0, 1), axis=1), reads=True),
    *(case("tile", numbers(2, 3), times) for times in ((2,), (2, 2), (3, 1), (2, 1, 2), ())),
    case("tile", numbers(3), (2, 2)),
    *(case(name, numbers(3, 2), k=k) for name in ("tril", "triu") for k in (-1, 1)),
    *(case(name, numbers(2, 2, 3)) for name in ("tril", "triu")),
    *(case(name, complexes(2, 2)) for name in ("flip", "tril", "triu")),
    case("concat", complexes(2, 2), numbers(1, 2)),
    case("stack", complexes(2), complexes(2)),
    case("reshape", complexes(2, 2), (4,)),
]
