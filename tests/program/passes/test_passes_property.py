"""Random Programs before and after each pass: same values, same inputs, outputs and carried pairs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from bpcore.program.passes import flatten_carry, fold, group, inline, optimized, prune, share, simplify
from bpcore.program.program import Program
from tests.program.passes.random_programs import (
    PLAIN,
    assert_bits,
    assert_kept,
    assert_near,
    programs,
    written,
)


def grouped(program: Program) -> Program:
    """Return groups of a larger kind, of what earlier passes left."""
    program = prune(share(simplify(fold(program, PLAIN), PLAIN)))
    return group(program, reductions=lambda x: x.function.name in ("sum", "mean", "max"), smallest=1)


KEEPING: dict[str, Callable[[Program], Program]] = {
    "prune": prune,
    "share": share,
    "fold": lambda program: fold(program, PLAIN),
    "simplify": lambda program: simplify(program, PLAIN),
    "inline": lambda program: inline(program, PLAIN, lambda function: True),
    "flatten": flatten_carry,
    "flatten with room": lambda program: flatten_carry(program, PLAIN, room=4),
    "group": group,
    "group with reductions": grouped,
    "fold, simplify, share": lambda program: prune(share(simplify(fold(program, PLAIN), PLAIN))),
    "optimized": lambda program: optimized(program, PLAIN),
    "inline, share, fold": lambda program: fold(share(inline(program, PLAIN, lambda f: True)), PLAIN),
}
few = settings(max_examples=40, deadline=None)


@pytest.mark.parametrize("name", KEEPING)
def test_a_pass_keeps_the_bits(name: str) -> None:
    @few
    @given(programs())
    def check(before: Any) -> None:
        text = written(before)
        after = KEEPING[name](before)
        assert written(before) == text
        assert_kept(before, after)
        assert_bits(before, after)

    check()


@few
@given(programs())
def test_simplify_that_need_not_keep_the_bits_stays_near(before: Any) -> None:
    after = simplify(fold(before, PLAIN), PLAIN, keep_bits=False)
    assert_kept(before, after)
    assert_near(before, after)
