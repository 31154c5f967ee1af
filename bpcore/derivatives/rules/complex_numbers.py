"""Complex numbers: their parts, and whether an array is of them.

Rules are transposes, and cotangent and tangent are paired as ``Re(sum(g * tangent))``; see `function`.
"""

from __future__ import annotations

from bpcore.derivatives.rules.function import elementwise
from bpcore.words.protocols import Array, Dtype, Namespace

__all__ = ["FUNCTIONS", "is_complex"]

_known: dict[tuple[type, Dtype], bool] = {}  # with the type, so that no library meets another's dtypes


def is_complex(xp: Namespace, x: Array) -> bool:
    """Return whether an array, or a Python number, is complex. Libraries take microseconds to say so."""
    if not hasattr(x, "dtype"):
        return type(x) is complex
    key = (type(x.dtype), x.dtype)
    if key not in _known:
        _known[key] = xp.isdtype(x.dtype, "complex floating")
    return _known[key]


FUNCTIONS = (
    elementwise("conj", lambda xp, g, y, x: xp.conj(g) if is_complex(xp, g) else g),
    elementwise("real", lambda xp, g, y, x: g),
    elementwise("imag", lambda xp, g, y, x: xp.multiply(g, -1j)),
)
