"""Searching: places and counts, which carry no gradient."""

from __future__ import annotations

from bpcore.derivatives.rules.function import constant

__all__ = ["FUNCTIONS"]

FUNCTIONS = (
    *constant("its result is a place", "argmax", "argmin", "searchsorted"),
    *constant("its results are places", "nonzero", several=True, reads=True),
    *constant("its result is a count", "count_nonzero"),
)
