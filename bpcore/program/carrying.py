"""What a function carries on: arguments that come back as results, so that their memory may be used again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bpcore.derivatives.transforms.tracing import name_of
from bpcore.program.equation import Constant, Slot, type_of
from bpcore.program.program import Program
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Static, Tree
from bpcore.words.trees import flatten, leaves, named_leaves, unflatten

__all__ = ["check_carried", "with_carried"]


def with_carried(f: Callable[..., Tree], program: Program, carry: int, args: tuple[Tree, ...]) -> Program:
    """Return `program`, told that the first `carry` arguments come back as the first results.

    Raises
    ------
    OptionError
        When a result has not the tree, the shapes and the dtypes of its argument.
    """
    returned = unflatten(program.structure, list(program.outputs))
    check_carried(f, carry, args, returned, lambda output: _type(program, output))
    count = len(leaves(args[:carry]))
    return replace(program, carried=tuple((i, i) for i in range(count)))


def check_carried(
    f: Callable[..., Tree],
    carry: int,
    args: tuple[Tree, ...],
    results: Tree,
    kind: Callable[[Static], Static] = type_of,
) -> None:
    """Want the first `carry` results to be like the first arguments; `kind` tells the type of a result."""
    if len(args) < carry:
        raise OptionError(
            "carry", carry, f"at most as many as {name_of(f)} was given arguments, which is {len(args)}"
        )
    if not isinstance(results, tuple) or len(results) < carry:
        found = f"a tuple of {len(results)}" if isinstance(results, tuple) else "one that is no tuple"
        raise OptionError(
            f"what {name_of(f)} returns", found, f"a tuple that begins with {carry} carried results",
            "Of one write return (s,).",
        )  # fmt: skip
    for number in range(carry):
        _check(f, number, args[number], results[number], kind)


def _check(
    f: Callable[..., Tree], number: int, argument: Tree, result: Tree, kind: Callable[[Static], Static]
) -> None:
    prefix = str(number)
    taken = {path: type_of(x) for path, x in named_leaves(argument, prefix)}
    given = {path: kind(y) for path, y in named_leaves(result, prefix)}
    for path in [*taken, *given]:
        if taken.get(path) != given.get(path):
            wanted = f"{taken.get(path, 'nothing')}, like argument {path}"
            raise _differs(f, path, given.get(path, "nothing"), wanted)
    structures = flatten(result)[1], flatten(argument)[1]
    if structures[0] != structures[1]:
        raise _differs(f, prefix, str(structures[0]), f"a tree {structures[1]}, like argument {prefix}")


def _differs(f: Callable[..., Tree], path: str, given: Static, wanted: str) -> OptionError:
    return OptionError(
        f"result {path} of {name_of(f)}", given, wanted, "What is carried comes back as it was taken."
    )


def _type(program: Program, output: Static) -> Static:
    if isinstance(output, Slot):
        return program.types[output]
    return type_of(program.constants[output]) if isinstance(output, Constant) else output
