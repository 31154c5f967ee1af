"""Sample calls of the manipulation functions."""

from __future__ import annotations

from bpcore.derivatives.checks.case import case, numbers

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
]
