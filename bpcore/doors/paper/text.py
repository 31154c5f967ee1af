"""An explanation as plain text, line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from bpcore.doors.paper.figures import figure, shortened
from bpcore.doors.paper.line import GIVEN, Line
from bpcore.doors.paper.notation import TEXT, Hand, written
from bpcore.doors.paper.published import Published
from bpcore.doors.paper.terms import Symbol, symbols_of
from bpcore.words.protocols import Static

if TYPE_CHECKING:
    from bpcore.doors.paper.explanation import Explanation

__all__ = ["LEGEND", "PUBLISHED", "equation", "exact_digits", "numbers_in", "put_in", "shown", "text"]


PUBLISHED = "Published digits, beside the numbers of the lesson's own settings"
LEGEND = (
    "  right: the number itself; rounded, truncated: its first digits; wrong: others; in the band: digits",
    "  that rounding decides, as it decides those of the same sums in another order.",
)


def text(explanation: Explanation) -> str:
    """Return the explanation as text."""
    blocks = ["\n".join(_head(explanation))]
    put = put_in(explanation)
    for heading, lines in explanation.sections():
        rows = [f"  {equation(line, explanation.decimals, put)}" for line in lines]
        blocks.append("\n".join([heading, *rows]))
    if explanation.published:
        blocks.append("\n".join([PUBLISHED, *_table(explanation.published, explanation.decimals), *LEGEND]))
    return "\n\n".join(blocks)


def _head(explanation: Explanation) -> Iterator[str]:
    yield explanation.title
    if explanation.arithmetic:
        yield f"computed in {explanation.arithmetic}"
    yield from explanation.notes


def put_in(explanation: Explanation) -> Mapping[Symbol, str]:
    """Return what is written in place of each symbol that stands for one number."""
    return {
        line.symbol: _within(line, explanation.decimals)
        for line in explanation.lines
        if getattr(line.value, "shape", ()) == ()
    }


def numbers_in(line: Line, hand: Hand, put: Mapping[Symbol, str]) -> str:
    """Return a line's formula with numbers in place of symbols; nothing for arrays, or a symbol alone."""
    if line.term is None or isinstance(line.term, Symbol) or not set(symbols_of(line.term)) <= set(put):
        return ""
    return written(line.term, hand, put=put.__getitem__)


def _within(line: Line, decimals: int) -> str:
    """Return what stands in a formula: what was given as it was given, unless that is long."""
    whole = shown(line, decimals)
    places = len(whole.partition(".")[2])
    return figure(line.value, decimals) if line.kind == GIVEN and places > max(decimals, 6) else whole


def shown(line: Line, decimals: int) -> str:
    """Return a line's number; of what was given, no more digits than were given. Of an array its size."""
    if getattr(line.value, "shape", ()) != ():
        return _array(line.value, shortened if line.kind == GIVEN else figure, decimals)
    return shortened(line.value, max(decimals, 15)) if line.kind == GIVEN else figure(line.value, decimals)


def equation(line: Line, decimals: int, put: Mapping[Symbol, str]) -> str:
    """Return a line: symbol, formula, factors of the chain rule, numbers put in, result."""
    if line.term is None:
        return f"{line.symbol.name} = {shown(line, decimals)}"
    pieces = [line.symbol.name]
    if line.means not in ("", line.symbol.name):
        pieces.append(line.means)
    if len(line.chain) > 2:  # noqa: PLR2004 -- the formula itself has two
        pieces.append(" * ".join(factor.name for factor in line.chain))
    pieces.append(written(line.term, TEXT))
    numbers = numbers_in(line, TEXT, put)
    if numbers not in ("", pieces[-1], shown(line, decimals)):
        pieces.append(numbers)
    pieces.append(shown(line, decimals))
    return " = ".join(pieces)


def _array(value: Static, one: Callable[[Static, int], str], decimals: int) -> str:
    """Return an array row by row where it is small; else its shape, its norm and its first elements."""
    numbers = [float(x) for x in value.reshape(-1)]
    if len(numbers) <= 16 and value.ndim <= 2:  # noqa: PLR2004
        rows = value.tolist() if value.ndim == 2 else [value.tolist()]  # noqa: PLR2004
        return "[" + "; ".join(" ".join(one(x, decimals) for x in row) for row in rows) + "]"
    norm = sum(x * x for x in numbers) ** 0.5
    first = " ".join(one(x, decimals) for x in numbers[:3])
    shape = " x ".join(map(str, value.shape))
    return f"{shape}, norm {figure(norm, decimals)}, begins {first}"


def _table(rows: tuple[Published, ...], decimals: int) -> Iterator[str]:
    cells = [("quantity", "published", "exact", "", "")]
    for row in rows:
        exact = exact_digits(row, decimals)
        cells.append(
            (f"{row.name}{', ' + row.state if row.state else ''}", row.text, exact, row.verdict, row.note)
        )
    widths = [max(len(cell[column]) for cell in cells) for column in range(4)]
    for cell in cells:
        padded = [one.ljust(width) for one, width in zip(cell[:4], widths, strict=True)]
        yield f"  {'  '.join([*padded, cell[4]])}".rstrip()


def exact_digits(row: Published, decimals: int) -> str:
    """Return the number that is right beside published digits, with two digits more than were published."""
    return shortened(row.value, max(decimals, len(row.text.partition(".")[2]) + 2))
