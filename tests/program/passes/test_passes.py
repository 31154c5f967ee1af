"""What each pass does, by example; that the values stay is in the properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.program.equation import Constant
from bpcore.program.passes import fold, inline, optimized, prune, share, simplify
from bpcore.program.program import Program
from bpcore.program.record import record
from tests.program.passes.random_programs import PLAIN

XP = bp.namespace("numpy")
X = np.linspace(-1.0, 1.0, 6).reshape(2, 3)


def names(program: Program) -> list[str]:
    return [x.function.name for x in program.equations]


def after(f: Callable[..., Any], *args: Any, keep_bits: bool = True) -> list[str]:
    return names(optimized(record(f, *args), PLAIN, keep_bits=keep_bits))


NOTHING: dict[str, Callable[[Any], Any]] = {
    "times 1": lambda x: x * 1.0,
    "times 1 from the left": lambda x: XP.multiply(1, x),
    "over 1": lambda x: x / 1.0,
    "minus 0": lambda x: x - 0.0,
    "to the power of 1": lambda x: x**1,
    "negative of negative": lambda x: XP.negative(XP.negative(x)),
    "cast to its own dtype": lambda x: XP.astype(x, x.dtype),
    "its own shape": lambda x: XP.reshape(x, x.shape),
    "there and back": lambda x: XP.reshape(XP.reshape(x, (-1,)), x.shape),
    "turned twice": lambda x: XP.matrix_transpose(XP.matrix_transpose(x)),
    "broadcast to its own shape": lambda x: XP.broadcast_to(x, x.shape),
}


@pytest.mark.parametrize("name", NOTHING)
def test_what_changes_nothing_is_left_out(name: str) -> None:
    program = optimized(record(NOTHING[name], X), PLAIN)
    assert program.equations == ()
    assert program.outputs == program.inputs


SOMETHING: dict[str, Callable[[Any], Any]] = {
    "plus 0, for -0 + 0 is 0": lambda x: x + 0.0,
    "minus -0, likewise": lambda x: x - -0.0,
    "0 minus": lambda x: 0.0 - x,
    "1 over": lambda x: 1.0 / x,
    "times 0, for infinity": lambda x: x * 0.0,
    "over 3": lambda x: x / 3.0,
    "a copy of another dtype": lambda x: XP.astype(x, np.float32),
}


@pytest.mark.parametrize("name", SOMETHING)
def test_what_changes_something_stays(name: str) -> None:
    program = record(SOMETHING[name], X)
    assert optimized(program, PLAIN).equations == program.equations


def test_division_becomes_multiplication_where_that_is_exact_or_allowed() -> None:
    assert after(lambda x: x / 4.0, X) == ["multiply"]
    assert after(lambda x: x / 3.0, X) == ["divide"]
    assert after(lambda x: x / 3.0, X, keep_bits=False) == ["multiply"]
    assert after(lambda x: x / 2.0**20, X) == ["divide"]  # its inverse would be subnormal in float16


def test_factors_become_one_where_that_is_exact_or_allowed() -> None:
    assert after(lambda x: 0.3 * (2.0 * x), X) == ["multiply"]
    assert after(lambda x: 0.3 * (0.7 * x), X) == ["multiply", "multiply"]
    assert after(lambda x: 0.3 * (0.7 * x), X, keep_bits=False) == ["multiply"]
    assert after(lambda x: 0.5 * (2.0 * x), X) == []


def test_complex_factors_stay() -> None:
    """A complex 1 times an infinity is not that infinity."""
    assert after(lambda x: x * 1.0, X + 1j) == ["multiply"]
    assert after(lambda x: x / 2.0, X + 1j) == ["divide"]


def test_a_consumer_broadcasts_by_itself() -> None:
    def f(x: Any) -> Any:
        return x * XP.broadcast_to(XP.reshape(x[:, 0], (2, 1)), (2, 3))

    assert after(f, X) == ["getitem", "reshape", "multiply"]


def test_the_cotangent_of_a_mean_is_a_number() -> None:
    program = optimized(record(bp.grad(lambda x: XP.mean(XP.square(x))), X), PLAIN)
    assert names(program) == ["multiply"]
    (name,) = (x for x in program.equations[0].inputs if isinstance(x, Constant))
    assert program.constants[name] == 2.0 / 6
    assert program.constants[name].shape == ()


def test_large_constants_are_not_made() -> None:
    program = fold(record(lambda x: XP.concat([XP.ones_like(x), x]), np.ones(5000)), PLAIN)
    assert names(prune(program)) == ["ones_like", "concat"]
    assert all(not x.shape for x in program.constants.values())


def test_small_constants_are_kept_in_full() -> None:
    def f(x: Any, length: int) -> Any:
        return x + XP.broadcast_to(XP.stack([XP.ones_like(x[0]), XP.zeros_like(x[0])]), (length, 2))

    assert after(lambda x: f(x, 1), np.ones(2)) == ["add"]
    assert names(prune(fold(record(lambda x: f(x, 2000), np.ones(2)), PLAIN))) == ["broadcast_to", "add"]


def test_a_number_is_held_in_each_dtype() -> None:
    def f(x: Any) -> Any:
        narrow = XP.astype(x, np.float32)
        return x + XP.ones_like(x), narrow + XP.ones_like(narrow)

    program = optimized(record(f, X), PLAIN)
    assert [y.dtype for y in program.function(PLAIN)(X)] == [np.float64, np.float32]


def test_a_cast_of_one_number_is_one_number() -> None:
    wide = np.dtype("float64")  # it equals None
    program = record(lambda x: XP.astype(XP.ones_like(x), wide) * 3.0 + x, np.ones(3, np.float32))
    assert names(optimized(program, PLAIN)) == ["add"]


def test_new_constants_take_no_name_that_is_taken() -> None:
    """Of two constants the first was left out when the Program was recorded."""

    def f(x: Any) -> Any:
        _ = x * np.asarray([1.0, 2.0, 3.0])
        return x * np.asarray([4.0, 5.0, 6.0]) + XP.ones_like(x)

    program = optimized(record(f, X), PLAIN)
    np.testing.assert_array_equal(program.function(PLAIN)(X)[0], f(X))


def test_a_fold_says_nothing_of_numbers_that_are_not_finite() -> None:
    program = optimized(record(lambda x: x + 1.0 / XP.zeros_like(x), X), PLAIN)
    assert names(program) == ["add"]


def test_what_is_written_twice_is_computed_once() -> None:
    assert after(lambda x: XP.exp(x) + XP.exp(x), X) == ["exp", "add"]
    assert names(share(record(lambda x, y: (XP.ones_like(x), XP.ones_like(y)), X, X + 1))) == ["ones_like"]


def test_numbers_that_are_equal_and_not_the_same_are_not_shared() -> None:
    program = record(lambda x: [x * n for n in (1, 1.0, 0.0, -0.0, 0)], np.ones(2, np.int64))
    assert len(share(program).equations) == 5
    whole = record(lambda x: [XP.sum(x, keepdims=n) for n in (True, 1)], X)
    assert len(share(whole).equations) == 2


def test_a_composed_function_is_written_out_where_it_is_wanted() -> None:
    program = record(lambda x: XP.softplus(XP.logsumexp(x, axis=0)), X)
    assert inline(program, PLAIN, lambda f: False).equations == program.equations
    assert "softplus" in names(inline(program, PLAIN, lambda f: f.name == "logsumexp"))
    assert not {"softplus", "logsumexp"} & set(names(inline(program, PLAIN, lambda f: True)))


def test_simplify_alone_is_a_pass_of_its_own() -> None:
    assert names(simplify(record(lambda x: x * 1.0 + x, X), PLAIN)) == ["add"]
