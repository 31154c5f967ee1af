"""Taking trees apart and putting them together, written out for one structure.

`flatten` looks at every node and builds a structure. Where the structure is known, code that was written
for it does the same in a fifth of the time: for a small network that is a quarter of a training step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

from bpcore.words.protocols import Array, Dtype, Shape, Static, Tree
from bpcore.words.trees import Structure, in_one

__all__ = ["builder", "reader"]


Kind = tuple[type, Shape, Dtype, object]


def reader(
    structure: Structure, known: int = 0, wanted: Sequence[Kind] = ()
) -> Callable[[Tree, Sequence[Array]], tuple[Array, ...] | None]:
    """Return a function from a tree to its leaves in order, or to None where it has another structure.

    It is also given the arrays that the first `known` leaves were: it returns None where they are others,
    and those that come after them. `wanted` are type, shape, dtype and device of these, where they matter.
    """
    names: dict[str, Static] = {}
    taken: list[str] = []
    lines: list[str] = []
    numbers = count(1)

    def visit(node: Structure, tree: str) -> None:
        if node.kind is None:
            taken.append(tree)
        elif node.kind is type(None):
            lines.append(f"if {tree} is not None: return None")
        else:
            kind, length = _named(names, node.kind), len(node.children)
            lines.append(f"if type({tree}) is not {kind} or len({tree}) != {length}: return None")
            for place, child in enumerate(node.children):
                key = _named(names, node.keys[place]) if node.kind is dict else str(place)
                part = f"t{next(numbers)}"
                lines.append(f"{part} = {tree}[{key}]")
                visit(child, part)

    visit(structure, "t0")
    if known:
        lines.append(f"({''.join(f'k{i}, ' for i in range(known))}) = known")
        others = " or ".join(f"{leaf} is not k{i}" for i, leaf in enumerate(taken[:known]))
        lines.append(f"if {others}: return None")
    for leaf, (kind, shape, dtype, device) in zip(taken[known:], wanted, strict=False):
        kind_, dtype_, device_ = (_named(names, value) for value in (kind, dtype, device))
        lines += [
            f"if type({leaf}) is not {kind_} or {leaf}.shape != {shape!r}: return None",
            f"if {leaf}.dtype is not {dtype_} and {leaf}.dtype != {dtype_}: return None",
            f'if getattr({leaf}, "device", None) != {device_}: return None',
        ]
    lines.append(f"return ({''.join(f'{leaf}, ' for leaf in taken[known:])})")
    body = "".join(f"        {line}\n" for line in lines)
    text = f"def read(t0, known=()):\n    try:\n{body}    except KeyError:\n        return None\n"
    return _made(text, "read", names)


def builder(structure: Structure, known: int = 0) -> Callable[[Sequence[Array], Sequence[Array]], Tree]:
    """Return a function from the first `known` leaves, and from the others, to their tree."""
    names: dict[str, Static] = {}
    leaves: list[str] = []

    def visit(node: Structure) -> str:
        if node.kind is None:
            leaves.append(f"y{len(leaves)}")
            return leaves[-1]
        if node.kind is type(None):
            return "None"
        parts = [visit(child) for child in node.children]
        if node.kind is dict:
            keys = [_named(names, key) for key in node.keys]
            return f"{{{', '.join(f'{key}: {part}' for key, part in zip(keys, parts, strict=True))}}}"
        if node.kind is list:
            return f"[{', '.join(parts)}]"
        if node.kind is tuple:
            return f"({''.join(f'{part}, ' for part in parts)})"
        given = ", ".join(parts)
        return f"{_named(names, node.kind)}({f'({given},)' if in_one(node.kind) else given})"

    tree = visit(structure)
    lines = [
        f"    ({''.join(f'{leaf}, ' for leaf in part)}) = {given}\n"
        for part, given in ((leaves[:known], "known"), (leaves[known:], "others"))
        if part
    ]
    return _made(f"def build(known, others):\n{''.join(lines)}    return {tree}\n", "build", names)


def _named(names: dict[str, Static], value: Static) -> str:
    """Return a name that the text knows `value` by; a literal stands for itself."""
    if type(value) in (str, int):
        return repr(value)
    name = f"n{len(names)}"
    names[name] = value
    return name


def _made(text: str, name: str, names: dict[str, Static]) -> Callable[..., Static]:
    exec(compile(text, "<bpcore tree>", "exec"), names)  # noqa: S102 - the text is our own
    function: Callable[..., Static] = names[name]
    return function
