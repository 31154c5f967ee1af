"""Surface, path of descent and tangent, with the course's numbers."""

from __future__ import annotations

import math
from typing import Any

import pytest

import bpcore as bp
from bpcore.words.errors import DataError, OptionError


def loss(w1: Any, w2: Any) -> Any:
    return (2 * w1 * w2 - 20) ** 2 / 2


def test_the_path_is_the_courses_table(numbers: Any) -> None:
    states = numbers("course_linear")["states"]
    path = bp.plots.descent(loss, (2.0, 0.5), rate=0.01, steps=10)
    assert len(path) == 11
    for number, (w1, w2, value) in enumerate(path):
        known = states[str(number)]
        assert (w1, w2) == pytest.approx((known["w1"], known["w2"]), rel=1e-13)
        assert value == pytest.approx(known["loss"], rel=1e-7)


def test_a_surface_with_its_path() -> None:
    path = bp.plots.descent(loss, (2.0, 0.5), rate=0.01, steps=10)
    ax = bp.plots.surface(loss, (1.6, 4.2), (0.2, 3.8), path=path)
    assert ax.name == "3d"
    (line,) = ax.lines
    across, up, height = line.get_data_3d()
    assert (across[0], up[0], height[0]) == (2.0, 0.5, 162.0)
    assert len(across) == 11


def test_a_surface_from_above_leaves_out_what_is_outside() -> None:
    path = bp.plots.descent(loss, (2.0, 0.5), rate=0.01, steps=10)
    ax = bp.plots.surface(loss, (2.1, 4.2), (0.2, 3.8), path=path, flat=True, names=("a", "b", "error"))
    (line,) = ax.lines
    assert len(line.get_xdata()) == 10
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title()) == ("a", "b", "Error over two weights")
    assert not bp.plots.surface(lambda a, b: a - b, (0, 1), (0, 1), flat=True).lines


def test_a_path_that_diverges_ends_before_infinity() -> None:
    path = bp.plots.descent(loss, (2.0, 0.5), rate=1.0, steps=30)
    assert 3 < len(path) < 31
    assert path[-1][2] < float("inf")
    xp = bp.namespace("numpy")
    assert bp.plots.tangent(xp.log, 0.5, span=1.0).lines  # NaN on the left is a gap


def test_a_close_up_shows_the_last_points() -> None:
    path = bp.plots.descent(loss, (2.0, 0.5), rate=0.01, steps=10)
    ax = bp.plots.close_up(loss, path, last=3)
    low, high = ax.get_xlim()
    assert low < min(p[0] for p in path[-3:])
    assert max(p[0] for p in path[-3:]) < high < low + 0.01
    with pytest.raises(OptionError, match="last must be 2 to 11, the points of the path, was given 12"):
        bp.plots.close_up(loss, path, last=12)


def test_the_tangent_has_the_slope_of_the_course() -> None:
    ax = bp.plots.tangent(lambda y: (y - 1) ** 2 / 2, 0.547053)
    curve, tangent = ax.lines[:2]
    across, up = tangent.get_xdata(), tangent.get_ydata()
    slope = (up[1] - up[0]) / (across[1] - across[0])
    assert slope == pytest.approx(-0.452947, rel=1e-6)
    assert tangent.get_label() == "tangent, slope -0.452947"
    middle = curve.get_ydata()[100]
    assert middle == pytest.approx((0.547053 - 1) ** 2 / 2, rel=1e-12)
    assert [text.get_text() for text in ax.texts] == ["(0.54705, 0.10258)"]


def test_numbers_that_overflow() -> None:
    """Python's own numbers raise where arrays become infinite."""
    square = lambda a, b=0.0: (a * 1.0) ** 2 + b  # noqa: E731
    with pytest.raises(OptionError, match="at must be where the function and its slope are finite"):
        bp.plots.tangent(square, 1e200)
    with pytest.raises(OptionError, match="w1 must be a range of some width"):
        bp.plots.surface(square, (-1e308, 1e308), (0.0, 1.0))
    with pytest.raises(OptionError, match="w1 must be a range of some width"):
        bp.plots.surface(square, (0.0, math.nan), (0.0, 1.0))
    assert bp.plots.surface(square, (0.0, 1e155), (0.0, 1.0), flat=True)
    assert bp.plots.descent(square, (1.0, 1.0), rate=1e200, steps=4)[1:] == []


def test_a_tangent_at_the_minimum_is_level() -> None:
    ax = bp.plots.tangent(lambda y: y * y, 0.0)
    assert list(ax.lines[1].get_ydata()) == [0.0, 0.0]


def test_bad_input() -> None:
    with pytest.raises(
        OptionError, match=r"w2 must be a range of some width, as \(0, 4\), was given \(1, 1\)"
    ):
        bp.plots.surface(loss, (0, 1), (1, 1))
    with pytest.raises(DataError, match="finite nowhere"):
        bp.plots.surface(lambda a, b: float("nan"), (0, 1), (0, 1))
    with pytest.raises(OptionError, match="span must be a finite number above 0"):
        bp.plots.tangent(lambda y: y * y, 1.0, span=-1)


@pytest.mark.parametrize("flat", [True, False])
def test_a_path_of_one_point_has_no_end_beside_its_start(*, flat: bool) -> None:
    ax = bp.plots.surface(loss, (1.0, 3.0), (0.0, 2.0), path=[(2.0, 0.5)], flat=flat)
    assert [text.get_text().strip() for text in ax.texts] == ["start"]
