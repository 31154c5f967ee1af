"""Derivatives from differences with the step in sight, their error, and the first-order promise."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp

DATA = Path(__file__).parents[1] / "data"
KNOWN = json.loads((DATA / "course_calculus.json").read_text("utf-8"))


def cubic(x: Any) -> Any:
    return x**3 - 3 * x**2 + 2 * x + 1


def bowl(x: Any, y: Any) -> Any:
    return x**2 + y**2


def near(backend: Any, given: Any, wanted: Any, scale: float = 1.0) -> None:
    """Want the same to a few roundings of numbers as large as `scale`."""
    found = np.asarray(backend.host(given))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=8 * backend.eps * scale)


def test_cubic_of_the_course(backend: Any) -> None:
    known, x = KNOWN["cubic"], backend.array(2.0)
    for method, wanted in (("central", known["central_difference_h_0_1"]), ("forward", 2.31)):
        found = backend.run(lambda x, m=method: bp.numeric_derivative(cubic, x, step=0.1, method=m), x)
        near(backend, found, wanted, 20)
    near(backend, backend.run(bp.grad(cubic), x), known["fprime_x"], 4)
    moved = backend.run(lambda x: bp.first_order(cubic, x, change=known["dx"]), x)
    near(backend, moved.predicted, known["linear_prediction"], 4)
    near(backend, moved.true, known["delta_f"], 4)
    near(backend, moved.difference, 0.031, 4)


def test_paraboloid_of_the_course(backend: Any) -> None:
    known = KNOWN["paraboloid"]
    x, y = (backend.array(number) for number in known["at"])
    moved = backend.run(lambda x, y: bp.first_order(bowl, x, y, change=tuple(known["step"])), x, y)
    near(backend, moved.predicted, known["linear_prediction"], 27)
    near(backend, moved.true, known["delta_f"], 27)
    point = {"x": x, "y": y}
    slopes = backend.run(
        lambda point: bp.numeric_derivative(lambda p: bowl(p["x"], p["y"]), point, step=0.5), point
    )
    for name, wanted in zip("xy", known["gradient"], strict=True):
        near(backend, slopes[name], wanted, 27)


def test_chain_rule_of_the_course(backend: Any) -> None:
    found = bp.numeric_derivative(lambda x: (2 * x + 3) ** 2, backend.array(1.0), step=0.25)
    near(backend, found, KNOWN["chain"]["at_x_1"], 100)


def test_a_weight_grows_by_a_tenth() -> None:
    known = json.loads((DATA / "course_linear.json").read_text("utf-8"))["extra"]["w2_plus_0_1"]
    moved = bp.first_order(lambda w2: (2.0 * 2.0 * w2 - 20.0) ** 2 / 2, 0.5, change=0.1)
    assert float(moved.predicted) == pytest.approx(known["first_order_prediction"], rel=1e-13)
    assert -float(moved.true) == pytest.approx(known["loss_drop"], rel=1e-13)


def test_arrays_element_by_element(backend: Any) -> None:
    xp, x = backend.xp, backend.array([[0.5, -1.0, 2.0], [3.0, 0.0, 1.5]])

    def f(x: Any) -> Any:
        return xp.sum(x**2) + x[0, 1] * x[1, 2]

    found = backend.run(lambda x: bp.numeric_derivative(f, x, step=0.5), x)
    assert (tuple(found.shape), found.dtype, found.device) == (tuple(x.shape), x.dtype, x.device)
    near(backend, found, [[1.0, -0.5, 4.0], [6.0, 0.0, 2.0]], 64)  # central differences of squares are exact
    forward = backend.run(lambda x: bp.numeric_derivative(f, x, step=0.5, method="forward"), x)
    near(backend, forward, [[1.5, 0.0, 4.5], [6.5, 0.5, 2.5]], 64)


def test_float32_and_float64_in_one_tree(backend: Any) -> None:
    tree = [backend.array(2.0, "float32"), {"none": None, "x": backend.array([1.0, 3.0])}]
    found = bp.numeric_derivative(lambda t: backend.xp.sum(t[1]["x"] ** 2), tree, step=0.25)
    assert found[0].dtype == tree[0].dtype
    assert found[1]["x"].dtype == tree[1]["x"].dtype
    near(backend, found[0], 0.0)
    near(backend, found[1]["x"], [2.0, 6.0], 32)


@pytest.mark.parametrize(("method", "power"), [("central", 2), ("forward", 1)])
def test_the_error_is_a_v_over_the_step(backend: Any, method: str, power: int) -> None:
    rows = bp.derivative_errors(backend.xp.sin, backend.array(1.0), method=method)
    assert all(type(number) is float for row in rows for number in row)
    assert [row.step for row in rows] == [10.0**-k for k in range(16 if backend.backend.float64 else 7)]
    assert all(row.error == abs(row.numeric - row.analytic) for row in rows)
    assert rows[0].error / rows[1].error == pytest.approx(10**power, rel=0.15)  # on the right: the bend
    best = min(range(len(rows)), key=lambda i: rows[i].error)
    ideal = math.log10(backend.eps) / (power + 1)
    assert -ideal - 2 <= best <= -ideal + 2
    assert rows[-1].error > 100 * rows[best].error  # on the left: rounding
    assert rows[0].error > 100 * rows[best].error


def test_steps_of_ones_own_and_the_worst_element(backend: Any) -> None:
    rows = bp.derivative_errors(
        lambda x: backend.xp.sum(x**3), backend.array([1.0, 2.0]), steps=[0.5, 0.25], method="forward"
    )
    wanted = [(0.5, 15.25, 12.0, 3.25), (0.25, 13.5625, 12.0, 1.5625)]  # 3 x h + h^2: larger at 2
    np.testing.assert_allclose(rows, wanted, rtol=0, atol=200 * backend.eps)


def test_the_coarsest_dtype_decides() -> None:
    coarse, fine = np.asarray(1.0, dtype=np.float32), np.asarray(1.0)
    rows = bp.derivative_errors(lambda t: t[0] * t[1], [coarse, fine])
    assert len(rows) == 7
    moved = bp.first_order(lambda x: x**2, coarse, change=np.asarray(0.5))
    assert [(value.dtype, float(value)) for value in moved] == [
        (np.float32, 1.0),
        (np.float32, 1.25),
        (np.float32, 0.25),
    ]


def test_a_function_without_arrays() -> None:
    """Differences need no gradient: what is written with Python's own functions will do."""
    assert float(bp.numeric_derivative(lambda x: math.exp(float(x)), 0.0)) == pytest.approx(1.0, abs=1e-6)
    assert float(bp.numeric_derivative(lambda x: 3, 1.0)) == 0.0


def test_it_is_recorded_and_differentiated_itself() -> None:
    slope = bp.compile(lambda x: bp.numeric_derivative(cubic, x, step=0.1))
    assert float(slope(np.asarray(2.0))) == pytest.approx(2.01, rel=1e-13)
    bend = bp.grad(lambda x: bp.numeric_derivative(cubic, x, step=0.1))(2.0)
    assert float(bend) == pytest.approx(6.0, rel=1e-12)


@settings(max_examples=50, deadline=None)
@given(
    x=st.floats(-10, 10),
    step=st.floats(0.01, 1),
    a=st.lists(st.floats(-3, 3), min_size=4, max_size=4),
)
def test_what_differences_of_a_cubic_are(x: float, step: float, a: list[float]) -> None:
    def f(x: Any) -> Any:
        return a[0] + a[1] * x + a[2] * x**2 + a[3] * x**3

    slope = a[1] + 2 * a[2] * x + 3 * a[3] * x**2
    central = float(bp.numeric_derivative(f, x, step=step))
    forward = float(bp.numeric_derivative(f, x, step=step, method="forward"))
    rounding = 1e-11 / step
    assert central == pytest.approx(slope + a[3] * step**2, rel=1e-11, abs=rounding)
    assert forward == pytest.approx(
        slope + (a[2] + 3 * a[3] * x) * step + a[3] * step**2, rel=1e-11, abs=rounding
    )
    moved = bp.first_order(f, x, change=step)
    assert float(moved.predicted) == pytest.approx(slope * step, rel=1e-11, abs=1e-11)
    assert float(moved.true) == pytest.approx(forward * step, rel=1e-9, abs=1e-10)
    assert float(moved.difference) == float(moved.true) - float(moved.predicted)


@settings(max_examples=25, deadline=None)
@given(x=st.lists(st.floats(-2, 2), min_size=1, max_size=4))
def test_the_numeric_derivative_is_near_the_gradient(x: list[float]) -> None:
    xp, array = bp.namespace("numpy"), np.asarray(x)

    def f(x: Any) -> Any:
        return xp.sum(xp.tanh(x) * xp.exp(-x)) + xp.prod(x)

    np.testing.assert_allclose(bp.numeric_derivative(f, array, step=1e-4), bp.grad(f)(array), atol=1e-5)


@pytest.mark.parametrize("step", [0, -0.1, math.inf, math.nan, "0.1", True, None])
def test_a_bad_step_is_one_line(step: Any) -> None:
    for call in (
        lambda: bp.numeric_derivative(cubic, 2.0, step=step),
        lambda: bp.derivative_errors(cubic, 2.0, steps=[0.1, step]),
    ):
        with pytest.raises(bp.BpcoreError, match=r"^step must be a finite number above 0, was given .*\.$"):
            call()


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (
            lambda: bp.numeric_derivative(cubic, np.ones(2)),
            r"wants a function that returns an array of shape",
        ),
        (lambda: bp.derivative_errors(cubic, np.ones(2)), r"array of shape \(\), was given \(2,\)\. Take"),
        (lambda: bp.first_order(cubic, np.ones(2), change=np.ones(2)), r"shape \(\), was given \(2,\)"),
        (lambda: bp.numeric_derivative(lambda x: (x, x), 2.0), r"was given tuple"),
        (lambda: bp.numeric_derivative(cubic, 2), r"with respect to 2 was asked for: make it floating first"),
        (lambda: bp.derivative_errors(cubic, 2), r"with respect to 2 was asked for: make it floating first"),
        (lambda: bp.first_order(cubic, 2, change=0.1), r"with respect to 2 was asked for"),
        (lambda: bp.numeric_derivative(cubic, np.arange(3)), r"int64 array was asked for"),
        (lambda: bp.numeric_derivative(cubic, 1j), r"was given complex128: pass its real and imaginary part"),
        (lambda: bp.numeric_derivative(cubic, {}), r"was given no number"),
        (lambda: bp.numeric_derivative(cubic, 2.0, method="centre"), r'Did you mean "central"\?'),
        (lambda: bp.derivative_errors(cubic, 2.0, steps=0.1), r"steps must be several steps, .* given 0\.1"),
        (lambda: bp.first_order(bowl, 3.0, 4.0, change=0.1), r"a tuple of 2 changes, .* was given 0\.1"),
        (lambda: bp.first_order(cubic, 2.0, change=np.ones(3)), r"a change of shape \(\), was given \(3,\)"),
        (lambda: bp.first_order(cubic, np.ones(3), change=0.1), r"of shape \(3,\), was given a number"),
        (lambda: bp.first_order(cubic, 2.0, change="a"), r"a change of shape \(\), was given 'a'"),
        (lambda: bp.first_order(cubic, {"a": 2.0}, change=0.1), r"a change like the arguments"),
    ],
)
def test_what_is_wrong_is_one_line(call: Any, line: str) -> None:
    with pytest.raises(bp.BpcoreError, match=line) as raised:
        call()
    assert "\n" not in str(raised.value)
