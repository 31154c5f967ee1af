"""Decimal arithmetic: fifty digits against loops in multiple precision, and rounding as by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import mpmath
import pytest

import bpcore as bp


def course_in_50_digits() -> dict[str, Any]:
    """Return the course's sigmoid step, written out again in multiple precision."""
    with mpmath.workdps(60):
        w1, w2, w3, y = mpmath.mpf("0.1"), mpmath.mpf("-0.3"), mpmath.mpf("0.5"), mpmath.mpf(1)
        found = {"z1": w1 + 2 * w2}
        found["h1"] = 1 / (1 + mpmath.exp(-found["z1"]))
        found["z2"] = w3 * found["h1"]
        found["y_hat"] = 1 / (1 + mpmath.exp(-found["z2"]))
        found["L"] = (found["y_hat"] - y) ** 2 / 2
        found["dL/dz2"] = (found["y_hat"] - y) * found["y_hat"] * (1 - found["y_hat"])
        found["dL/dw3"] = found["dL/dz2"] * found["h1"]
        found["dL/dz1"] = found["dL/dz2"] * w3 * found["h1"] * (1 - found["h1"])
        found["dL/dw2"] = 2 * found["dL/dz1"]
        found["w2+"] = w2 - found["dL/dw2"] / 10
        return found


def mazur_in_50_digits() -> dict[str, Any]:
    """Return Mazur's step, simultaneous, with loops in multiple precision."""
    with mpmath.workdps(60):
        f = mpmath.mpf
        i, t, rate = (f("0.05"), f("0.1")), (f("0.01"), f("0.99")), f("0.5")
        w1 = [[f("0.15"), f("0.2")], [f("0.25"), f("0.3")]]
        w2 = [[f("0.4"), f("0.45")], [f("0.5"), f("0.55")]]

        def layer(w: Any, x: Any, b: Any) -> Any:
            return [1 / (1 + mpmath.exp(-(row[0] * x[0] + row[1] * x[1] + b))) for row in w]

        def forward(w1: Any, w2: Any) -> Any:
            h = layer(w1, i, f("0.35"))
            o = layer(w2, h, f("0.6"))
            return h, o, sum((a - b) ** 2 / 2 for a, b in zip(o, t, strict=True))

        h, o, error = forward(w1, w2)
        delta = [(o[k] - t[k]) * o[k] * (1 - o[k]) for k in range(2)]
        into = [sum(delta[k] * w2[k][j] for k in range(2)) for j in range(2)]
        below = [into[j] * h[j] * (1 - h[j]) for j in range(2)]
        new1 = [[w1[j][k] - rate * below[j] * i[k] for k in range(2)] for j in range(2)]
        new2 = [[w2[k][j] - rate * delta[k] * h[j] for j in range(2)] for k in range(2)]
        after = forward(new1, new2)[2]
        return {"out_h1": h[0], "out_o2": o[1], "E_total": error, "delta_o1": delta[0], "delta_h2": below[1],
                "dE_total/dout_h1": into[0], "dE_total/dw5": delta[0] * h[0], "dE_total/dw4": below[1] * i[1],
                "w3+": new1[1][0], "w8+": new2[1][1], "E_total+": after}  # fmt: skip


def svpino_in_50_digits() -> dict[str, Any]:
    """Return svpino's first XOR step of 2021, sequential, with loops in multiple precision."""
    with mpmath.workdps(60):
        start = bp.explain("svpino", form="elements", digits=50)
        w1 = [[mpmath.mpf(str(start[f"W1_{a}{b}"])) for b in range(1, 5)] for a in (1, 2)]
        w2 = [mpmath.mpf(str(start[f"W2_{b}"])) for b in range(1, 5)]
        x, y = [(0, 0), (0, 1), (1, 0), (1, 1)], [0, 1, 1, 0]

        def forward(w1: Any, w2: Any) -> Any:
            hidden = [[1 / (1 + mpmath.exp(-(a * w1[0][j] + b * w1[1][j]))) for j in range(4)] for a, b in x]
            return hidden, [1 / (1 + mpmath.exp(-sum(h[j] * w2[j] for j in range(4)))) for h in hidden]

        h, o = forward(w1, w2)
        delta = [-2 * (y[n] - o[n]) * o[n] * (1 - o[n]) for n in range(4)]
        new2 = [w2[j] - sum(delta[n] * h[n][j] for n in range(4)) for j in range(4)]
        below = [[delta[n] * new2[j] * h[n][j] * (1 - h[n][j]) for j in range(4)] for n in range(4)]
        new1 = [[w1[k][j] - sum(below[n][j] * x[n][k] for n in range(4)) for j in range(4)] for k in range(2)]
        error = sum((y[n] - o[n]) ** 2 for n in range(4))
        _, last = forward(new1, new2)
        return {"E": error, "output3": o[2], "dE/dz2_4": delta[3], "W2_2+": new2[1], "W1_23+": new1[1][2],
                "E+": sum((y[n] - last[n]) ** 2 for n in range(4))}  # fmt: skip


@pytest.mark.parametrize("lesson", ["mazur", "svpino"])
def test_fifty_digits_of_the_other_lessons(lesson: str) -> None:
    options = {"form": "elements"} if lesson == "svpino" else {}
    explanation = bp.explain(lesson, digits=50, **options)
    wanted = mazur_in_50_digits() if lesson == "mazur" else svpino_in_50_digits()
    with mpmath.workdps(60):
        for name, value in wanted.items():
            error = abs(mpmath.mpf(str(explanation[name])) - value) / abs(value)
            assert error < mpmath.mpf(10) ** -50, name


def test_the_linear_network_is_exact() -> None:
    explanation = bp.explain("course", part="linear", digits=50)
    exact = {"L": "162", "dL/dw2": "-72", "dL/dw1": "-18", "w1+": "2.18", "w2+": "1.22", "L+": "107.76294432"}
    for name, value in exact.items():
        assert explanation[name] == Decimal(value), name


def test_fifty_digits() -> None:
    explanation = bp.explain("course", part="sigmoid", digits=50)
    with mpmath.workdps(60):
        for name, wanted in course_in_50_digits().items():
            error = abs(mpmath.mpf(str(explanation[name])) - wanted) / abs(wanted)
            assert error < mpmath.mpf(10) ** -50, name
    line = next(line for line in str(explanation).splitlines() if line.startswith("  y_hat = "))
    assert line.endswith(mpmath.nstr(course_in_50_digits()["y_hat"], 50))


def test_every_line_is_exact_in_float64_too() -> None:
    for name in ("mazur", "course"):
        floats, exact = bp.explain(name), bp.explain(name, digits=30)
        for line, other in zip(floats.lines, exact.lines, strict=True):
            assert line.value == pytest.approx(float(other.value), rel=1e-13, abs=1e-16), line.symbol


def test_rounding_after_every_line_as_by_hand() -> None:
    explanation = bp.explain("course", part="sigmoid", by_hand=True, decimals=4)
    assert explanation["h1"] == Decimal("0.3775")
    assert explanation["z2"] == Decimal("0.1888")  # 0.5 * 0.3775, half up
    assert explanation["y_hat"] == Decimal("0.5471")
    assert bp.explain("course", part="sigmoid", decimals=4)["z2"] == pytest.approx(
        0.18877033439907273, rel=1e-14
    )
