"""Products are matched with what follows them, whatever stands around; the values stay the same."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.program.equation import Slot
from bpcore.program.passes import inline, optimized
from bpcore.program.program import Program
from bpcore.program.record import record
from bpcore_cupy.lowering.joint import Product
from bpcore_cupy.lowering.matching import matched
from tests.backends.cupy.lowering.host import FUNCTIONS, HostRun
from tests.backends.cupy.lowering.networks import NETWORKS, step_of
from tests.program.passes.random_programs import assert_kept, written

XP = bp.namespace("numpy")
N = 3
SHAPES = [(N, N), (N, N), (N, N), (N,), (N,)]


def _matrix(x: Any) -> Any:
    return x if x.ndim == 2 else XP.broadcast_to(x, (N, N))


def _vector(x: Any, n: int) -> Any:
    return x if x.ndim == 1 else XP.sum(x, axis=n % 2)


def _mask(a: Any, b: Any) -> Any:
    return XP.multiply(b, XP.astype(XP.greater(a, 0.0), np.float64))


STEPS: dict[str, Any] = {
    "product": lambda a, b, n: XP.multiply(XP.matmul(_matrix(a), _matrix(b)), 0.5) if n == 5 else XP.matmul(
        _matrix(a), _matrix(b)),
    "turned product": lambda a, b, n: XP.matmul(XP.matrix_transpose(_matrix(a)), _matrix(b)),
    "product of turned": lambda a, b, n: XP.matmul(_matrix(a), XP.matrix_transpose(_matrix(b))),
    "with bias": lambda a, b, n: XP.add(XP.matmul(_matrix(a), _matrix(a)), _vector(b, n)),
    "bias first": lambda a, b, n: XP.add(_vector(b, n), XP.matmul(_matrix(b), _matrix(a))),
    "relu of product": lambda a, b, n: XP.maximum(XP.matmul(_matrix(a), _matrix(b)), 0.0),
    "relu": lambda a, b, n: XP.maximum(a, 0.0) if n % 2 else XP.maximum(0.0, a),
    "no relu": lambda a, b, n: XP.maximum(a, 1.0),
    "mask": lambda a, b, n: _mask(_matrix(a), _matrix(b)),
    "masked product": lambda a, b, n: _mask(_matrix(a), XP.matmul(_matrix(b), _matrix(b))),
    "sum": lambda a, b, n: XP.sum(_matrix(a), axis=(0, 1, -1, (0,))[n % 4]),
    "small": lambda a, b, n: XP.tanh(a),
}  # fmt: skip
STEP = st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 4), st.integers(0, 4), st.integers(0, 7))


@st.composite
def dense(draw: Any) -> Program:
    """Return a Program of products with much that may stand at their ends."""
    calls = draw(st.lists(STEP, min_size=2, max_size=14))
    wanted = draw(st.lists(st.integers(0, 6), min_size=1, max_size=4))

    def f(*values: Any) -> Any:
        there = list(values)
        for name, i, j, n in calls:
            there.append(STEPS[name](there[-1 - i], there[-1 - j], n))
        return [there[-1 - i % len(there)] for i in wanted]

    return optimized(record(f, *arguments(0)), FUNCTIONS)


def arguments(seed: int) -> list[Any]:
    random = np.random.default_rng(seed)
    return [random.normal(size=shape) / 2 for shape in SHAPES]


def computed(program: Program, arrays: list[Any]) -> list[Any]:
    with np.errstate(all="ignore"):
        return [np.array(y) for y in program.function(FUNCTIONS)(*arrays)]


def near(got: Any, wanted: Any) -> None:
    for a, b in zip(got, wanted, strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8 * (1 + np.max(np.abs(b), initial=0)))


@settings(max_examples=150, deadline=None)
@given(dense(), st.sets(st.integers(0, 30)))
def test_a_match_computes_what_it_was_made_of(before: Any, refused: Any) -> None:
    text = written(before)
    after = matched(before, lambda slot, epilogue: hash((int(slot), epilogue)) % 31 not in refused)
    assert written(before) == text
    assert_kept(before, after)
    near(computed(after, arguments(0)), computed(before, arguments(0)))


@settings(max_examples=60, deadline=None)
@given(dense(), st.booleans(), st.booleans())
def test_the_library_does_it_with_its_own_ends(program: Any, all_refused: Any, small: Any) -> None:
    refuses = frozenset({2, 4, 6, 130, 134, 136, 152, 256, 512}) if all_refused else frozenset()
    run = HostRun(program, refuses=refuses, small=small)
    near(run(*arguments(1)), computed(program, arguments(1)))


def ends(program: Program) -> Counter[str]:
    return Counter(x.function.epilogue for x in program.equations if isinstance(x.function, Product))


def prepared(name: str) -> Program:
    program = inline(step_of(name)[0], FUNCTIONS, lambda function: function.name == "relu")
    return optimized(program, FUNCTIONS)


def test_a_network_of_relu_leaves_no_masks_and_no_sums_behind() -> None:
    after = matched(prepared("relu"))
    wanted = {"relu_aux_bias": 2, "bias": 1, "drelu_bgrad": 2, "bgrad_b": 1}
    assert ends(after) == wanted
    assert not any(x.function.name == "greater" for x in after.equations)


@pytest.mark.parametrize("refused", ["relu_aux_bias", "drelu"])
def test_a_mask_is_kept_in_bits_only_where_both_ways_are_offered(refused: str) -> None:
    after = matched(prepared("relu"), lambda slot, epilogue: epilogue != refused)
    found = ends(after)
    assert found["relu_bias"] == 2
    assert not found["relu_aux_bias"]
    assert not found["drelu"] + found["drelu_bgrad"]
    assert found["bgrad_b"] == 3


def test_sums_of_columns_go_with_the_other_product_where_they_are_not_offered_with_the_first() -> None:
    found = ends(matched(prepared("relu"), lambda slot, epilogue: epilogue != "drelu_bgrad"))
    assert (found["drelu"], found["bgrad_b"]) == (2, 3)


def test_exact_gelu_is_not_the_library_s() -> None:
    assert "gelu" in NETWORKS
    assert set(ends(matched(prepared("gelu")))) == {"bias", "bgrad_b"}


def recorded(f: Any) -> Program:
    return record(f, *arguments(0))


@pytest.mark.parametrize("f", [
    lambda a, b, c, v, w: XP.add(XP.matmul(a, b), XP.expand_dims(v, axis=1)),
    lambda a, b, c, v, w: XP.maximum(XP.matmul(a, b), 1.0),
    lambda a, b, c, v, w: [XP.matmul(a, b), XP.maximum(XP.matmul(a, b), 0.0)],
    lambda a, b, c, v, w: XP.add(XP.matmul(a, b), XP.sum(XP.matmul(a, b), axis=0)),
])  # fmt: skip
def test_what_only_looks_like_an_end_is_none(f: Any) -> None:
    assert not ends(matched(optimized(recorded(f), FUNCTIONS)))


def test_a_sum_that_its_own_product_waits_for_stays_apart() -> None:
    def f(a: Any, b: Any, c: Any, v: Any, w: Any) -> Any:
        return XP.matmul(XP.multiply(a, XP.sum(b, axis=0)), b)

    after = matched(recorded(f))
    assert not ends(after)
    near(computed(after, arguments(0)), computed(recorded(f), arguments(0)))


def test_slots_are_not_taken_for_numbers() -> None:
    program = recorded(lambda a, b, c, v, w: XP.add(XP.maximum(XP.matmul(b, c), 0.0), XP.sum(a)))
    assert Slot(0) in program.inputs  # which equals the number 0
    after = matched(program)
    assert ends(after) == {"relu": 1}
    near(computed(after, arguments(0)), computed(program, arguments(0)))


def test_a_mask_that_others_want_as_numbers_stays_one() -> None:
    def f(a: Any, b: Any, c: Any, v: Any, w: Any) -> Any:
        y = XP.maximum(XP.matmul(a, b), 0.0)
        mask = XP.astype(XP.greater(y, 0.0), np.float64)
        return XP.multiply(XP.matmul(b, c), mask), mask, y

    after = matched(recorded(f))
    assert ends(after) == {"relu": 1}
    near(computed(after, arguments(0)), computed(recorded(f), arguments(0)))


def test_a_mask_that_is_returned_as_it_is_stays_one() -> None:
    def f(a: Any, b: Any, c: Any, v: Any, w: Any) -> Any:
        y = XP.maximum(XP.matmul(a, b), 0.0)
        above = XP.greater(y, 0.0)
        return XP.multiply(XP.matmul(b, c), XP.astype(above, np.float64)), above

    after = matched(recorded(f))
    assert ends(after) == {"relu": 1}
    near(computed(after, arguments(0)), computed(recorded(f), arguments(0)))
