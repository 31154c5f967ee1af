"""The gallery: every entry, in the order of the page."""

from __future__ import annotations

from tests.interop import (
    extra_functions,
    learning_functions,
    numerical_functions,
    special_functions,
    statistical_functions,
)
from tests.interop.entry import Entry

__all__ = ["ENTRIES"]

ENTRIES: tuple[Entry, ...] = (
    *special_functions.ENTRIES,
    *statistical_functions.ENTRIES,
    *numerical_functions.ENTRIES,
    *learning_functions.ENTRIES,
    *extra_functions.ENTRIES,
)
