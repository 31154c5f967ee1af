"""PyTorch's functions where it spells or takes arguments differently, and its native ones beyond the standard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["kernels"]


def kernels(th: Any, xp: Any) -> dict[str, Callable[..., Any]]:
    """Return the functions that replace those of array-api-compat."""

    def lift(f: Callable[..., Any]) -> Callable[..., Any]:
        def call(a: Any, b: Any, /) -> Any:
            if type(a) in (float, int, bool):
                a = th.full_like(b, a) if b.dtype.is_floating_point else th.asarray(a, device=b.device)
            elif type(b) in (float, int, bool):
                b = th.full_like(a, b) if a.dtype.is_floating_point else th.asarray(b, device=a.device)
            return f(a, b)

        return call

    names = (
        *("add", "atan2", "copysign", "divide", "equal", "floor_divide", "greater", "greater_equal", "hypot"),
        *("less", "less_equal", "logaddexp", "maximum", "minimum", "multiply", "not_equal", "pow"),
        *("remainder", "subtract"),
    )
    return {name: lift(getattr(xp, name)) for name in names} | {
        "erf": th.erf,
        "expit": th.sigmoid,
    }
