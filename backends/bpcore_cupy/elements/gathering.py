"""Elements that are read, or added, at places which are computed.

An index below zero counts from the end; one beyond the axis, for which NumPy raises, reads the nearest
element, and adds nothing. Additions are made one after the other in the order of the indices, by the one
thread that has the place: what they give is what NumPy gives, and no atomics are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, NamedTuple

from bpcore.program.equation import Constant, Equation, Slot
from bpcore_cupy.elements.chains import loaded, stored_as
from bpcore_cupy.elements.kernel import NAME, Kernel, Layout, named
from bpcore_cupy.elements.kinds import SIZE, ctype, is_float, kind_of, stored, unsigned
from bpcore_cupy.elements.reading import Name
from bpcore_cupy.elements.refusal import Refused
from bpcore_cupy.elements.views import View, fits, view_of
from bpcore_cupy.elements.writing import Code

__all__ = ["GATHERING"]

BLOCK = 256
PACK = 16
MOST = 2**31
"""Looks at an index up to which additions are made this way."""

Types = Mapping[Name, Any]
Layouts = Mapping[Name, Layout]


class _Places(NamedTuple):
    """An array with an axis that indices count, and the indices."""

    view: View
    axis: int
    indices: View
    kind: str

    @property
    def length(self) -> int:
        return self.view.shape[self.axis]

    @property
    def back(self) -> int:
        return prod(self.view.shape[self.axis + 1 :])

    def address(self, front: str, index: str, back: str) -> str:
        """Return where an element of the array lies."""
        view, axis = self.view, self.axis
        before = View(view.shape[:axis], view.strides[:axis])
        after = View(view.shape[axis + 1 :], view.strides[axis + 1 :], view.offset)
        middle = f"(bp_offset){index} * ({view.strides[axis]})"
        return f"{before.text(front)} + {middle} + {after.text(back)}"


def _view(name: object, types: Types, layouts: Layouts) -> View:
    if not isinstance(name, Slot | Constant):
        raise Refused("indexing of a number, or by one")
    return view_of(tuple(types[name].shape), layouts.get(name))


def _indices(name: object, types: Types) -> str:
    if not isinstance(name, Slot | Constant):
        raise Refused("indexing by a number")
    kind = kind_of(types[name].dtype)
    if is_float(kind) or kind == "bool":
        raise Refused("indexing by a mask")
    return kind


def _one_array(equation: Equation) -> int:
    """Return the axis of a key that holds one array, and before it whole axes only."""
    key: tuple[Any, ...] = equation.static["key"]
    whole = [part == slice(None) if isinstance(part, slice) else part is ... for part in key]
    if len(equation.inputs) != 2 or whole.count(False) != 1 or ... in key[: whole.index(False)]:  # noqa: PLR2004
        raise Refused("indexing by more than one array")
    return whole.index(False)


def _headed(lines: list[str], *, wide: bool, parameters: list[str], code: Code) -> tuple[str, str]:
    text = [
        f"typedef {'unsigned long long' if wide else 'unsigned int'} bp_index;",
        f"typedef {'long long' if wide else 'int'} bp_offset;",
        f'extern "C" __global__ void __launch_bounds__({BLOCK}) {NAME}({", ".join(parameters)}) {{',
        *(f"  {line}" for line in lines),
        "}",
    ]
    return named(code.prelude + "\n" + "\n".join(text) + "\n")


def _wrapped(length: int) -> list[str]:
    """Return the lines that bring an index inside of an axis."""
    return [
        f"if (at < 0) at += {length};",
        f"at = at < 0 ? 0 : at >= {length} ? {length - 1} : at;",
    ]


def _take(equation: Equation, types: Types, layouts: Layouts) -> Kernel:
    """Return the kernel of ``y[f, j, b] = x[f, index[j], b]``."""
    x, name, y = equation.inputs[0], equation.inputs[1], equation.output
    axis = _one_array(equation) if equation.function.name == "gather" else equation.static.get("axis")
    view = _view(x, types, layouts)
    places = _Places(view, (axis or 0) % len(view.shape), _view(name, types, layouts), _indices(name, types))
    result, kind = _view(y, types, layouts), kind_of(types[y].dtype)
    if kind_of(types[x].dtype) != kind or (view.count == 0 and result.count):
        raise Refused(f"the function {equation.function.name} as it is called here")
    lanes = PACK // SIZE[kind]
    plain = view.is_plain and result.is_plain
    if not plain or places.back % lanes:
        lanes = 1
    wide = not fits([view, result, places.indices])
    back, count = max(places.back // lanes, 1), places.indices.count
    lines = [
        f"const bp_index i = (bp_index)blockIdx.x * {BLOCK}u + threadIdx.x;",
        f"if (i >= {result.count // lanes}u) return;",
        f"const bp_index b = i % {back}u * {lanes}u, j = i / {back}u % {max(count, 1)}u;",
        f"const bp_index f = i / {back * max(count, 1)}u;",
        f"long long at = (long long)a1[{places.indices.text('j')}];",
        *_wrapped(places.length),
        f"const {stored(kind)}* from = a0 + ({places.address('f', 'at', 'b')});",
    ]
    code = Code()
    if lanes > 1:
        pack = f"{code.need('bp_pack')}<{stored(kind)}, {lanes}>"
        lines += [
            f"{stored(kind)}* to = b0 + i * {lanes}u;",
            f"if ((((unsigned long long)from | (unsigned long long)to) & {PACK - 1}u) == 0u)",
            f"  *({pack}*)to = *(const {pack}*)from;",
            f"else for (int k = 0; k < {lanes}; ++k) to[k] = from[k];",
        ]
    else:
        lines.append(f"b0[{result.text('i')}] = *from;")
    parameters = [f"const {stored(kind)}* a0", f"const {stored(places.kind)}* a1", f"{stored(kind)}* b0"]
    function, source = _headed(lines, wide=wide, parameters=parameters, code=code)
    grid = -(-result.count // (lanes * BLOCK))
    return Kernel(function, source, (x, name, y), grid, BLOCK)


def _take_along(equation: Equation, types: Types, layouts: Layouts) -> Kernel:
    """Return the kernel of ``y[f, j, b] = x[f, index[f, j, b], b]``."""
    x, name, y = equation.inputs[0], equation.inputs[1], equation.output
    view, kind = _view(x, types, layouts), kind_of(types[y].dtype)
    axis = equation.static.get("axis", -1) % len(view.shape)
    result = _view(y, types, layouts)
    shape = (*result.shape[:axis], view.shape[axis], *result.shape[axis + 1 :])
    indices = _view(name, types, layouts).broadcast(result.shape)
    places = _Places(view.broadcast(shape), axis, indices, _indices(name, types))
    if kind_of(types[x].dtype) != kind or (view.count == 0 and result.count):
        raise Refused("the function take_along_axis as it is called here")
    back, count = max(places.back, 1), max(result.shape[axis], 1)
    lines = [
        f"const bp_index i = (bp_index)blockIdx.x * {BLOCK}u + threadIdx.x;",
        f"if (i >= {result.count}u) return;",
        f"const bp_index b = i % {back}u, f = i / {back * count}u;",
        f"long long at = (long long)a1[{indices.text('i')}];",
        *_wrapped(places.length),
        f"b0[{result.text('i')}] = a0[{places.address('f', 'at', 'b')}];",
    ]
    parameters = [f"const {stored(kind)}* a0", f"const {stored(places.kind)}* a1", f"{stored(kind)}* b0"]
    wide = not fits([places.view, result, indices])
    function, source = _headed(lines, wide=wide, parameters=parameters, code=Code())
    return Kernel(function, source, (x, name, y), -(-result.count // BLOCK), BLOCK)


def _add_at(equation: Equation, types: Types, layouts: Layouts) -> Kernel:
    """Return the kernel of ``y[f, n, b] = x[f, n, b] + sum of s[f, j, b] where index[j] is n``."""
    scatter, y = equation.function.name == "scatter_add", equation.output
    x, name, s = (None, equation.inputs[1], equation.inputs[0]) if scatter else equation.inputs[:3]
    axis = _one_array(equation) if scatter else equation.static["axis"]
    result, kind = _view(y, types, layouts), kind_of(types[y].dtype)
    axis %= len(result.shape)
    indices, source = _view(name, types, layouts), _view(s, types, layouts)
    front, back, count = result.shape[:axis], result.shape[axis + 1 :], indices.count
    if source.shape != (*front, *indices.shape, *back) or kind_of(types[s].dtype) != kind:
        raise Refused(f"the function {equation.function.name} as it is called here")
    if result.count * count > MOST:
        raise Refused(f"the function {equation.function.name} of so many indices")
    code = Code()
    split = axis + len(indices.shape)
    parts = [
        View(source.shape[:axis], source.strides[:axis]).text("f"),
        View(source.shape[axis:split], source.strides[axis:split]).text("j"),
        View(source.shape[split:], source.strides[split:], source.offset).text("b"),
    ]
    behind, length = max(prod(back), 1), max(result.shape[axis], 1)
    start = "0" if scatter else loaded(code, kind, f"a2[{_view(x, types, layouts).text('i')}]")
    term = loaded(code, kind, f"a0[{' + '.join(parts)}]")
    total = f"sum + {term}"
    if not is_float(kind):
        total = f"({ctype(kind)})(({unsigned(kind)})sum + ({unsigned(kind)}){term})"
    lines = [
        f"const bp_index i = (bp_index)blockIdx.x * {BLOCK}u + threadIdx.x;",
        f"if (i >= {result.count}u) return;",
        f"const bp_index b = i % {behind}u, f = i / {behind * length}u;",
        f"const long long n = (long long)(i / {behind}u % {length}u);",
        f"{ctype(kind)} sum = {start};",
        f"for (bp_index j = 0; j < {count}u; ++j) {{",
        f"  const long long at = (long long)a1[{indices.text('j')}];",
        f"  if (at == n || at + {length} == n) sum = {total};",
        "}",
        f"b0[{result.text('i')}] = {stored_as(code, kind, 'sum')};",
    ]
    parameters = [f"const {stored(kind)}* a0", f"const {stored(_indices(name, types))}* a1"]
    parameters += ([] if scatter else [f"const {stored(kind)}* a2"]) + [f"{stored(kind)}* b0"]
    wide = not fits([source, result, indices])
    function, text = _headed(lines, wide=wide, parameters=parameters, code=code)
    given = (s, name, y) if scatter else (s, name, x, y)
    return Kernel(function, text, given, -(-result.count // BLOCK), BLOCK)  # type: ignore[arg-type]


GATHERING = {
    "take": _take,
    "gather": _take,
    "take_along_axis": _take_along,
    "scatter_add": _add_at,
    "index_add": _add_at,
}
"""How equations that read or add at computed places become kernels, by name."""
