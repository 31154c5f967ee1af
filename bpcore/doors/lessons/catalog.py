"""The lessons by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from bpcore.doors.paper.explanation import Explanation
from bpcore.words.errors import choose

__all__ = ["LESSONS", "lesson"]

LESSONS: Mapping[str, str] = MappingProxyType(
    {
        "mazur": "Mazur's step-by-step example, 2-2-2",
    }
)
