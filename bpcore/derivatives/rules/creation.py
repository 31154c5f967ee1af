"""Creation functions: they take a shape, a dtype and a device from an array, and no values."""

from __future__ import annotations

from bpcore.derivatives.rules.function import constant

__all__ = ["FUNCTIONS"]

FUNCTIONS = constant(
    "it takes shape, dtype and device from its input, and no values",
    *("empty_like", "full_like", "ones_like", "zeros_like"),
)
