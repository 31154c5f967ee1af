"""Which equations become one kernel: what is grouped, what is not, and that nothing changes by it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import bpcore as bp
from bpcore.program.passes import inline
from bpcore_cupy.elements import grouped, is_written_out, kernel_of, types_of
from tests.backends.cupy.elements.host import COMPILER, Host
from tests.backends.cupy.elements.running import FUNCTIONS, kernels_of, recorded, run
from tests.program.passes.random_programs import arguments, assert_bits, assert_kept, computed, programs

XP = bp.namespace("numpy")


def _inside(program: Any) -> list[list[str]]:
    return [
        [x.function.name for x in each.function.inner.equations]
        for each in program.equations
        if each.function.name == "fused"
    ]


def _grouped(f: Any, *args: Any) -> list[list[str]]:
    return _inside(grouped(recorded(f, *args)))


X, M = np.ones((4, 6)), np.ones((6, 6))


def test_chains_of_one_size_whatever_the_shape() -> None:
    found = _grouped(lambda x: XP.exp(XP.reshape(XP.square(XP.add(x, 1.0)), (-1,))), X)
    assert found == [["add", "square", "reshape", "exp"]]


def test_a_change_of_shape_at_an_end_stays_outside() -> None:
    assert _grouped(lambda x: XP.reshape(XP.square(XP.add(x, 1.0)), (-1,)), X) == [["add", "square"]]
    assert _grouped(lambda x: XP.square(XP.add(XP.reshape(x, (-1,)), 1.0)), X) == [["add", "square"]]


def test_no_way_leads_out_and_back() -> None:
    def f(x: Any, m: Any) -> Any:
        y = XP.square(x)
        return XP.add(XP.exp(XP.matmul(y, m)), XP.negative(y))

    assert sorted(_grouped(f, X, M)) == [["exp", "negative", "add"]]


def test_reductions_of_one_kind_end_a_chain() -> None:
    def f(x: Any) -> Any:
        y = XP.square(XP.add(x, 1.0))
        return y, XP.sum(y, axis=0), XP.max(y, axis=0), XP.sum(y, axis=1)

    assert _grouped(f, np.ones((4, 5, 6))) == [["add", "square", "sum", "max"]]


def test_two_chains_that_read_one_array_are_one() -> None:
    assert _grouped(lambda x: (XP.exp(XP.add(x, 1.0)), XP.square(x)), X) == [["add", "exp", "square"]]


def test_rows_go_on_up_to_a_product() -> None:
    def f(x: Any, m: Any) -> Any:
        y = XP.softmax(XP.multiply(x, 2.0), axis=-1)
        return XP.matmul(y, m), XP.mean(XP.max(y, axis=-1))

    program = inline(recorded(f, X, M), FUNCTIONS, is_written_out)
    (inside,) = _inside(grouped(program))
    assert inside[0] == "multiply"
    assert inside[-1] == "mean"


def test_a_reduction_of_all_rows_is_an_end() -> None:
    def f(x: Any) -> Any:
        norm = XP.sum(XP.sum(XP.square(x), axis=-1))
        return XP.divide(x, norm)

    assert _grouped(f, X) == [["square", "sum", "sum"]]


def test_what_is_empty_stands_alone() -> None:
    assert _grouped(lambda x: XP.exp(XP.add(x, 1.0)), np.ones((0, 3))) == []


@settings(max_examples=60, deadline=None)
@given(programs())
def test_groups_of_random_programs_keep_the_bits(program: Any) -> None:
    after = grouped(inline(program, FUNCTIONS, is_written_out))
    assert_kept(program, after)
    assert_bits(inline(program, FUNCTIONS, is_written_out), after)
    types = types_of(after)
    for equation in after.equations:
        if equation.function.name == "fused":
            kernel_of(equation, types)  # what was joined can be one


@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(programs())
def test_kernels_of_random_programs_give_what_numpy_gives(close: Any, program: Any) -> None:
    """As host code: no GPU has a part in it."""
    after = grouped(inline(program, FUNCTIONS, is_written_out))
    kernels = kernels_of(after)
    host = Host(kernels.values())
    for seed in range(4):
        given_ = arguments(seed)
        wanted = computed(program, given_)
        found = [np.asarray(x) for x in run(after, given_, host, kernels)]
        if all(np.isfinite(x).all() for x in wanted):
            close(found, wanted, 4096)
