"""Where the source can be mutated: every node of every function that serves a rule."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from typing import NamedTuple

from mutants.operators import ARRAYS, changes

__all__ = ["Site", "sites"]

Step = tuple[str, int | None]


class Site(NamedTuple):
    """One mutation of one statement at the top of a module.

    Attributes
    ----------
    statement : ast.stmt
        As it is in the source.
    path : tuple of (field, place in the field's list or None)
        The way from the statement to the node.
    kind : str
    was, now : str
        The node in the source, and what stands there instead.
    new : ast.AST
    label : str
        The first argument of the call around it, where that is a string: the function of an entry.
    lines : tuple of two int
        The first and the last line of that call, or of the statement.
    """

    statement: ast.stmt
    path: tuple[Step, ...]
    kind: str
    was: str
    now: str
    new: ast.AST
    label: str
    lines: tuple[int, int]

    def mutated(self) -> ast.stmt:
        """Return the statement with the mutation in it; what is not on the way there is shared with it."""
        whole = ast.Module([self.statement], type_ignores=[])
        owner: ast.AST = whole
        for name, index in (("body", 0), *self.path[:-1]):
            owner = _own(owner, name, index, copy.copy(_part(owner, name, index)))
        name, index = self.path[-1]
        new = ast.copy_location(copy.copy(self.new), _part(owner, name, index))
        _own(owner, name, index, ast.fix_missing_locations(new))
        return whole.body[0]


def _part(owner: ast.AST, name: str, index: int | None) -> ast.AST:
    value = getattr(owner, name)
    part: ast.AST = value if index is None else value[index]
    return part


def _own(owner: ast.AST, name: str, index: int | None, part: ast.AST) -> ast.AST:
    """Put a part into its owner, whose lists may be shared and are copied; return the part."""
    if index is None:
        setattr(owner, name, part)
    else:
        value = [*getattr(owner, name)]
        value[index] = part
        setattr(owner, name, value)
    return part


def sites(statement: ast.stmt) -> list[Site]:
    """Return every mutation of a statement; of those that come to the same source, one."""
    found, seen = [], set()
    whole = (statement.lineno, statement.end_lineno or statement.lineno)
    for path, node, known, (label, lines) in _walk(statement, (), (), ("", whole)):
        for kind, new in changes(node, known):
            was, now = _shown(node), _shown(new)
            if was != now and (path, now) not in seen:
                seen.add((path, now))
                found.append(Site(statement, path, kind, was, now, new, label, lines))
    return found


def _shown(node: ast.AST) -> str:
    if isinstance(node, ast.If):
        return f"if {ast.unparse(node.test)}"
    if isinstance(node, ast.keyword):
        return f"{node.arg}={ast.unparse(node.value)}"
    return " ".join(ast.unparse(node).split())


Label = tuple[str, tuple[int, int]]
Found = tuple[tuple[Step, ...], ast.AST, tuple[str, ...], Label]


LOOKED_AT = ("zeros_like", "ones_like", "full_like", "is_complex", "_all_axes")
"""Calls that look at no value of the array that they are given: another one does as well."""


def _walk(node: ast.AST, path: tuple[Step, ...], known: tuple[str, ...], label: Label) -> Iterator[Found]:
    """Yield the way to each node, the node, the arrays known there, and the entry around it."""
    if isinstance(node, ast.Call):
        lines = (node.lineno, node.end_lineno or node.lineno)
        label = next(((str(ast.literal_eval(x)), lines) for x in node.args[:1] if _is_text(x)), label)
    if isinstance(node, ast.FunctionDef | ast.Lambda):
        node.args.read = frozenset(x.id for x in ast.walk(node) if isinstance(x, ast.Name))  # type: ignore[attr-defined]
        known = tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args) if a.arg in ARRAYS)
    if isinstance(node, ast.Attribute) or (isinstance(node, ast.Call) and _called(node) in LOOKED_AT):
        known = ()
    if path:
        yield path, node, known, label
    for name, value in ast.iter_fields(node):
        if not _is_passed_over(node, name):
            for index, part in enumerate(value) if isinstance(value, list) else ((None, value),):
                if (
                    isinstance(part, ast.AST)
                    and not _is_docstring(node, name, part)
                    and not _fills(node, part)
                ):
                    yield from _walk(part, (*path, (name, index)), known, label)


def _fills(node: ast.AST, part: ast.AST) -> bool:
    """Return whether any other number does as well: under a mask, as the shape of one row, or left unread."""
    if isinstance(node, ast.arguments):
        return part in _unread(node)
    if isinstance(part, ast.Tuple) and ast.unparse(part) == "(-1,)":
        return True
    given = isinstance(part, ast.Constant) and part.value == 1.0
    return given and isinstance(node, ast.Call) and _called(node).endswith("unless")


def _unread(given: ast.arguments) -> list[ast.expr | None]:
    """Return the defaults of options that the function does not read."""
    read: frozenset[str] = getattr(given, "read", frozenset())
    pairs = zip(given.kwonlyargs, given.kw_defaults, strict=True)
    return [default for name, default in pairs if name.arg not in read]


def _called(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is_passed_over(node: ast.AST, field: str) -> bool:
    """Return whether a field holds no computation: types, decorators, what computes the value itself."""
    if field in ("annotation", "returns", "decorator_list", "bases", "ctx", "targets", "target", "op", "ops"):
        return True
    if isinstance(node, ast.keyword) and node.arg in ("compute", "strict", "views"):
        return True
    return isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and field == "func")


def _is_docstring(node: ast.AST, field: str, part: ast.AST) -> bool:
    return field == "body" and isinstance(part, ast.Expr) and _is_text(part.value)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
