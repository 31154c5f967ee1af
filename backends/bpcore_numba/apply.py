"""One function applied to one element: promotion, casts, and functions that bpcore composes of others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from bpcore_numba.elements import COMPARING, ELEMENTS, LOGICAL, cast, select
from bpcore_numba.refusal import Refused
from bpcore_numba.writing import SIZE, Code, Value, literal

__all__ = ["SAME", "applied", "is_elementwise", "kind_of"]

CONSTANT = {"zeros_like": 0, "ones_like": 1, "empty_like": 0}
MADE = ("made", "taken_in")
"""What stands for an array that comes from outside the trace: see `bpcore.derivatives.namespaces.inside`."""
SAME = frozenset(("positive", "copy", "stop_gradient", "conj", "real", "to_device", "own", *MADE))
"""They return the numbers that they are given."""
OTHERS = frozenset(("astype", "where", "full_like", *CONSTANT, *SAME))


def is_elementwise(function: Any) -> bool:
    """Tell the functions that `applied` may know."""
    if function.name in ELEMENTS or function.name in COMPARING or function.name in LOGICAL:
        return True
    composed = function.broadcasts and function.compute is not None and not function.takes_list
    return function.name in OTHERS or composed


def kind_of(dtype: Any) -> str:
    """Return a dtype's name."""
    found = np.dtype(dtype)
    if found.name not in SIZE or not found.isnative:
        raise Refused(f"the dtype {found.name}" + ("" if found.isnative else " in the other order of bytes"))
    return str(found.name)


def _common(args: tuple[Any, ...]) -> str:
    kinds = [np.dtype(x.kind) if isinstance(x, Value) else x for x in args if x is not None]
    return kind_of(np.result_type(*kinds))


def _to(code: Code, x: Any, kind: str) -> Any:
    if x is None:
        return None
    return cast(code, x, kind) if isinstance(x, Value) else literal(kind, x)


def applied(
    code: Code, function: Any, args: tuple[Any, ...], static: Mapping[str, Any], kind: str | None
) -> Value:
    """Return the function of these numbers.

    Parameters
    ----------
    code : Code
    function : Function
    args : tuple of Value, number or None
    static : mapping
    kind : str or None
        The result's dtype; None takes what NumPy would.
    """
    name = function if isinstance(function, str) else function.name
    if name in OTHERS and name != "where":
        return _given(code, name, args, kind)
    if name == "where":
        kind = kind or _common(args[1:])
        return select(code, _to(code, args[0], "bool"), *(_to(code, x, kind) for x in args[1:]))
    if name in LOGICAL or name in COMPARING:
        common = "bool" if name in LOGICAL else _common(args)
        return (LOGICAL | COMPARING)[name](code, *(_to(code, x, common) for x in args))
    if name in ELEMENTS:
        return _element(code, name, args, static, kind or _common(args))
    if isinstance(function, str):
        raise Refused(f"the function {name}")
    return _composed(code, function, args, static)


def _given(code: Code, name: str, args: tuple[Any, ...], kind: str | None) -> Value:
    """Return a number that is given, in another dtype."""
    if name in CONSTANT or name == "full_like":
        return literal(kind or args[0].kind, CONSTANT[name] if name in CONSTANT else args[1])
    if name == "astype":
        return cast(code, args[0], kind or kind_of(args[1]))
    return cast(code, args[0], kind or args[0].kind)


FLOATS = frozenset(
    (
        "divide",
        "sqrt",
        "exp",
        "expm1",
        "log",
        "log1p",
        "log2",
        "log10",
        "tanh",
        "copysign",
        "nextafter",
        "pow",
    )
)


def _element(code: Code, name: str, args: tuple[Any, ...], static: Mapping[str, Any], kind: str) -> Value:
    if kind == "bool" and name not in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_invert"):
        raise Refused(f"the function {name} of bool")
    if kind.startswith("int") and (name in FLOATS or name == "reciprocal"):
        raise Refused(f"the function {name} of {kind}")
    if kind == "bool" and name == "bitwise_invert":
        return LOGICAL["logical_not"](code, *args)
    named = {key: _to(code, x, kind) for key, x in static.items()}
    return ELEMENTS[name](code, *(_to(code, x, kind) for x in args), **named)


class _Numbers:
    """A namespace whose functions write code: what a composed function's body is called with."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def __getattr__(self, name: str) -> Any:
        if name in SIZE:
            return np.dtype(name)
        return partial(self._call, name)

    def _call(self, name: str, *args: Any, **static: Any) -> Value:
        return applied(self.code, name, args, static, None)


def _composed(code: Code, function: Any, args: tuple[Any, ...], static: Mapping[str, Any]) -> Value:
    try:
        y: Value = function.compute(_Numbers(code), *args, **static)
    except (AttributeError, TypeError) as error:  # it wants more of its argument than to be a number
        raise Refused(f"the function {function.name}") from error
    return y
