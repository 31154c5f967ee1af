"""What a mutation does to one node of the source: the sign, a factor, a term, an axis, a mask, an input."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

__all__ = ["Change", "changes"]

Change = tuple[str, ast.AST]
"""A kind of mutation, and what stands in the node's place."""

_PAIRS = (
    *("add subtract", "multiply divide", "sin cos", "sinh cosh", "exp expm1", "log log1p", "sqrt square"),
    *("less greater", "less_equal greater_equal", "equal not_equal", "logical_and logical_or", "max min"),
    *("maximum minimum", "tril triu", "zeros_like ones_like", "sum max", "all any", "real imag"),
    *("cumulative_sum cumulative_prod", "fft.fft fft.ifft", "fft.fftn fft.ifftn", "fft.rfft fft.ihfft"),
    *("fft.fftshift fft.ifftshift", "take index_add", "getitem slice_scatter", "floor_divide remainder"),
)
SWAPPED = {a: b for pair in _PAIRS for a, b in (pair.split(), pair.split()[::-1])}
"""Each function, and one that is taken for it: where two pairs name it, the later one."""

ORDERED = frozenset(
    {"subtract", "divide", "matmul", "pow", "floor_divide", "less", "greater", "copysign", "tensordot"}
)
"""Functions whose operands may not change places."""

TERMS = frozenset({"add", "multiply", "logical_and", "logical_or", "maximum", "minimum", "concat"})
"""Functions of which either operand can be dropped; of the ordered ones it is the second."""

STEPS = frozenset(
    {
        *("exp", "expm1", "log", "log1p", "sqrt", "square", "sin", "cos", "sinh", "cosh", "abs", "sign"),
        *("sum", "flip", "roll", "tril", "triu", "moveaxis", "permute_dims", "cumulative_sum", "reshape"),
        *("real", "isnan", "logical_not", "squeeze", "expand_dims", "broadcast_to", "astype", "remainder"),
    }
)
"""Functions that can be left out, so that their input goes on as it is."""

ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Add,
    ast.Pow: ast.Mult,
}
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.GtE,
    ast.GtE: ast.Lt,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
AXES = ("axis", "axes")
ARRAYS = frozenset(
    {"g", "y", "x", "a", "b", "u", "s", "v", "q", "r", "w", "z", "low", "high", "condition", "source"}
    | {"indices", "other", "gu", "gs", "gv", "gq", "gr", "gw", "vh", "left", "right", "value", "to"}
)
"""What arrays are called in the rules."""


def changes(node: ast.AST, known: Sequence[str]) -> Iterator[Change]:
    """Yield every mutation of a node; `known` are the names of arrays where it stands."""
    match node:
        case ast.Call(func=ast.Attribute() as func, args=args) if (name := _of_namespace(func)) and args:
            yield from _function(node, name, args)
        case ast.Call(func=ast.Name(), args=[ast.Name(id="xp"), *rest]):
            yield from (("dropped step", x) for x in rest if not isinstance(x, ast.Constant | ast.Starred))
        case ast.Constant(value=bool() | int() | float() as value):
            yield "changed constant", ast.Constant(_other_number(value))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            yield "sign", operand
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            yield "swapped functions", ast.BinOp(left, ARITHMETIC[type(op)](), right)
            yield "dropped term", left
        case _:
            yield from _condition(node)
            yield from _statement(node, known)


def _condition(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.If(test=test, body=body, orelse=orelse) if not isinstance(test, ast.Compare):
            yield "turned condition", ast.If(ast.UnaryOp(ast.Not(), test), body, orelse)
        case ast.IfExp(test=test, body=body, orelse=orelse) if not isinstance(test, ast.Compare):
            yield "turned condition", ast.IfExp(test, orelse, body)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield "turned condition", operand
        case ast.BoolOp(op=op, values=values):
            yield "turned condition", ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            yield "turned condition", ast.Compare(left, [OPPOSITE[type(op)]()], [right])


def _statement(node: ast.AST, known: Sequence[str]) -> Iterator[Change]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value) if _mentions(value, name):
            yield "dropped step", ast.Pass()
        case ast.AugAssign():
            yield "dropped step", ast.Pass()
        case ast.Subscript(value=ast.Name(id=name) as whole, slice=part):
            yield from _subscript(whole, part)
        case ast.keyword(arg=name, value=ast.Name()) if name in AXES:
            yield "wrong axis", ast.keyword(name, ast.Constant(0))
        case ast.Name(id=name, ctx=ast.Load()) if name in known and len(known) > 1:
            yield "wrong input", ast.Name(known[(known.index(name) + 1) % len(known)], ast.Load())


def _of_namespace(func: ast.Attribute) -> str:
    """Return ``linalg.solve`` of ``xp.linalg.solve``; nothing for what is not the namespace's."""
    names = ast.unparse(func).split(".")
    return ".".join(names[1:]) if names[0] == "xp" and all(map(str.isidentifier, names)) else ""


def _function(node: ast.Call, name: str, args: list[ast.expr]) -> Iterator[Change]:
    """Yield the mutations of a call of a function of the standard."""
    if name in SWAPPED:
        yield "swapped functions", _called(node, SWAPPED[name], args)
    if name == "negative":
        yield "sign", args[0]
    elif name == "where":
        yield from (("removed mask", x) for x in args[1:])
        yield "swapped operands", _called(node, name, [args[0], args[2], args[1]])
    elif name == "conj":
        yield "dropped conjugate", args[0]
    elif name == "matrix_transpose":
        yield "transpose", args[0]
    elif name in STEPS:
        yield "dropped step", args[0]
    if name in ORDERED:
        yield "swapped operands", _called(node, name, [args[1], args[0]])
    if name in TERMS | {"subtract", "divide"}:
        terms = args if name in TERMS else args[:1]
        yield from (("dropped term", x) for x in terms if not isinstance(x, ast.Constant | ast.List))


def _called(node: ast.Call, name: str, args: list[ast.expr]) -> ast.Call:
    func = ast.parse(f"xp.{name}", mode="eval").body
    return ast.Call(func, args, node.keywords)


def _subscript(whole: ast.Name, part: ast.expr) -> Iterator[Change]:
    """Yield an index left out, and a new axis at another place."""
    yield "dropped step", whole
    if isinstance(part, ast.Tuple) and any(_is_none(x) for x in part.elts):
        *first, last, end = part.elts
        if ast.dump(last) != ast.dump(end):
            turned = ast.Tuple([*first, end, last], ast.Load())
            yield "wrong axis", ast.Subscript(whole, turned, ast.Load())


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _other_number(value: complex) -> complex:
    if type(value) is bool:
        return not value
    if type(value) is int:
        return value + 1
    return 2 * value if value else 1.0


def _mentions(node: ast.AST, name: str) -> bool:
    return any(isinstance(x, ast.Name) and x.id == name for x in ast.walk(node))
