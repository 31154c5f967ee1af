"""How far a numeric derivative is from the analytic one, over the length of the step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bpcore.derivatives.checks.numeric import DerivativeError
from bpcore.doors.plots.canvas import BLUE, GREY, RED, canvas
from bpcore.words.errors import DataError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["derivative_errors"]


def derivative_errors(rows: Sequence[DerivativeError], /, *, ax: Axes | None = None) -> Axes:
    """Draw the error of a numeric derivative over its step, on logarithmic axes: a V.

    Parameters
    ----------
    rows : sequence of DerivativeError
        What `bpcore.derivative_errors` returns.
    ax : Axes or None
        Where to draw; left out, a figure of its own.

    Returns
    -------
    Axes

    Raises
    ------
    DataError
        When there are no rows.
    LibraryMissing
        When matplotlib is not installed.

    Notes
    -----
    The smallest error is marked. Errors of exactly 0 have no place on a logarithmic axis and are left out.

    Examples
    --------
    >>> import bpcore as bp
    >>> rows = bp.derivative_errors(lambda x: x**3, 2.0)
    >>> ax = bp.plots.derivative_errors(rows)
    >>> ax.get_xscale(), ax.get_yscale()
    ('log', 'log')
    """
    if not rows:
        raise DataError("there are no errors to draw: pass the rows of bpcore.derivative_errors(f, x).")
    shown = sorted(row for row in rows if row.error > 0)
    ax = canvas(ax, 6.4, 4.4)
    ax.set(xscale="log", yscale="log", xlabel="step", ylabel="|numeric - analytic|")
    ax.set_title("Error of the numeric derivative")
    ax.grid(alpha=0.3)
    ax.plot([row.step for row in shown], [row.error for row in shown], "o-", color=BLUE, markersize=4)
    if shown:
        best = min(shown, key=lambda row: row.error)
        ax.plot([best.step], [best.error], "o", color=RED, markersize=7)
        words = f"{best.error:.0e} at step {best.step:.0e}"
        ax.annotate(words, (best.step, best.error), xytext=(8, -4), textcoords="offset points", color=RED)
    for side, place, words in (("left", 0.02, "rounding, divided by the step"), ("right", 0.98, "the bend")):
        ax.text(place, 0.3, words, transform=ax.transAxes, color=GREY, ha=side)
    return ax
