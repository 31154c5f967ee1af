"""Which equations become one, and which must not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings

import bpcore as bp
from bpcore.derivatives.rules.function import ITEM
from bpcore.program.equation import Equation
from bpcore.program.passes.fused import Fused
from bpcore.program.passes.grouping import broadcasting, group
from bpcore.program.program import Program
from bpcore.program.record import record
from tests.program.passes.random_programs import PLAIN, computed, programs

XP = bp.namespace("numpy")
X = np.linspace(-1.0, 1.0, 6).reshape(2, 3)


def names(program: Program) -> list[Any]:
    """Return the functions' names; of groups those inside."""
    return [_names(equation) for equation in program.equations]


def _names(equation: Equation) -> Any:
    function = equation.function
    return names(function.inner) if isinstance(function, Fused) and function.inner else function.name


def grouped(f: Callable[..., Any], *args: Any, **how: Any) -> Program:
    before = record(f, *args)
    after = group(before, **how)
    given = [a for a in args if hasattr(a, "dtype")]
    for got, wanted in zip(computed(after, given), computed(before, given), strict=True):
        np.testing.assert_array_equal(got, wanted)
    return after


def test_a_chain_is_one_equation() -> None:
    found = grouped(lambda x, y: XP.tanh(x * y + 1.0), X, X)
    assert names(found) == [["multiply", "add", "tanh"]]


def test_smaller_arrays_are_broadcast_inside() -> None:
    found = grouped(lambda x, y: XP.tanh(x * y[0] + x[:, :1]), X, X)
    assert names(found)[-1] == ["multiply", "add", "tanh"]


def test_a_way_that_leads_out_and_back_parts_a_group() -> None:
    found = grouped(lambda x: (y := XP.exp(x)) * XP.sum(XP.square(y)), X)
    assert names(found) == [["exp", "square"], "item", "item", "sum", "multiply"]


def test_what_is_needed_late_is_computed_late() -> None:
    def f(x: Any, y: Any) -> Any:
        early = XP.tanh(y)
        return XP.matmul(XP.matrix_transpose(x), x)[:2, :] * early

    assert names(grouped(f, X, X))[-1] == ["tanh", "multiply"]


def test_what_is_moved_for_nobody_stays_with_its_own() -> None:
    def f(x: Any) -> Any:
        a = x * x
        b = a + 1.0
        far = XP.matmul(XP.matmul(XP.matmul(x, x), x), b)
        return XP.sum(a), far * b

    assert names(grouped(f, X[:, :2]))[0] == ["multiply", "add"]


def test_reductions_end_a_group_where_they_may() -> None:
    def f(x: Any) -> Any:
        return XP.sum(x * x + 1.0, axis=0) * 2.0

    assert names(grouped(f, X)) == [["multiply", "add"], "sum", "multiply"]
    found = grouped(f, X, reductions=lambda x: x.function.name == "sum")
    assert names(found) == [["multiply", "add", "sum"], "multiply"]
    found = grouped(f, X, reductions=lambda x: x.static.get("axis") == 1)
    assert names(found) == [["multiply", "add"], "sum", "multiply"]


def test_limits() -> None:
    def f(x: Any) -> Any:
        return XP.exp(XP.negative(XP.square(x)))

    assert names(grouped(f, X, smallest=7)) == ["square", "negative", "exp"]
    assert names(grouped(f, X, least=4)) == ["square", "negative", "exp"]
    found = grouped(f, X, members=lambda x: x.function.name != "exp")
    assert names(found) == [["square", "negative"], "exp"]
    wide = grouped(lambda x: XP.broadcast_to(x, (2, 2, 3)) * 2.0, X, members=broadcasting)
    assert names(wide) == [["broadcast_to", "multiply"]]


def test_what_has_nothing_to_do_with_each_other_stays_apart() -> None:
    found = grouped(lambda x, y: (XP.exp(x * 2.0), XP.exp(y * 3.0)), X, X)
    assert names(found) == [["multiply", "exp"]] * 2


def test_the_listing_shows_what_is_inside() -> None:
    found = grouped(lambda x: XP.tanh(x * 2.0), X)
    assert str(found).splitlines() == [
        "v0      float64[2, 3]         input",
        "v2      float64[2, 3]         fused(v0)",
        "  v1      float64[2, 3]         multiply(v0, 2.0)",
        "  v2      float64[2, 3]         tanh(v1)",
        "return  v2",
    ]


def test_a_group_runs_over_every_namespace() -> None:
    found = grouped(lambda x: XP.tanh(x * 2.0), X)
    compute = found.equations[0].function.compute
    assert compute is not None
    np.testing.assert_array_equal(compute(PLAIN, X), np.tanh(X * 2.0))
    np.testing.assert_array_equal(compute(XP, X), np.tanh(X * 2.0))


@settings(max_examples=40, deadline=None)
@given(programs())
def test_nothing_is_computed_twice(before: Any) -> None:
    after = group(before)
    own = {equation.output for equation in before.equations}
    grouped_ones = {x.output for e in after.equations if type(e.function) is Fused for x in _equations(e)}
    inner = [
        x.output
        for e in after.equations
        for x in _equations(e)
        if x.output in own and not (x.function is ITEM and x.output in grouped_ones)
    ]
    assert sorted(inner) == sorted(own)
    again = group(replace(after, carried=()))
    assert names(again) == names(after)


def _equations(equation: Equation) -> list[Equation]:
    function = equation.function
    if isinstance(function, Fused):
        assert function.inner is not None
        return list(function.inner.equations)
    return [equation]
