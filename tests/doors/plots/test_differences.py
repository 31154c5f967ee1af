"""The picture of the V: what it shows, and where it is marked."""

from __future__ import annotations

from typing import Any

import pytest

import bpcore as bp
from bpcore.derivatives.checks.numeric import DerivativeError

pytest.importorskip("matplotlib")


def points(line: Any) -> list[tuple[float, float]]:
    return list(zip(line.get_xdata(), line.get_ydata(), strict=True))


def test_every_row_is_a_point_and_the_smallest_is_marked() -> None:
    rows = bp.derivative_errors(lambda x: x**3, 2.0, steps=[1e-1, 1e-3, 1e-5, 1e-9])
    ax = bp.plots.derivative_errors(rows)
    curve, mark = ax.get_lines()
    assert points(curve) == [(row.step, row.error) for row in reversed(rows)]
    assert points(mark) == [(rows[2].step, rows[2].error)]
    assert any("at step 1e-05" in text.get_text() for text in ax.texts)


def test_into_given_axes_and_without_an_error_of_zero() -> None:
    ax = bp.plots.derivative_errors(
        [DerivativeError(0.5, 1.0, 1.0, 0.0), DerivativeError(0.1, 1.5, 1.0, 0.5)]
    )
    assert bp.plots.derivative_errors([DerivativeError(0.5, 1.0, 1.0, 0.0)], ax=ax) is ax
    assert [points(line) for line in ax.get_lines()][:2] == [[(0.1, 0.5)], [(0.1, 0.5)]]


def test_nothing_to_draw_is_one_line() -> None:
    with pytest.raises(bp.BpcoreError, match="no errors to draw: pass the rows of"):
        bp.plots.derivative_errors([])
