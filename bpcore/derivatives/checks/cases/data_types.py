"""Sample calls of the functions of data types and devices."""

from __future__ import annotations

from bpcore.derivatives.checks.case import OWN_DEVICE, DtypeName, case, complexes, numbers

__all__ = ["CASES"]

CASES = [
    case("astype", numbers(2, 3), DtypeName("float32")),
    case("astype", numbers(2), DtypeName("float32"), copy=False),
    case("astype", numbers(2, 3), DtypeName("complex64")),
    case("astype", complexes(2, 2), DtypeName("complex64")),
    case("copy", numbers(2, 3)),
    case("to_device", numbers(2, 3), OWN_DEVICE),
]
