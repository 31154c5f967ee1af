"""Which functions of the table a piece of source serves: the call graph, followed from the rules."""

from __future__ import annotations

import dis
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.broadcast import sum_to
from bpcore.derivatives.rules.function import EachInput, Function

__all__ = ["RULES", "rule_modules", "users"]

RULES = "bpcore.derivatives.rules"
NO_RULES = (RULES, f"{RULES}.function")
"""The table's own modules: what an entry is."""

Users = dict[tuple[str, str], list[str]]


def rule_modules() -> list[ModuleType]:
    """Return the modules of the rules, in the order of their names."""
    return [
        sys.modules[name] for name in sorted(sys.modules) if name.startswith(RULES) and name not in NO_RULES
    ]


@cache
def users() -> Users:
    """Return, by module and by name at its top, the functions of the table whose rules come there.

    A rule that calls a function of the table which is there for the sake of rules, such as ``scatter_add``,
    comes to what computes that one. Approximations of elementary functions are not rules, and left out.
    """
    found: Users = defaultdict(list)
    for name, entry in TABLE.items():
        for place in sorted(_reached(entry)):
            found[place].append(name)
    return dict(found)


def _reached(entry: Function) -> set[tuple[str, str]]:
    waiting: list[Any] = [*_rules(entry), *([sum_to] if entry.broadcasts else [])]
    seen: set[int] = set()
    places: set[tuple[str, str]] = set()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if _is_ours(one):
            places.add((one.__module__, one.__qualname__.split(".")[0]))
            waiting.extend(_mentioned(one))
    return places


def _rules(entry: Function) -> Iterator[Any]:
    rules: Sequence[Any] = entry.backward or ()
    for rule in [rules[i] for i in range(len(rules))]:
        if isinstance(rules, EachInput):
            yield type(rules)
        yield rule.func if isinstance(rule, partial) else rule


def _is_ours(one: object) -> bool:
    return (
        isinstance(one, FunctionType | type)
        and one.__module__.startswith(RULES + ".")
        and (one.__module__ not in NO_RULES)
    )


@cache
def _mentioned(one: Any) -> tuple[Any, ...]:
    return tuple(_called(one))


def _called(one: Any) -> Iterator[Any]:
    """Yield what a function, or the methods of a class, mention."""
    if isinstance(one, type):
        for member in vars(one).values():
            method = member.fget if isinstance(member, property) else member
            if isinstance(method, FunctionType):
                yield from _called(method)
        return
    yield from (cell.cell_contents for cell in one.__closure__ or ())
    for step in _steps(one.__code__):
        if step.opname == "LOAD_GLOBAL":
            yield one.__globals__.get(step.argval)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            yield _computed(step.argval)


def _steps(code: CodeType) -> Iterator[dis.Instruction]:
    yield from dis.get_instructions(code)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _steps(constant)


SERVING = frozenset(
    {
        *("add_along_axis", "assign", "assign_at", "conv", "conv_input", "conv_weight", "gather", "getitem"),
        *("index_add", "cofactors", "scatter_add", "slice_scatter"),
    }
)
"""Functions of our own that are there for the sake of rules: what computes them is part of the rules."""


def _computed(name: str) -> Callable[..., Any] | None:
    entry = TABLE.get(name) or TABLE.get(f"linalg.{name}")
    return entry.compute if entry is not None and name in SERVING else None
