"""How terms are written: one grammar of brackets, two hands, plain text and LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bpcore.doors.paper.latex_names import latex_name
from bpcore.doors.paper.terms import Call, Number, Symbol, Term
from bpcore.words.protocols import Static

__all__ = ["LATEX", "TEXT", "Hand", "plain_number", "written"]

SUM, PRODUCT, SIGN, POWER, ATOM = range(1, 6)
"""How tightly a form holds together; what is looser than its place wants is put in brackets."""


@dataclass(frozen=True)
class Hand:
    """A way to write.

    Attributes
    ----------
    forms : mapping of str to (form, how tightly it holds, how tightly each operand must)
        A form has ``{0}``, ``{1}`` where the operands go.
    symbol, number : functions to str
    brackets : str
        With ``{}`` in it.
    other : str
        With ``{name}`` and ``{inputs}`` in it: a function that has no form.
    samples : str
        What is said of a sum over the rows.
    """

    forms: Mapping[str, tuple[str, int, tuple[int, ...]]]
    symbol: Callable[[str], str]
    number: Callable[[float], str]
    brackets: str
    other: str
    samples: str


def written(term: Term, hand: Hand, *, put: Callable[[Symbol], str] | None = None) -> str:
    """Return a term as text.

    Parameters
    ----------
    term : Term
    hand : Hand
    put : function of a Symbol to str, or None
        What is written in place of symbols; None writes their names. Negative numbers get brackets.
    """
    return _written(term, hand, put)[0]


def _written(term: Term, hand: Hand, put: Callable[[Symbol], str] | None) -> tuple[str, int]:
    if isinstance(term, Symbol):
        if put is None:
            return hand.symbol(term.name), ATOM
        text = put(term)
        return text, SIGN if text.startswith("-") else ATOM
    if isinstance(term, Number):
        text = hand.number(term.value)
        return text, SIGN if text.startswith("-") else PRODUCT if "/" in text else ATOM
    return _call(term, hand, put)


def _call(term: Call, hand: Hand, put: Callable[[Symbol], str] | None) -> tuple[str, int]:
    if term.function in ("sum", "mean"):
        return _reduction(term, hand, put), PRODUCT
    if term.function == "astype":
        return _written(term.inputs[0], hand, put)
    if term.function == "literal":
        return str(dict(term.static)["value"]), ATOM
    if term.function in ("getitem", "slice_scatter"):
        inner, level = _written(term.inputs[0], hand, put)
        inner = inner if level == ATOM else hand.brackets.format(inner)
        at = "" if term.function == "getitem" else " at "
        return f"{inner}{at}[{_key(dict(term.static)['key'])}]", ATOM
    form = hand.forms.get(term.function)
    if form is None:
        inputs = ", ".join(_written(one, hand, put)[0] for one in term.inputs)
        return hand.other.format(name=hand.symbol(term.function), inputs=inputs), ATOM
    text, level, wanted = form
    pieces = []
    for place, (one, least) in enumerate(zip(term.inputs, wanted, strict=False)):
        piece, found = _written(one, hand, put)
        first = (
            place == 0 and text.startswith("{0}") and least <= PRODUCT
        )  # a sign that begins needs no bracket
        signed = piece.startswith("-") and least > 0 and not first
        pieces.append(hand.brackets.format(piece) if found < least or signed else piece)
    return text.format(*pieces), level


def _reduction(term: Call, hand: Hand, put: Callable[[Symbol], str] | None) -> str:
    """Write a sum or a mean, over rows or over everything."""
    inner = _written(term.inputs[0], hand, put)[0]
    axis = dict(term.static).get("axis")
    over = hand.samples if axis in (0, (0,)) else ""
    return hand.other.format(name=hand.symbol(term.function), inputs=inner + over)


def _key(key: Static) -> str:
    """Return an index as it is written between brackets."""
    if isinstance(key, tuple):
        return ", ".join(_key(one) for one in key)
    if isinstance(key, slice):
        ends = ":".join("" if one is None else str(one) for one in (key.start, key.stop))
        return ends if key.step is None else f"{ends}:{key.step}"
    return "..." if key is Ellipsis else str(key)


def plain_number(value: float) -> str:
    """Return a number of a formula: whole numbers without a point, a half as 1/2."""
    if value == 0.5:  # noqa: PLR2004
        return "1/2"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)  # noqa: PLR2004


def _latex_number(value: float) -> str:
    return r"\tfrac{1}{2}" if value == 0.5 else plain_number(value)  # noqa: PLR2004


_BOTH: Mapping[str, tuple[int, tuple[int, ...]]] = {
    "add": (SUM, (SUM, SUM)),
    "subtract": (SUM, (SUM, PRODUCT)),
    "negative": (SIGN, (PRODUCT,)),
}

TEXT = Hand(
    forms=MappingProxyType(
        {
            "add": ("{0} + {1}", *_BOTH["add"]),
            "subtract": ("{0} - {1}", *_BOTH["subtract"]),
            "negative": ("-{0}", *_BOTH["negative"]),
            "multiply": ("{0} * {1}", PRODUCT, (PRODUCT, ATOM - 1)),
            "divide": ("{0} / {1}", PRODUCT, (PRODUCT, POWER)),
            "matmul": ("{0} {1}", PRODUCT, (ATOM, ATOM)),
            "matrix_transpose": ("{0}^T", ATOM, (ATOM,)),
            "pow": ("{0}^{1}", POWER, (ATOM, ATOM)),
            "square": ("{0}^2", POWER, (ATOM,)),
            "sqrt": ("sqrt({0})", ATOM, (0,)),
            "exp": ("exp({0})", ATOM, (0,)),
            "log": ("ln({0})", ATOM, (0,)),
            "log1p": ("ln(1 + {0})", ATOM, (SUM,)),
            "expit": ("1 / (1 + exp(-{0}))", PRODUCT, (POWER,)),
            "softplus": ("ln(1 + exp({0}))", ATOM, (0,)),
            "relu": ("max({0}, 0)", ATOM, (0,)),
            "maximum": ("max({0}, {1})", ATOM, (0, 0)),
            "minimum": ("min({0}, {1})", ATOM, (0, 0)),
            "abs": ("|{0}|", ATOM, (0,)),
            "logaddexp": ("ln(exp({0}) + exp({1}))", ATOM, (0, 0)),
            "greater": ("[{0} > {1}]", ATOM, (0, 0)),
            "greater_equal": ("[{0} >= {1}]", ATOM, (0, 0)),
            "less": ("[{0} < {1}]", ATOM, (0, 0)),
            "less_equal": ("[{0} <= {1}]", ATOM, (0, 0)),
            "equal": ("[{0} = {1}]", ATOM, (0, 0)),
            "ones_like": ("1", ATOM, (0,)),
            "everywhere": ("{0} everywhere", ATOM, (0, 0)),
            "broadcast_to": ("{0}", ATOM, (ATOM,)),
        }
    ),
    symbol=lambda name: name,
    number=plain_number,
    brackets="({})",
    other="{name}({inputs})",
    samples=" over the samples",
)

LATEX = Hand(
    forms=MappingProxyType(
        {
            "add": ("{0} + {1}", *_BOTH["add"]),
            "subtract": ("{0} - {1}", *_BOTH["subtract"]),
            "negative": ("-{0}", *_BOTH["negative"]),
            "multiply": (r"{0} \cdot {1}", PRODUCT, (PRODUCT, ATOM - 1)),
            "divide": (r"\frac{{{0}}}{{{1}}}", PRODUCT, (0, 0)),
            "matmul": (r"{0}\, {1}", PRODUCT, (ATOM, ATOM)),
            "matrix_transpose": (r"{0}^{{\mathsf{{T}}}}", ATOM, (ATOM,)),
            "pow": ("{{{0}}}^{{{1}}}", POWER, (ATOM, 0)),
            "square": ("{{{0}}}^{{2}}", POWER, (ATOM,)),
            "sqrt": (r"\sqrt{{{0}}}", ATOM, (0,)),
            "exp": ("e^{{{0}}}", ATOM, (0,)),
            "log": (r"\ln\left({0}\right)", ATOM, (0,)),
            "log1p": (r"\ln\left(1 + {0}\right)", ATOM, (SUM,)),
            "expit": (r"\frac{{1}}{{1 + e^{{-{0}}}}}", PRODUCT, (POWER,)),
            "softplus": (r"\ln\left(1 + e^{{{0}}}\right)", ATOM, (0,)),
            "tanh": (r"\tanh\left({0}\right)", ATOM, (0,)),
            "relu": (r"\max\left({0}, 0\right)", ATOM, (0,)),
            "maximum": (r"\max\left({0}, {1}\right)", ATOM, (0, 0)),
            "minimum": (r"\min\left({0}, {1}\right)", ATOM, (0, 0)),
            "abs": (r"\left|{0}\right|", ATOM, (0,)),
            "logaddexp": (r"\ln\left(e^{{{0}}} + e^{{{1}}}\right)", ATOM, (0, 0)),
            "greater": ("[{0} > {1}]", ATOM, (0, 0)),
            "greater_equal": (r"[{0} \ge {1}]", ATOM, (0, 0)),
            "less": ("[{0} < {1}]", ATOM, (0, 0)),
            "less_equal": (r"[{0} \le {1}]", ATOM, (0, 0)),
            "equal": ("[{0} = {1}]", ATOM, (0, 0)),
            "ones_like": ("1", ATOM, (0,)),
            "everywhere": (r"{0} \text{{ everywhere}}", ATOM, (0, 0)),
            "broadcast_to": ("{0}", ATOM, (ATOM,)),
        }
    ),
    symbol=latex_name,
    number=_latex_number,
    brackets=r"\left({}\right)",
    other=r"\operatorname{{{name}}}\left({inputs}\right)",
    samples=r"\text{ over the samples}",
)
