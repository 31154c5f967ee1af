"""Utility functions: truth values of many."""

from __future__ import annotations

from bpcore.derivatives.rules.function import constant

__all__ = ["FUNCTIONS"]

FUNCTIONS = constant("its result is a truth value", "all", "any")
