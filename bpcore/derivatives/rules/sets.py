"""Sets: truth values, places and counts. The unique values are taken from the input by their places."""

from __future__ import annotations

from bpcore.derivatives.rules.function import constant

__all__ = ["FUNCTIONS"]

FUNCTIONS = (
    *constant("its result is a truth value", "isin"),
    *constant(
        "it finds places and counts, by which the values are taken from the input",
        "unique_all",
        several=True,
        reads=True,
    ),
)
