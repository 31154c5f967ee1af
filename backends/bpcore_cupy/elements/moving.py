"""Elements that change their places: copies of views, parts that are joined, zeros with something in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import prod
from typing import Any, NamedTuple

from bpcore.derivatives.rules import TABLE
from bpcore.program.equation import ArrayType, Constant, Equation, Slot
from bpcore.program.plan.viewing import VIEWING
from bpcore_cupy.elements.chains import chain_kernel
from bpcore_cupy.elements.kernel import NAME, Kernel, Layout, named
from bpcore_cupy.elements.kinds import kind_of, stored
from bpcore_cupy.elements.reading import Name, body_of
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.tiles import is_turned, turned_kernel
from bpcore_cupy.elements.viewing import picked, viewed
from bpcore_cupy.elements.views import View, fits, view_of

__all__ = ["MOVING"]

Types = Mapping[Name, Any]
Layouts = Mapping[Name, Layout]
BLOCK = 256
MOST = 64
"""Parts that one launch joins."""


class _Piece(NamedTuple):
    """Elements of an input, and where they go."""

    name: Name
    source: View
    target: View


def _arrays(equation: Equation) -> list[Name]:
    return [x for x in equation.inputs if isinstance(x, Slot | Constant)]


def _copied(
    equation: Equation,
    name: Name,
    types: Types,
    source: Layout,
    target: Layout | None,
    shape: tuple[int, ...],
) -> Kernel:
    """Return the kernel that copies a view of an input to a view of the output, and casts."""
    known = dict(types)
    known[name] = ArrayType(shape, types[name].dtype)
    known[equation.output] = ArrayType(shape, types[equation.output].dtype)
    layouts = {name: source}
    if target is not None:
        layouts[equation.output] = target
    copy = Equation(TABLE["positive"], (name,), {}, equation.output)
    return chain_kernel(body_of(copy, known, layouts))


def _view(equation: Equation, types: Types, layouts: Layouts) -> Kernel:
    """Return the kernel that copies what the function would look at."""
    layout = viewed(equation, types, layouts)
    name = equation.inputs[0]
    if not isinstance(name, Slot | Constant):
        raise Refused(f"the function {equation.function.name} of a number")
    shape = tuple(types[equation.output].shape)
    if layout is None:
        if equation.function.name == "getitem" or prod(types[name].shape) != prod(shape):
            raise Refused(f"the function {equation.function.name} as it is called here")
        return chain_kernel(body_of(equation, types, layouts))
    view, target = view_of(shape, layout), layouts.get(equation.output)
    kind = kind_of(types[name].dtype)
    if target is None and is_turned(view) and kind == kind_of(types[equation.output].dtype):
        return turned_kernel(name, equation.output, kind, view)
    return _copied(equation, name, types, layout, target, shape)


def _join(equation: Equation, types: Types, layouts: Layouts) -> Kernel:
    """Return the kernel that copies each part into its piece of the result."""
    stack = equation.function.name == "stack"
    axis, names = equation.static.get("axis", 0), _arrays(equation)
    if len(names) != len(equation.inputs):
        raise Refused(f"the function {equation.function.name} of numbers")
    y = equation.output
    result = view_of(tuple(types[y].shape), layouts.get(y))
    views = [view_of(tuple(types[x].shape), layouts.get(x)) for x in names]
    if axis is None:
        views = [_flat(view) for view in views]
        axis = 0
    axis %= len(result.shape)
    pieces, start = [], 0
    for name, view in zip(names, views, strict=True):
        count = 1 if stack else view.shape[axis]
        key = [slice(None)] * len(result.shape)
        part: Any = start if stack else slice(start, start + count)
        target = picked(result, (*key[:axis], part, *key[axis + 1 :]))
        pieces.append(_Piece(name, view, target))
        start += count
    if {kind_of(types[x].dtype) for x in names} != {kind_of(types[y].dtype)}:
        raise Refused(f"the function {equation.function.name} of several dtypes")
    pieces = [x for x in pieces if x.source.count]
    groups = [pieces[i : i + MOST] for i in range(0, len(pieces), MOST)] or [[]]
    return _after_one_another([_pieces(y, kind_of(types[y].dtype), group) for group in groups])


def _flat(view: View) -> View:
    if not view.is_contiguous:
        raise Refused("joining arrays that do not lie in order, flat")
    return view.as_shape((view.count,))


def _after_one_another(kernels: list[Kernel]) -> Kernel:
    first, *rest = kernels
    return replace(first, shares=(), then=_after_one_another(rest)) if rest else replace(first, shares=())


def _pieces(output: Slot, kind: str, pieces: list[_Piece]) -> Kernel:
    """Return one launch that copies pieces; each takes whole blocks."""
    names = tuple(dict.fromkeys(x.name for x in pieces))
    parameters = [f"const {stored(kind)}* a{i}" for i in range(len(names))] + [f"{stored(kind)}* b"]
    wide = not fits([x.source for x in pieces] + [x.target for x in pieces])
    lines, blocks = [], 0
    for piece in pieces:
        count, first = piece.source.count, blocks
        blocks += -(-count // BLOCK)
        source = f"a{names.index(piece.name)}[{piece.source.text('i')}]"
        lines += [
            f"  if (blockIdx.x < {blocks}u) {{",
            f"    const bp_index i = (blockIdx.x - {first}u) * (bp_index){BLOCK} + threadIdx.x;",
            f"    if (i < {count}u) b[{piece.target.text('i')}] = {source};",
            "    return;",
            "  }",
        ]
    text = [
        f"typedef {'unsigned long long' if wide else 'unsigned int'} bp_index;",
        f"typedef {'long long' if wide else 'int'} bp_offset;",
        f'extern "C" __global__ void __launch_bounds__({BLOCK}) {NAME}({", ".join(parameters)}) {{',
        *lines,
        "}",
    ]
    name, source = named("\n".join(text) + "\n")
    return Kernel(name, source, (*names, output), blocks, BLOCK)


def _whole(equation: Equation, types: Types, layouts: Layouts) -> View:
    y = equation.output
    return view_of(tuple(types[y].shape), layouts.get(y))


def _scatter(equation: Equation, types: Types, layouts: Layouts) -> Kernel:
    """Return the kernel that fills the result with zeros, and the one that writes into it."""
    name, y = equation.inputs[0], equation.output
    if not isinstance(name, Slot | Constant):
        raise Refused("a number put into zeros")
    fill = Equation(TABLE["zeros_like"], (name,), {}, y)
    zeros = chain_kernel(body_of(fill, types, layouts))
    return _after_one_another([zeros, _written_into(equation, name, types, layouts)])


def _assign(equation: Equation, types: Types, layouts: Layouts) -> Kernel:
    """Return the kernel that copies the array, and the one that writes the value into it."""
    name, value = equation.inputs[:2]
    if not (isinstance(name, Slot | Constant) and isinstance(value, Slot | Constant)):
        raise Refused("the function assign of a number")
    if len(equation.inputs) > 2:  # noqa: PLR2004
        raise Refused("assigning by arrays of indices")
    copy = Equation(TABLE["positive"], (name,), {}, equation.output)
    whole = chain_kernel(body_of(copy, types, layouts))
    return _after_one_another([whole, _written_into(equation, value, types, layouts)])


def _written_into(equation: Equation, name: Name, types: Types, layouts: Layouts) -> Kernel:
    target = picked(_whole(equation, types, layouts), equation.static["key"])
    source = view_of(tuple(types[name].shape), layouts.get(name)).broadcast(target.shape)
    layout = Layout(source.strides, source.offset)
    return _copied(equation, name, types, layout, Layout(target.strides, target.offset), target.shape)


MOVING = {
    **dict.fromkeys(VIEWING - {"broadcast_to"}, _view),
    "concat": _join,
    "stack": _join,
    "slice_scatter": _scatter,
    "assign": _assign,
}
"""How equations that move elements become kernels, by name."""
