"""Sorting: the order itself carries no gradient; `sort` takes the values by it, along the axis."""

from __future__ import annotations

from bpcore.derivatives.rules.function import constant

__all__ = ["FUNCTIONS"]

FUNCTIONS = constant("its result is a place", "argsort")
