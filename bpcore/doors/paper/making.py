"""From a plan to an explanation: which arithmetic, which order, how many decimals."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from bpcore.doors.paper.arithmetic import Arithmetic, ByHand, Exact, OnArrays
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.paper.line import RATE
from bpcore.doors.paper.plan import Plan, evaluated_lines
from bpcore.doors.paper.published import Published
from bpcore.doors.paper.sheet import sheet_of
from bpcore.doors.paper.terms import Symbol
from bpcore.ground.backend import Backend
from bpcore.words.errors import BpcoreError, OptionError, PaperError, choose
from bpcore.words.protocols import Array, Static, Tree

__all__ = ["FORMS", "ORDERS", "Style", "Subject", "made"]

LARGEST_RATE = 1e300
"""Of a learning rate that a float can hold."""

FLOAT_DECIMALS = 17
"""Decimals that a float may be printed with."""

ORDERS = ("simultaneous", "sequential")
FORMS = ("elements", "matrices")


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a step is written.

    Attributes
    ----------
    form : "elements" or "matrices"
        Whether arrays are taken apart into their numbers.
    order : "simultaneous" or "sequential"
        Whether all gradients are formed with the old parameters, or a layer is updated before the one below
        it gets its gradient, through the new ones.
    rate : float or None
        The learning rate; None for no update.
    decimals : int or None
        How many are printed; None for the lesson's own, or 6.
    digits : int or None
        Decimal arithmetic of so many digits, in place of the backend's floats.
    by_hand : bool
        Whether every line is rounded to `decimals` before the next one reads it.
    """

    form: str = "elements"
    order: str = "simultaneous"
    rate: float | None = None
    decimals: int | None = None
    digits: int | None = None
    by_hand: bool = False

    def __post_init__(self) -> None:
        choose("form", self.form, FORMS)
        choose("order", self.order, ORDERS)
        if self.decimals is not None and (type(self.decimals) is not int or not 0 <= self.decimals <= 100):  # noqa: PLR2004
            raise OptionError("decimals", self.decimals, "a whole number from 0 to 100")
        if self.rate is not None and not _is_finite(self.rate):
            raise OptionError("rate", self.rate, "a finite number")
        if self.order == "sequential" and self.rate is None:
            raise OptionError("order", self.order, "given with a rate", "Without one nothing is updated.")
        if self.digits is None and not self.by_hand and (self.decimals or 0) > FLOAT_DECIMALS:
            do = f"Floats hold no more than {FLOAT_DECIMALS}: give digits, for decimal arithmetic."
            raise OptionError(
                "decimals", self.decimals, f"{FLOAT_DECIMALS} at most, or given with digits", do
            )
        if self.by_hand and self.digits is not None:
            raise OptionError(
                "digits", self.digits, "left out with by_hand", "One rounds, the other does not."
            )
        if self.form == "matrices" and (self.by_hand or self.digits is not None):
            raise OptionError(
                "form", self.form, "elements with digits or by_hand", "They are for single numbers."
            )

    @property
    def places(self) -> int:
        """How many decimals are printed."""
        if self.decimals is not None:
            return self.decimals
        return 6 if self.digits is None else self.digits

    def arithmetic(self, on_arrays: Arithmetic) -> tuple[Arithmetic, str]:
        """Return what is computed in, and how it is called; nothing for arrays."""
        if self.by_hand:
            return ByHand(
                self.places
            ), f"decimal numbers, each line rounded to {self.places} decimals, as by hand"
        if self.digits is not None:
            return Exact(self.digits), f"decimal numbers of {self.digits} digits"
        return on_arrays, ""


def _is_finite(value: Static) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_RATE


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What is explained.

    Attributes
    ----------
    title : str
    f : function
        Of trees of arrays, to an array of shape (); it may call `named`.
    args : tuple of trees of arrays, of one backend
    names : tuple of Names
        For each leaf of the arguments.
    result : str
        What `f` returns is called.
    by, learned : function of a Symbol of what is given, to bool
        What the result is differentiated by, and what of that is updated.
    aliases : mapping of str to str
        The reader's names of derivatives.
    also : tuple of pairs of str
        Derivatives of one quantity by another that are written as well.
    transposed : mapping of Symbol to Symbol
        For the elements of a weight, the one that stands there when the matrix is turned.
    """

    title: str
    f: Callable[..., Array]
    args: tuple[Tree, ...]
    names: tuple[Static, ...]
    result: str = "L"
    by: Callable[[Symbol], bool] = lambda symbol: True
    learned: Callable[[Symbol], bool] = lambda symbol: True
    aliases: Mapping[str, str] = field(default_factory=dict)
    also: tuple[tuple[str, str], ...] = ()
    transposed: Mapping[Symbol, Symbol] = field(default_factory=dict)


def made(
    subject: Subject,
    style: Style,
    backend: Backend,
    *,
    notes: Iterable[str] = (),
    publish: Callable[[], tuple[Published, ...]] = tuple,
) -> Explanation:
    """Return the explanation of a step."""
    matrices = style.form == "matrices"
    sheet = sheet_of(subject.f, subject.args, subject.names, result=subject.result, matrices=matrices)
    by = tuple(symbol for symbol in sheet.given if subject.by(symbol))
    learned = tuple(symbol for symbol in by if subject.learned(symbol))
    plan = Plan(
        sheet=sheet,
        by=by,
        learned=learned,
        rate=style.rate is not None,
        sequential=style.order == "sequential",
        aliases=subject.aliases,
        also=tuple((Symbol(of), Symbol(by)) for of, by in subject.also),
    )
    given: dict[Symbol, Array] = dict(sheet.given)
    like = next((x for x in given.values() if backend.namespace.isdtype(x.dtype, "real floating")), None)
    on_arrays = OnArrays(backend, like)
    if style.rate is not None:
        given[RATE] = on_arrays.array(style.rate)
    host = {symbol: _finite(symbol, _hosted(backend, value)) for symbol, value in given.items()}
    arithmetic, words = style.arithmetic(on_arrays)
    try:
        with warnings.catch_warnings():  # what is not finite is seen in its line
            warnings.simplefilter("ignore", RuntimeWarning)
            lines = plan.lines(given, on_arrays)
            done = evaluated_lines(lines, given if arithmetic is on_arrays else host, arithmetic)
    except (TypeError, AttributeError, IndexError, ValueError) as error:
        if not matrices or isinstance(error, BpcoreError):
            raise
        raise PaperError(
            f"{subject.title} cannot be written in whole matrices ({str(error).partition(chr(10))[0]})",
            "Take form='elements', or other functions.",
        ) from error
    return Explanation(
        title=subject.title,
        lines=tuple(replace(line, value=_hosted(backend, line.value)) for line in done),
        result=sheet.result,
        decimals=style.places,
        arithmetic=words or _floats(backend, like),
        notes=tuple(notes),
        transposed=subject.transposed,
        publish=publish,
    )


def _finite(symbol: Symbol, value: Static) -> Static:
    """Return a number, or a host array, that is finite."""
    for number in value.reshape(-1).tolist() if hasattr(value, "reshape") else [value]:
        if isinstance(number, complex) or not math.isfinite(number):
            raise OptionError(symbol.name, number, "a finite real number")
    return value


def _hosted(backend: Backend, value: Static) -> Static:
    """Return a Python number for an array of no axes, a host array for others; decimals as they are."""
    if not hasattr(value, "dtype"):
        return value
    host = backend.to_host(value)
    return host.item() if host.shape == () else host


def _floats(backend: Backend, like: Array | None) -> str:
    kind = "numbers" if like is None else str(like.dtype).rpartition(".")[2]
    return f"{kind} on {backend.name}"
