"""The sheet: what a function computes on its way, as quantities with names, read off its recording."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bpcore.doors.paper.elements import Elements, Index, places
from bpcore.doors.paper.naming import Names, collected
from bpcore.doors.paper.reading import Reading
from bpcore.doors.paper.terms import Symbol, Term
from bpcore.program.equation import Constant, Slot
from bpcore.program.program import Program
from bpcore.program.record import record
from bpcore.words.errors import OptionError, PaperError
from bpcore.words.protocols import Array, Shape, Tree
from bpcore.words.trees import leaves

__all__ = ["LARGEST", "Quantity", "Sheet", "element_names", "sheet_of"]

LARGEST = 400
"""Quantities on one sheet; more than that nobody reads."""


@dataclass(frozen=True)
class Quantity:
    """A name, and what it is made of."""

    symbol: Symbol
    term: Term


@dataclass(frozen=True)
class Sheet:
    """What a function computes.

    Attributes
    ----------
    given : mapping of Symbol to value
        The arguments: arrays of no axes element by element, or whole arrays.
    groups : tuple of tuples of Quantity
        In the order in which they are computed; those of one array together.
    result : Symbol
        The last of them: the one that is differentiated.
    matrices : bool
        Whether the quantities are whole arrays.
    """

    given: Mapping[Symbol, Array]
    groups: tuple[tuple[Quantity, ...], ...]
    result: Symbol
    matrices: bool

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """All of them, in order."""
        return tuple(quantity for group in self.groups for quantity in group)


def sheet_of(
    f: Callable[..., Array],
    args: Sequence[Tree],
    names: Sequence[Names],
    *,
    result: str,
    matrices: bool = False,
) -> Sheet:
    """Record `f`, and return its sheet.

    Parameters
    ----------
    f : function
        Of trees of arrays, to an array of shape (); it may call `named`.
    args : sequence of trees of arrays
    names : sequence of Names
        For each leaf of the arguments.
    result : str
        What is returned is called, unless it was named.
    matrices : bool
        Whether arrays stay whole.

    Raises
    ------
    PaperError
        When there is too much to print, or a function without a formula.
    """
    told: list[tuple[Names, int]] = []
    odd: list[str] = []

    def watched(*args: Tree) -> Tree:
        with collected() as collection:
            value = f(*args)
        if not hasattr(value, "dtype"):
            odd.append(type(value).__name__)
            return []
        told.extend((name, x.slot) for name, x in collection)
        return value, [x for _, x in collection]  # what is named stays, whether it leads to the value or not

    program = record(watched, *args)
    if odd:
        raise PaperError(f"the function returns {odd[0]}, no array", "Return one number, the loss.")
    if not isinstance(program.outputs[0], Slot):
        raise PaperError(
            "the function returns no array that depends on its arguments", "Return one number, the loss."
        )
    last = program.outputs[0]
    names_of: dict[Slot, Names] = dict(zip(program.inputs, names, strict=True))
    named = {Slot(slot): name for name, slot in told if Slot(slot) not in names_of}
    named.setdefault(last, result)
    if last in names_of:
        raise PaperError("the function returns one of its arguments", "There is nothing to explain.")
    if getattr(program.types[last], "shape", None) != ():
        raise PaperError(
            f"the function returns an array of shape {program.types[last].shape}",
            "Return one number: a sum or a mean.",
        )
    make = _whole if matrices else _by_elements
    return make(program, last, leaves(tuple(args)), names_of, dict(sorted(named.items())))


def _whole(
    program: Program,
    last: Slot,
    arrays: list[Array],
    given: Mapping[Slot, Names],
    named: Mapping[Slot, Names],
) -> Sheet:
    symbols = {slot: Symbol(_one_name(name)) for slot, name in {**given, **named}.items()}
    _check_different(list(symbols.values()))
    held = {Constant(name): Symbol(name) for name, array in program.constants.items() if array.shape != ()}
    reading = Reading(program, symbols, held)
    groups = tuple((Quantity(symbols[slot], reading.definition(slot)),) for slot in named)
    values = {symbols[slot]: array for slot, array in zip(given, arrays, strict=True)}
    values |= {symbol: program.constants[name] for name, symbol in held.items()}
    return Sheet(values, groups, symbols[last], matrices=True)


def _by_elements(
    program: Program,
    last: Slot,
    arrays: list[Array],
    given: Mapping[Slot, Names],
    named: Mapping[Slot, Names],
) -> Sheet:
    shapes = {slot: program.types[slot].shape for slot in (*given, *named)}
    count = sum(map(math.prod, shapes.values()))
    if count > LARGEST:
        raise PaperError(
            f"there are {count} quantities, more than the {LARGEST} that anybody reads",
            "Take a smaller network or fewer samples, or whole matrices: form='matrices', "
            "or --form matrices.",
        )
    symbols = {slot: element_names(name, shapes[slot]) for slot, name in {**given, **named}.items()}
    once = [one for slot in given for one in dict.fromkeys(symbols[slot].values())]
    _check_different([*once, *(one for slot in named for one in symbols[slot].values())])
    elements = Elements(program, symbols)
    groups = tuple(
        tuple(Quantity(symbol, elements.definition(slot, index)) for index, symbol in symbols[slot].items())
        for slot in named
    )
    values: dict[Symbol, Array] = {}
    for slot, array in zip(given, arrays, strict=True):
        for index, symbol in sorted(symbols[slot].items(), key=lambda item: _counted(item[1].name)):
            value = array[index] if index else array
            if symbol in values and float(values[symbol]) != float(value):
                raise OptionError(
                    "names", symbol.name, "one name for what is one number", "Two numbers bear it."
                )
            values[symbol] = value
    return Sheet(values, groups, symbols[last][()], matrices=False)


def _counted(name: str) -> tuple[tuple[int, str], ...]:
    """Return what sorts names as one counts: w2 before w10, whatever their place in memory."""
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name))


def _check_different(symbols: list[Symbol]) -> None:
    twice = [symbol for symbol in dict.fromkeys(symbols) if symbols.count(symbol) > 1]
    if twice:
        raise OptionError(
            "names", twice[0].name, "different for what is different", "Two quantities bear that one."
        )


def _one_name(names: Names) -> str:
    """Return the name of a whole array, where each element has one: what they begin with."""
    while not isinstance(names, str):
        names = names[0]
    return names


def element_names(names: Names, shape: Shape) -> dict[Index, Symbol]:
    """Return the symbol of each element of an array.

    A single name is numbered from 1 along the axes that are longer than 1: ``net_h`` of shape (1, 2) is
    ``net_h1`` and ``net_h2``, ``w1`` of shape (2, 3) is ``w1_11`` to ``w1_23``.

    Raises
    ------
    OptionError
        When nested names do not have the array's shape.
    """
    found = {}
    for index in places(shape):
        if isinstance(names, str):
            found[index] = Symbol(names + _numbered(names, index, shape))
            continue
        one: Names = names
        try:
            for i in index:
                one = one if isinstance(one, str) else one[i]
        except IndexError:
            one = ()
        if not isinstance(one, str):
            raise OptionError("names", names, f"nested like an array of shape {shape}")
        found[index] = Symbol(one)
    return found


def _numbered(name: str, index: Index, shape: Shape) -> str:
    numbers = [str(i + 1) for i, length in zip(index, shape, strict=True) if length > 1]
    if not numbers:
        return ""
    between = "," if any(length > 9 for length in shape) else ""  # noqa: PLR2004
    straight = len(numbers) == 1 and not name[-1:].isdigit()
    return ("" if straight else "_") + between.join(numbers)
