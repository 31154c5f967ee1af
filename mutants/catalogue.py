"""All mutants: of the source of the rules, and of the entries of the table."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType

from bpcore.derivatives.rules import CHAPTERS, TABLE
from mutants.entries import entry_changes
from mutants.force import changed_entry, changed_statement
from mutants.reach import RULES, rule_modules, users
from mutants.sites import sites

__all__ = ["Mutant", "catalogue"]


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One thing that is wrong.

    Attributes
    ----------
    chapter : str
        The file of the rules, without its ending; of an entry, its chapter.
    place : str
        The function in that file, or the entry of the table.
    kind : str
    was, now : str
        What stood there, and what stands there instead.
    number : int
        Which one, where several of a place look alike; from 1.
    functions : tuple of str
        The functions of the table whose derivatives it can change.
    force : function
        Returns a scope in which it is in force.
    where : tuple of (file, first line, last line), optional
        The function, or the entry, that it is in; None where that is everywhere.
    """

    chapter: str
    place: str
    kind: str
    was: str
    now: str
    number: int = 1
    functions: tuple[str, ...]
    force: Callable[[], AbstractContextManager[None]]
    where: tuple[str, int, int] | None = None

    def is_reached(self, lines: Collection[tuple[str, int]]) -> bool:
        """Return whether functions that begin at these lines, of these files, may execute it."""
        if self.where is None:
            return True
        name, first, last = self.where
        return any(file == name and first <= line <= last for file, line in lines)

    def __str__(self) -> str:
        which = f" ({self.number})" if self.number > 1 else ""
        return f"{self.chapter}: {self.place}: {self.kind}: {self.was} -> {self.now}{which}"


@cache
def catalogue() -> tuple[Mutant, ...]:
    """Return every mutant, in the order of the files and then of the table."""
    found = [mutant for module in rule_modules() for mutant in _of_source(module)]
    found += [mutant for chapter, entries in CHAPTERS.items() for mutant in _of_entries(chapter, entries)]
    return tuple(found)


def _of_entries(chapter: str, entries: tuple[object, ...]) -> Iterator[Mutant]:
    for name in (str(entry).removeprefix("<function ").removesuffix(">") for entry in entries):
        for kind, was, now, fields in entry_changes(TABLE[name]):
            yield Mutant(
                chapter=chapter,
                place=name,
                kind=kind,
                was=was,
                now=now,
                functions=(name,),
                force=partial(changed_entry, name, fields),
            )


def _of_source(module: ModuleType) -> Iterator[Mutant]:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    chapter = module.__name__.removeprefix(RULES + ".").replace(".", "/")
    serving, seen = users(), Counter[tuple[str, ...]]()
    own = [name for name in _entry_names(module) if TABLE[name].backward is not None]
    for statement in tree.body:
        name = _name(statement)
        functions = _dependents(module, tree, name, own) if _is_constant(statement) else []
        if is_definition := isinstance(statement, ast.FunctionDef | ast.ClassDef):
            functions = serving.get((module.__name__, name), [])
            functions = functions or (own if name in _makers(tree) else [])
        for site in sites(statement) if functions else ():
            by_label = site.label in own and name == "FUNCTIONS"
            place = f"{name}[{site.label}]" if by_label else name
            key = (place, site.kind, site.was, site.now)
            seen[key] += 1
            yield Mutant(
                chapter=chapter,
                place=place,
                kind=site.kind,
                was=site.was,
                now=site.now,
                number=seen[key],
                functions=(site.label,) if by_label else tuple(functions),
                force=partial(changed_statement, module, site.mutated),
                where=(str(module.__file__), *site.lines) if by_label or is_definition else None,
            )


def _entry_names(module: ModuleType) -> list[str]:
    return [entry.name for entry in getattr(module, "FUNCTIONS", ()) if entry.name in TABLE]


def _is_constant(statement: ast.stmt) -> bool:
    """Return whether a statement binds a constant: what is in small letters is a type, or a memory."""
    return isinstance(statement, ast.Assign | ast.AnnAssign) and _name(statement).isupper()


def _name(statement: ast.stmt) -> str:
    """Return the name that a statement at the top of a module binds."""
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return ""


def _makers(tree: ast.Module) -> set[str]:
    """Return the functions that are called at the top of a module: they make entries."""
    table = [node for node in tree.body if _name(node) == "FUNCTIONS"]
    return {
        node.func.id
        for statement in table
        for node in _outside_rules(statement)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def _outside_rules(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for part in ast.iter_child_nodes(node):
        if not isinstance(part, ast.Lambda):
            yield from _outside_rules(part)


def _dependents(module: ModuleType, tree: ast.Module, name: str, own: list[str]) -> list[str]:
    """Return the functions of the table whose rules mention a constant of the module."""
    if name == "FUNCTIONS":
        return own
    serving = users()
    found = {
        function
        for statement in tree.body
        if isinstance(statement, ast.FunctionDef)
        and any(_is_name(node, name) for node in ast.walk(statement))
        for function in serving.get((module.__name__, statement.name), ())
    }
    return [function for function in TABLE if function in found]


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
