"""A line as LaTeX: symbol, formula, factors of the chain rule, numbers put in, result."""

from __future__ import annotations

from collections.abc import Mapping

from bpcore.doors.paper.figures import figure, shortened
from bpcore.doors.paper.line import GIVEN, Line
from bpcore.doors.paper.notation import LATEX, written
from bpcore.doors.paper.terms import Symbol
from bpcore.doors.paper.text import numbers_in, shown
from bpcore.words.protocols import Static

__all__ = ["latex_equation", "latex_pieces"]


def latex_equation(line: Line, decimals: int, put: Mapping[Symbol, str]) -> str:
    """Return a line as one formula."""
    return " = ".join(latex_pieces(line, decimals, put))


def latex_pieces(line: Line, decimals: int, put: Mapping[Symbol, str]) -> list[str]:
    """Return what stands between a line's signs of equality.

    Parameters
    ----------
    line : Line
    decimals : int
    put : mapping of Symbol to str
        The numbers, as from `put_in`.
    """
    pieces = [LATEX.symbol(line.symbol.name)]
    if line.means not in ("", line.symbol.name):
        pieces.append(LATEX.symbol(line.means))
    if line.term is not None:
        if len(line.chain) > 2:  # noqa: PLR2004 -- the formula itself has two
            pieces.append(r" \cdot ".join(LATEX.symbol(factor.name) for factor in line.chain))
        pieces.append(written(line.term, LATEX))
    result = _result(line, decimals)
    numbers = numbers_in(line, LATEX, put)
    if numbers not in ("", pieces[-1], result):
        pieces.append(numbers)
    return [*pieces, result]


def _result(line: Line, decimals: int) -> str:
    value: Static = line.value
    if getattr(value, "shape", ()) == ():
        return shown(line, decimals)
    if value.ndim == 2 and value.size <= 16:  # noqa: PLR2004
        one = shortened if line.kind == GIVEN else figure
        rows = [" & ".join(one(x, decimals) for x in row) for row in value.tolist()]
        return r"\begin{pmatrix} " + r" \\ ".join(rows) + r" \end{pmatrix}"
    return rf"\text{{{shown(line, decimals)}}}"
