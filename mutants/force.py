"""Putting a mutation in force, in the running program, and taking it back."""

from __future__ import annotations
import __future__

import ast
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from bpcore.derivatives.rules import TABLE

__all__ = ["changed_entry", "changed_statement"]

FIELDS = ("backward", "broadcasts", "forward", "takes_list", "several")
PARTS = ("__code__", "__defaults__", "__kwdefaults__")


@contextmanager
def changed_entry(name: str, fields: dict[str, Any]) -> Iterator[None]:
    """Change fields of an entry of the table; the entries are frozen."""
    with ExitStack() as undo:
        _put(undo, TABLE[name], fields)
        yield


@contextmanager
def changed_statement(module: ModuleType, statement: Callable[[], ast.stmt]) -> Iterator[None]:
    """Change what a statement at the top of a module defines.

    Functions keep their identity, so that whoever has imported one runs the changed one. The entries are
    made anew, since functions may have made them.
    """
    changed = statement()
    names = vars(module)
    scratch = dict(names)
    if _target(changed) != "FUNCTIONS":
        exec(_compiled(changed, module), scratch)  # noqa: S102 - our source
    with ExitStack() as undo:
        if isinstance(changed, ast.FunctionDef):
            _replace(undo, names[changed.name], scratch[changed.name])
        elif isinstance(changed, ast.ClassDef):
            _replace_methods(undo, names[changed.name], scratch[changed.name])
        else:
            name = _target(changed)
            if name != "FUNCTIONS":
                undo.callback(names.__setitem__, name, names[name])
                names[name] = scratch[name]
        _put_entries(undo, module, changed)
        yield


def _put_entries(undo: ExitStack, module: ModuleType, changed: ast.stmt) -> None:
    code = _compiled(changed, module) if _target(changed) == "FUNCTIONS" else _table(module)
    if code is None:
        return
    scratch = dict(vars(module))
    exec(code, scratch)  # noqa: S102 - our source
    for entry in scratch["FUNCTIONS"]:
        if entry.name in TABLE:
            _put(undo, TABLE[entry.name], {field: getattr(entry, field) for field in FIELDS})


def _compiled(statement: ast.stmt, module: ModuleType) -> CodeType:
    tree = ast.Module([statement], type_ignores=[])
    flags = __future__.annotations.compiler_flag
    code: CodeType = compile(tree, str(module.__file__), "exec", flags, dont_inherit=True)
    return code


_tables: dict[str, CodeType | None] = {}


def _table(module: ModuleType) -> CodeType | None:
    """Return what makes the entries of a module."""
    if module.__name__ not in _tables:
        body = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body
        found = next((node for node in body if _target(node) == "FUNCTIONS"), None)
        _tables[module.__name__] = None if found is None else _compiled(found, module)
    return _tables[module.__name__]


def _target(statement: ast.stmt) -> str:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


def _put(undo: ExitStack, owner: object, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        undo.callback(object.__setattr__, owner, name, getattr(owner, name))
        object.__setattr__(owner, name, value)


def _replace(undo: ExitStack, live: FunctionType, new: FunctionType) -> None:
    _put(undo, live, {part: getattr(new, part) for part in PARTS})


def _replace_methods(undo: ExitStack, live: type, new: type) -> None:
    for name, member in vars(new).items():
        one, other = _function_of(vars(live).get(name)), _function_of(member)
        if one and other and one.__code__.co_filename == sys.modules[live.__module__].__file__:
            _replace(undo, one, other)


def _function_of(member: object) -> FunctionType | None:
    found = getattr(member, "fget", member)
    return found if isinstance(found, FunctionType) else None
