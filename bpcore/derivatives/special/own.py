"""The namespace of an array's own library, for a call that may have numbers beside the array."""

from __future__ import annotations

from bpcore.derivatives.namespaces.namespace import space_of
from bpcore.words.protocols import Array, Namespace

__all__ = ["own"]


def own(*inputs: Array) -> Namespace:
    """Return the differentiable namespace that the arrays among the inputs belong to."""
    return space_of(*([x for x in inputs if hasattr(x, "dtype")] or inputs)).traced
