"""Local derivatives, as terms: the table of rules, recorded on one formula and read off again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.derivatives.transforms.gradients import value_and_grad, vjp
from bpcore.doors.paper.arithmetic import Arithmetic, called
from bpcore.doors.paper.reading import Reading
from bpcore.doors.paper.sheet import Quantity
from bpcore.doors.paper.simplest import call
from bpcore.doors.paper.terms import Call, Number, Symbol, Term, evaluated, symbols_of
from bpcore.program.equation import Slot
from bpcore.program.program import Program
from bpcore.program.record import record
from bpcore.words.protocols import Array, Static

__all__ = ["decided", "pulled_back", "slopes"]

Values = Mapping[Symbol, Array]


def slopes(
    quantity: Quantity, parents: Sequence[Symbol], values: Values, arithmetic: Arithmetic
) -> dict[Symbol, Term]:
    """Return the derivative of a number by some of the numbers that it is made of.

    Where the formula branches, the branch is that of `values`.
    """
    symbols = symbols_of(quantity.term)
    places = tuple(symbols.index(parent) for parent in parents)
    gradient = value_and_grad(_function(quantity.term, symbols), argnums=places)
    program = record(gradient, *[values[symbol] for symbol in symbols])
    reading = Reading(program, _named(program, quantity, symbols))
    return {
        parent: decided(reading.term(slope), values, arithmetic)
        for parent, slope in zip(parents, program.outputs[1:], strict=True)
    }


def pulled_back(
    quantity: Quantity, parent: Symbol, cotangent: Symbol | None, values: Values, *, plain: bool = False
) -> Term:
    """Return what an array brings back to one that it is made of.

    Parameters
    ----------
    quantity : Quantity
    parent : Symbol
    cotangent : Symbol or None
        The gradient at the quantity; None where it is 1, as for the result itself.
    values : mapping
        Also of the cotangent.
    plain : bool
        Whether the term is left as it was computed.
    """
    symbols = symbols_of(quantity.term)
    place = symbols.index(parent)
    f = _function(quantity.term, symbols)

    def back(g: Array | None, *xs: Array) -> tuple[Array, Array]:
        def moved(x: Array) -> Array:
            return f(*xs[:place], x, *xs[place + 1 :])

        y, pull = vjp(moved, xs[place])
        return y, pull(array_namespace(y).ones_like(y) if g is None else g)[0]

    arrays = [values[symbol] for symbol in symbols]
    if cotangent is None:
        program = record(lambda *xs: back(None, *xs), *arrays)
        return Reading(program, _named(program, quantity, symbols), plain=plain).term(program.outputs[1])
    program = record(back, values[cotangent], *arrays)
    names = _named(program, quantity, (cotangent, *symbols))
    return Reading(program, names, plain=plain).term(program.outputs[1])


def _named(program: Program, quantity: Quantity, given: Sequence[Symbol]) -> dict[Slot, Term]:
    """Return what stands for the inputs, and for the value where it is computed again."""
    value = program.outputs[0]
    names: dict[Slot, Term] = {value: quantity.symbol} if isinstance(value, Slot) else {}
    return names | dict(zip(program.inputs, given, strict=True))


def _function(term: Term, symbols: Sequence[Symbol]) -> Static:
    """Return the term as a function of arrays, in the differentiable namespace."""

    def f(*xs: Array) -> Array:
        xp = array_namespace(*xs)

        def apply(name: str, *inputs: Static, **static: Static) -> Static:
            return static["value"] if name == "literal" else called(xp, name, *inputs, **static)

        return evaluated(term, dict(zip(symbols, xs, strict=True)), apply, lambda value: value)

    return f


_QUESTIONS = frozenset(
    (
        *(
            "equal",
            "not_equal",
            "less",
            "less_equal",
            "greater",
            "greater_equal",
            "isnan",
            "isinf",
            "isfinite",
        ),
        *("logical_and", "logical_or", "logical_not", "logical_xor", "sign", "floor_divide"),
    )
)
"""Functions whose answer does not move with the numbers."""


def decided(
    term: Term, values: Mapping[Symbol, Static], arithmetic: Arithmetic, *, extremes: bool = True
) -> Term:
    """Return the term with every question answered, and of every choice what was chosen.

    Without `extremes` a maximum and a minimum stay. What is kept from the gradient goes where it is 0.
    """
    if not isinstance(term, Call):
        return term
    if term.function == "stop_gradient" and float(arithmetic.value(term, values)) == 0.0:
        return Number(0.0)
    if term.function in _QUESTIONS:
        return Number(float(arithmetic.value(term, values)))
    if term.function == "where":
        taken = term.inputs[1] if bool(arithmetic.value(term.inputs[0], values)) else term.inputs[2]
        return decided(taken, values, arithmetic, extremes=extremes)
    if extremes and term.function in ("maximum", "minimum"):
        value = float(arithmetic.value(term, values))
        taken = next(one for one in term.inputs if float(arithmetic.value(one, values)) == value)
        return decided(taken, values, arithmetic, extremes=extremes)
    inputs = [decided(one, values, arithmetic, extremes=extremes) for one in term.inputs]
    return call(term.function, *inputs, **dict(term.static))
