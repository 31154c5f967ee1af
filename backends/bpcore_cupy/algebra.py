"""Functions of the extension ``linalg`` that CuPy takes fewer shapes in than the standard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["algebra"]


def algebra(cp: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions by name, over the module ``cupy``."""

    def solve(a: Any, b: Any, /) -> Any:
        """Solve for a vector, of one axis, or for matrices; stacks are broadcast, which CuPy does not."""
        if b.ndim == 1:
            return cp.linalg.solve(a, b)
        stack = cp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a = cp.broadcast_to(a, (*stack, *a.shape[-2:]))
        return cp.linalg.solve(a, cp.broadcast_to(b, (*stack, *b.shape[-2:])))

    return {"linalg.solve": solve}
