"""The page of an explanation: every line with its formula, its numbers and its result, as MathML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from bpcore.doors.pages.drawings import svg
from bpcore.doors.pages.rendering import mathml, page, ready
from bpcore.doors.paper.latex import latex_pieces
from bpcore.doors.paper.line import Line
from bpcore.doors.paper.published import INSIDE, RIGHT, ROUNDED, TRUNCATED, WRONG, Published
from bpcore.doors.paper.terms import Symbol
from bpcore.doors.paper.text import exact_digits, put_in
from bpcore.doors.plots.graphs import graph
from bpcore.words.errors import PaperError

if TYPE_CHECKING:
    from markupsafe import Markup

    from bpcore.doors.paper.explanation import Explanation

__all__ = ["Formula", "explanation_page"]

COLOURS: Mapping[str, str] = {
    RIGHT: "right",
    INSIDE: "right",
    ROUNDED: "rounded",
    TRUNCATED: "truncated",
    WRONG: "wrong",
}
"""The class that a verdict has on the page."""


WIDTH = 72
"""Letters that stand in a line."""


@dataclass(frozen=True, kw_only=True)
class Formula:
    """One line: what it is called, and what it is equal to, step by step."""

    name: str
    symbol: Markup
    steps: tuple[Markup, ...]


def explanation_page(explanation: Explanation) -> str:
    """Return an explanation as a page of HTML that needs nothing else.

    Parameters
    ----------
    explanation : Explanation
        As from ``bp.explain``.

    Returns
    -------
    str

    Raises
    ------
    LibraryMissing
        When the extra ``pages`` is not installed.
    """
    ready()
    put = put_in(explanation)
    return page(
        "explanation.html",
        title=explanation.title,
        arithmetic=explanation.arithmetic,
        notes=explanation.notes,
        result=explanation.result.name,
        sections=[
            (heading, [_formula(line, explanation.decimals, put) for line in lines])
            for heading, lines in explanation.sections()
        ],
        graph=_graph(explanation),
        published=[_row(row, explanation.decimals) for row in explanation.published],
    )


def _formula(line: Line, decimals: int, put: Mapping[Symbol, str]) -> Formula:
    symbol, *steps = latex_pieces(line, decimals, put)
    return Formula(
        name=line.symbol.name,
        symbol=mathml(symbol),
        steps=tuple(mathml(row) for step in steps for row in _rows(step)),
    )


def _rows(step: str) -> list[str]:
    """Return a step as formulas, one below the other: words of more than a line's length are broken."""
    if not step.startswith(r"\text{"):
        return [f"= {step}"]
    words = step.removeprefix(r"\text{").removesuffix("}")
    pieces = wrap(words, WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
    first, *others = (rf"\text{{{piece}}}" for piece in pieces)
    return [rf"=\ {first}", *(rf"\quad {other}" for other in others)]


def _graph(explanation: Explanation) -> Markup | None:
    """Return the computation graph; None where there is none, or more of it than anybody reads."""
    try:
        ax = graph(explanation)
    except PaperError:
        return None
    return svg(ax, "graph", f"how {explanation.result.name} is computed")


def _row(row: Published, decimals: int) -> dict[str, str]:
    return {
        "name": row.name,
        "state": row.state,
        "text": row.text,
        "exact": exact_digits(row, decimals),
        "verdict": row.verdict,
        "colour": COLOURS[row.verdict],
        "note": row.note,
    }
