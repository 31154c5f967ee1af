"""Equations as calls of PyTorch's own functions, past the checks that their known dtypes make needless."""

from __future__ import annotations

from typing import Any

import torch

from bpcore.program.equation import Constant, Equation, Slot

__all__ = ["VIEWS", "Direct", "direct"]

FLOATS = (torch.float32, torch.float64)
UNARY = {
    "negative": torch.neg,
    "square": torch.square,
    "sqrt": torch.sqrt,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "tanh": torch.tanh,
    "abs": torch.abs,
    "sin": torch.sin,
    "cos": torch.cos,
    "relu": torch.relu,
    "expit": torch.sigmoid,
}
IN_PLACE_ONLY = {"relu": torch.relu_}
"""Of these there is no form with ``out=``."""
BINARY = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
}
COMPARING = {
    "equal": torch.eq,
    "not_equal": torch.ne,
    "less": torch.lt,
    "less_equal": torch.le,
    "greater": torch.gt,
    "greater_equal": torch.ge,
}
VIEWS = ("broadcast_to", "expand_dims", "matrix_transpose", "permute_dims", "reshape")


class Direct:
    """A call: the function, its arguments after the arrays, and whether it takes ``out=``.

    Attributes
    ----------
    function : function
    more : tuple
        Further arguments, by position.
    elementwise : bool
        Whether the result may be written where an operand of its type lies.
    into : bool
        Whether it takes ``out=``.
    own : function or None
        The form that changes its operand, where there is none with ``out=``.
    """

    __slots__ = ("elementwise", "function", "into", "more", "own")

    def __init__(
        self, function: Any, *more: Any, elementwise: bool = False, into: bool = True, own: Any = None
    ) -> None:
        self.function, self.more = function, more
        self.elementwise, self.into, self.own = elementwise, into, own


def direct(program: Any, equation: Equation) -> Direct | None:
    """Return how to call an equation's function directly; None where bpcore's kernel is to look first."""
    name, static = equation.function.name, equation.static
    result = program.types[equation.output]
    found = [_known(program, x) for x in equation.inputs]
    types = [x for x in found if hasattr(x, "dtype")]
    numbers = all(type(x) in (int, float) for x in found if not hasattr(x, "dtype"))
    if not types or not numbers or any(t.dtype is not types[0].dtype for t in types):
        return None
    if name in COMPARING and not static and len(types) == len(found):
        return Direct(COMPARING[name], into=False)
    if types[0].dtype not in FLOATS:
        return None
    if name in COMPARING and not static:
        return Direct(COMPARING[name], into=False)
    if equation.function.several or result.dtype is not types[0].dtype:
        return None
    return _arithmetic(name, static, [t.shape for t in types])


def _known(program: Any, operand: Any) -> Any:
    """Return something with the operand's shape and dtype, or the number that it is."""
    if type(operand) is Slot:
        return program.types[operand]
    return program.constants[operand] if type(operand) is Constant else operand


def _arithmetic(name: str, static: Any, shapes: list[Any]) -> Direct | None:
    if name in ("sum", "mean") and not set(static) - {"axis", "keepdims"}:
        return _reduction(torch.sum if name == "sum" else torch.mean, shapes[0], **static)
    if static:
        return None
    if name in UNARY:
        return Direct(
            UNARY[name], elementwise=True, into=name not in IN_PLACE_ONLY, own=IN_PLACE_ONLY.get(name)
        )
    if name in BINARY:
        return Direct(BINARY[name], elementwise=True)
    if name == "matmul":
        return Direct(torch.mm if len(shapes[0]) == len(shapes[1]) == 2 else torch.matmul)  # noqa: PLR2004
    return None


def _reduction(function: Any, shape: Any, *, axis: Any = None, keepdims: bool = False) -> Direct | None:
    if axis == () or not shape:
        return None  # PyTorch takes no axes for all of them
    axes = tuple(range(len(shape))) if axis is None else axis
    return Direct(function, axes, keepdims)
