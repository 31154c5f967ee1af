"""An explanation as Markdown with LaTeX."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bpcore.doors.paper.latex import latex_equation
from bpcore.doors.paper.text import LEGEND, PUBLISHED, exact_digits, put_in

if TYPE_CHECKING:
    from bpcore.doors.paper.explanation import Explanation

__all__ = ["markdown"]


def markdown(explanation: Explanation) -> str:
    """Return the explanation as Markdown; every line is a formula of its own between dollar signs."""
    blocks = [f"# {explanation.title}"]
    if explanation.arithmetic:
        blocks.append(f"Computed in {explanation.arithmetic}.")
    blocks += explanation.notes
    put = put_in(explanation)
    for heading, lines in explanation.sections():
        blocks.append(f"## {heading}")
        blocks += [f"$$\n{latex_equation(line, explanation.decimals, put)}\n$$" for line in lines]
    if explanation.published:
        rows = ["| quantity | published | exact | |", "|---|---|---|---|"]
        for row in explanation.published:
            where = f", {row.state}" if row.state else ""
            note = f": {row.note}" if row.note else ""
            exact = exact_digits(row, explanation.decimals)
            rows.append(f"| `{row.name}`{where} | {row.text} | {exact} | {row.verdict}{note} |")
        blocks += [f"## {PUBLISHED}", "\n".join(rows), "\n".join(line.strip() for line in LEGEND)]
    return "\n\n".join(blocks) + "\n"
