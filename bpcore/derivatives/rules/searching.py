"""Searching, sorting places and truth values: whole numbers and booleans, which carry no gradient."""

from __future__ import annotations

from bpcore.derivatives.rules.function import constant

__all__ = ["FUNCTIONS"]

FUNCTIONS = (
    *constant(
        "its result is a place", "argmax", "argmin", "argsort", "count_nonzero", "nonzero", "searchsorted"
    ),
    *constant("its result is a truth value", "all", "any"),
)
