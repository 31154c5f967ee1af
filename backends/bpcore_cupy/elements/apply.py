"""One function applied to one element: promotion, casts, and functions that bpcore composes of others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from bpcore_cupy.elements.functions import COMPARING, ELEMENTS, FLOATS, LOGICAL, cast, select
from bpcore_cupy.elements.kinds import SIZE, common, is_float, kind_of
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.writing import Code, Value

__all__ = ["LIKES", "SAME", "applied", "is_elementwise"]

LIKES = {"zeros_like": 0, "ones_like": 1, "empty_like": 0, "full_like": None}
"""Functions that take nothing of an array but its shape."""
MADE = ("made", "taken_in")
SAME = frozenset(("positive", "copy", "stop_gradient", "conj", "real", "to_device", "own", *MADE))
"""They return the numbers that they are given."""
OTHERS = frozenset(("astype", "where", "broadcast_to", *LIKES, *SAME))
OF_BOOLS = frozenset(("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_invert", "maximum", "minimum"))


def is_elementwise(function: Any) -> bool:
    """Tell the functions that `applied` may know."""
    name = function.name
    if name in ELEMENTS or name in COMPARING or name in LOGICAL or name in OTHERS:
        return True
    return bool(
        function.broadcasts and function.compute is not None
        and not function.takes_list and not function.several
    )  # fmt: skip


def _to(code: Code, x: Any, kind: str) -> Any:
    if x is None:
        return None
    return cast(code, x, kind) if isinstance(x, Value) else code.number(kind, x)


def _common(args: tuple[Any, ...]) -> str:
    return common([x.kind if isinstance(x, Value) else x for x in args if x is not None])


def applied(
    code: Code, function: Any, args: tuple[Any, ...], static: Mapping[str, Any], kind: str | None
) -> Value:
    """Return the function of these numbers.

    Parameters
    ----------
    code : Code
    function : Function or str
    args : tuple of Value, number or None
    static : mapping
    kind : str or None
        The result's dtype; None takes what NumPy would.

    Raises
    ------
    Refused
    """
    name = function if isinstance(function, str) else function.name
    if name == "where":
        kind = kind or _common(args[1:])
        return select(code, _to(code, args[0], "bool"), *(_to(code, x, kind) for x in args[1:]))
    if name in OTHERS:
        return _given(code, name, args, static, kind)
    if name in LOGICAL or name in COMPARING:
        kind = "bool" if name in LOGICAL else _common(args)
        return (LOGICAL | COMPARING)[name](code, *(_to(code, x, kind) for x in args))
    if name in ELEMENTS:
        return _element(code, name, args, static, kind or _common(args))
    if isinstance(function, str):
        raise Refused(f"the function {name}")
    return _composed(code, function, args, static, kind)


def _given(
    code: Code, name: str, args: tuple[Any, ...], static: Mapping[str, Any], kind: str | None
) -> Value:
    """Return a number that is given, in another dtype."""
    if name in LIKES:
        number: Any = args[1] if name == "full_like" else LIKES[name]
        if isinstance(number, Value):
            return cast(code, number, kind or number.kind)
        return code.number(kind or args[0].kind, number)
    if name == "astype":
        kind = kind or kind_of(args[1])
    return cast(code, args[0], kind) if kind else args[0]


def _element(code: Code, name: str, args: tuple[Any, ...], static: Mapping[str, Any], kind: str) -> Value:
    if kind == "bool" and name not in OF_BOOLS:
        raise Refused(f"the function {name} of bool")
    if name in FLOATS and not is_float(kind):
        raise Refused(f"the function {name} of {kind}")
    if name.startswith("bitwise") and is_float(kind):
        raise Refused(f"the function {name} of {kind}")
    named = {key: _to(code, x, kind) for key, x in static.items()}
    try:
        return ELEMENTS[name](code, *(_to(code, x, kind) for x in args), **named)
    except (TypeError, ValueError) as error:
        raise Refused(f"the function {name} as it is called here") from error


class _Numbers:
    """A namespace whose functions write code: what a composed function's body is called with."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def __getattr__(self, name: str) -> Any:
        if name in SIZE:
            return name
        return partial(self._call, name)

    def _call(self, name: str, *args: Any, **static: Any) -> Value:
        from bpcore.derivatives.rules import TABLE

        if name in ELEMENTS or name in COMPARING or name in LOGICAL or name in OTHERS:
            return applied(self.code, name, args, static, None)
        return applied(self.code, TABLE.get(name, name), args, static, None)


def _composed(
    code: Code, function: Any, args: tuple[Any, ...], static: Mapping[str, Any], kind: str | None
) -> Value:
    if not is_elementwise(function):
        raise Refused(f"the function {function.name}")
    try:
        y = function.compute(_Numbers(code), *args, **static)
    except (AttributeError, TypeError, ValueError) as error:  # it wants more than a number
        raise Refused(f"the function {function.name}") from error
    if not isinstance(y, Value):
        raise Refused(f"the function {function.name}")
    return cast(code, y, kind) if kind else y
