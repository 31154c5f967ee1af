"""What a Program costs: counts by hand, sums, and every function of the table."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.derivatives.rules import TABLE
from bpcore.derivatives.rules.function import ITEM, Function
from bpcore.program.bound import bound
from bpcore.program.cost import Cost, cost, in_units
from bpcore.program.counts import KINDS
from bpcore.program.equation import ArrayType, Equation, Slot
from bpcore.program.rates import Rates, rates
from bpcore.program.record import record
from bpcore.words.errors import OptionError

XP = bp.namespace("numpy")
A = np.ones((4, 3))
BY_HAND: dict[str, tuple[Any, str, float, int]] = {
    "add": (lambda x: x + x, "arithmetic", 12, 2 * 96),
    "add a number": (lambda x: x + 1.0, "arithmetic", 12, 2 * 96),
    "add a constant": (lambda x: x + A[0], "arithmetic", 12, 2 * 96 + 24),
    "exp": (XP.exp, "transcendental", 12, 2 * 96),
    "sum": (lambda x: XP.sum(x, axis=0), "reduction", 12, 96 + 24),
    "logsumexp": (lambda x: XP.logsumexp(x, axis=1), "transcendental", 12, 96 + 32),
    "matmul": (lambda x: XP.matmul(x, np.ones((3, 2))), "product", 48, 8 * (12 + 6 + 8)),
    "tensordot": (lambda x: XP.tensordot(x, np.ones((3, 5)), axes=1), "product", 120, 8 * (12 + 15 + 20)),
    "vecdot": (lambda x: XP.vecdot(x, x), "product", 24, 96 + 32),
    "einsum": (lambda x: XP.einsum("ij,ik->jk", x, x), "product", 72, 96 + 72),
    "argsort": (lambda x: XP.argsort(x, axis=0), "sorting", 24, 192),
    "reshape": (lambda x: XP.reshape(x, (12,)), "view", 0, 0),
    "part": (lambda x: x[1:, 0], "view", 0, 0),
    "take": (lambda x: XP.take(x, np.asarray([0, 2]), axis=0), "moving", 0, 48 + 16 + 48),
    "astype": (lambda x: XP.astype(x, np.float32), "moving", 0, 96 + 48),
    "ones_like": (XP.ones_like, "moving", 0, 96),
    "less": (lambda x: x < 2.0, "arithmetic", 12, 96 + 12),
    "fft": (lambda x: XP.fft.fft(XP.astype(x, np.complex128), axis=0), "fourier", 5 * 12 * 2, 2 * 192),
    "qr": (XP.linalg.qr, "decomposition", 4 * 9 * 3, 96 + 96 + 72),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_counts_by_hand(name: str) -> None:
    f, kind, flops, moved = BY_HAND[name]
    row = [row for row in cost(record(f, A)).rows if row.name != "item"][-1]
    assert row.kind == kind
    assert row.operations == pytest.approx(flops)
    assert row.bytes == moved


def test_solve_and_convolution() -> None:
    solved = cost(record(XP.linalg.solve, np.eye(6), np.ones((6, 2))))
    assert solved.flops == pytest.approx(2 * 6**3 / 3 + 2 * 6 * 6 * 2)
    image, weights = np.ones((2, 3, 8)), np.ones((5, 3, 4))
    convolved = cost(record(XP.conv, image, weights))
    assert convolved.flops == 2 * (2 * 5 * 5) * (3 * 4)
    back = cost(record(bp.grad(lambda w: XP.sum(XP.conv(image, w))), weights))
    by_weight = [row for row in back.rows if row.name == "conv_weight"]
    assert [row.operations for row in by_weight] == [convolved.flops]


def test_what_was_broadcast_is_read_at_its_own_size() -> None:
    rows = cost(record(lambda x: XP.broadcast_to(x, (1000, 3)) * 2.0, np.ones(3))).rows
    assert [row.bytes for row in rows] == [0, 24 + 24000]


@given(m=st.integers(1, 9), n=st.integers(1, 9), k=st.integers(1, 9), stack=st.integers(1, 3))
def test_a_product_takes_two_mnk(m: int, n: int, k: int, stack: int) -> None:
    program = record(XP.matmul, np.ones((stack, m, k)), np.ones((k, n)))
    assert cost(program).flops == 2 * stack * m * n * k


@given(st.lists(st.sampled_from(["sin", "square", "relu"]), min_size=1, max_size=5), st.integers(1, 4))
@settings(max_examples=20)
def test_costs_add_up(names: list[str], cut: int) -> None:
    def chain(names: list[str]) -> Any:
        def f(x: Any) -> Any:
            for name in names:
                x = getattr(XP, name)(x)
            return x

        return cost(record(f, np.ones(7))) if names else Cost(())

    whole, parts = chain(names), [chain(names[:cut]), chain(names[cut:])]
    assert whole.flops == sum(part.flops for part in parts)
    assert whole.bytes == sum(part.bytes for part in parts)
    assert sum(row.operations for row in whole.by_function()) == whole.flops


def test_every_function_of_the_table_has_one_kind() -> None:
    counted = [name for counts in KINDS.values() for name in counts]
    assert sorted(counted) == sorted([*TABLE, ITEM.name])


def test_a_function_that_is_not_known_is_marked() -> None:
    own = bp.custom_vjp(lambda x: x * 2.0, lambda g, y, x: [g * 2.0])
    known = cost(record(own, A))
    program = record(XP.exp, A)
    strange = cost(_renamed(program, "mine"))
    assert known.flops == 12
    assert strange.unknown == ("mine",)
    assert (strange.flops, strange.bytes) == (12, 192)


def _renamed(program: Any, name: str) -> Any:
    equation = program.equations[0]
    return replace(program, equations=(replace(equation, function=replace(equation.function, name=name)),))


@dataclass(frozen=True, eq=False)
class Group(Function):
    """A function that holds what it does, as those of a backend's groups."""

    inner: Any = None


def test_of_a_group_only_what_goes_in_and_comes_out_is_moved() -> None:
    inner = record(lambda x: XP.broadcast_to(XP.exp(x) * 2.0 + x, (2, 4, 3)) - 1.0, A)
    equation = Equation(Group("group", None, inner=inner), (Slot(0),), {}, Slot(9))
    types = {Slot(0): inner.types[inner.inputs[0]], Slot(9): ArrayType((2, 4, 3), A.dtype)}
    program = replace(inner, inputs=(Slot(0),), equations=(equation,), outputs=(Slot(9),), types=types)
    (row,) = cost(program).rows
    assert (row.name, row.kind) == ("exp+multiply+add+subtract", "fused")
    assert row.flops["transcendental"] == 12
    assert row.flops["arithmetic"] == 12 + 12 + 24
    assert row.bytes == 96 + 192


def test_it_is_printed_as_a_table() -> None:
    told = cost(record(lambda x: XP.sum(XP.exp(x) + XP.exp(x)), np.ones((1000, 3))))
    lines = [line.split() for line in str(told).splitlines()]
    assert lines[0] == ["function", "output", "kind", "operations", "bytes"]
    assert lines[1] == ["exp", "v1", "float64[1000,", "3]", "transcendental", "3", "kFLOP", "46.9", "KiB"]
    assert lines[-1] == ["total", "4", "equations", "12", "kFLOP", "188", "KiB"]
    assert [line.split()[0] for line in told.summary().splitlines()] == [
        "function",
        "exp",
        "add",
        "sum",
        "total",
    ]


@pytest.mark.parametrize(
    ("number", "base", "told"),
    [(0, 1000, "0 B"), (999.0, 1000, "999 B"), (1234.0, 1000, "1.23 kB"), (1023, 1024, "1023 B"),
     (1536, 1024, "1.5 KiB"), (5e20, 1000, "500000 PB")],
)  # fmt: skip
def test_units(number: float, base: int, told: str) -> None:
    assert in_units(number, "B", base) == told


FIXED = Rates(
    "numpy", "float64", {10: 1e9, 100: 4e9},
    arithmetic=1e8, transcendental=1e7, cache=1e9, memory=1e8, call=1e-6
)  # fmt: skip


def test_the_bound_is_the_longer_of_the_two() -> None:
    told = bound(cost(record(lambda x: (XP.exp(x), XP.astype(x, np.float32)), A)), FIXED)
    assert told.computing == (12 / 1e7, 0.0)
    assert told.moving == (192 / 1e9, 144 / 1e9)
    assert told.seconds == pytest.approx(12 / 1e7 + 144 / 1e9)
    assert told.with_calls == pytest.approx(told.seconds + 2e-6)
    assert str(told).splitlines()[1].split() == ["exp", "1", "1.2", "100%"]


def test_rates_lie_between_those_that_were_measured() -> None:
    assert FIXED.product(2 * 5**3) == 1e9
    assert FIXED.product(2 * 200**3) == 4e9
    middle = FIXED.product(2 * math.sqrt(1000) ** 3)
    assert middle == pytest.approx(2e9)
    assert (FIXED.bandwidth(1000), FIXED.bandwidth(10**8)) == (1e9, 1e8)


def test_rates_are_measured(backend: Any) -> None:
    found = (
        rates(backend.backend, seconds=1e-4) if hasattr(backend, "backend") else rates("numpy", seconds=1e-4)
    )
    numbers = [*found.products.values(), found.arithmetic, found.transcendental, found.cache, found.memory]
    assert all(0 < number < math.inf for number in [*numbers, found.call])
    assert str(found).startswith(f"{found.backend}, float32\n")


def test_a_dtype_that_has_no_rates() -> None:
    with pytest.raises(OptionError, match="dtype must be one of float32, float64"):
        rates("numpy", dtype="int8")
