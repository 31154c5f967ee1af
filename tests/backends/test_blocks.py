"""How NumPy runs groups over large vectors: block by block, over what is read no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import bpcore as bp
from bpcore.program.compiled import compile as compile_
from bpcore.words.trees import leaves
from tests.backends.test_lowering import OPTIMIZERS, beside, problem
from tests.backends.test_random_programs import Drawn, carriers, functions, is_what_it_is, same_as_not_carried

XP = bp.namespace("numpy")


@pytest.fixture(scope="module")
def tiny() -> Iterator[None]:
    """Vectors are large from two elements on, and blocks have three."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bpcore_numpy.lowering.preparing.LARGE", 2)
        patch.setattr("bpcore_numpy.lowering.blocks.BLOCK", 3)
        yield


@pytest.mark.parametrize("count", ["1", "2"])
def test_large_updates_go_in_blocks_and_keep_the_bits(monkeypatch: pytest.MonkeyPatch, count: str) -> None:
    monkeypatch.setenv("BPCORE_THREADS", count)
    monkeypatch.setattr("bpcore_numpy.lowering.blocks.BLOCK", 1000)
    monkeypatch.setattr("bpcore_numpy.lowering.blocks.SHARED", 2000)
    for optimizer in OPTIMIZERS:
        step, *start, batch = problem(bp.MLP([6, 61, 52, 3]), bp.CrossEntropy(), optimizer, dtype=np.float32)
        found = []
        for large in (2000, 10**9):
            monkeypatch.setattr("bpcore_numpy.lowering.preparing.LARGE", large)
            compiled, carried = compile_(step, carry=2), start
            assert ("in rows:" in compiled.source(*carried, batch)) == (large == 2000)
            for _ in range(3):
                *carried, _ = compiled(*carried, batch)
            found.append([np.array(x) for x in leaves(carried)])
        for a, b in zip(*found, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(), (1,)])
def test_a_group_in_blocks_takes_short_operands_and_long_constants(shape: Any) -> None:
    long, few = np.cos(np.arange(70000.0)), np.full(shape, 1.5)
    beside(lambda s, w: (s * w + long, w * 1.5), long, few, carry=2)
    beside(lambda s, w: (w * s + 1.0, w[..., None][..., 0] * 1.5), long, few, carry=2)


@settings(max_examples=200, deadline=None)
@given(functions())
@pytest.mark.usefixtures("tiny")
def test_in_blocks_a_function_is_what_it_is(drawn: Drawn) -> None:
    with np.errstate(all="ignore"):
        is_what_it_is(drawn, "numpy")


@settings(max_examples=200, deadline=None)
@given(carriers())
@pytest.mark.usefixtures("tiny")
def test_in_blocks_whatever_is_carried_it_is_as_if_it_were_not(f: Any) -> None:
    same_as_not_carried(f)


def text(f: Any, *args: Any, carry: int = 0) -> str:
    """Return the text of the first group."""
    whole = compile_(f, carry=carry).source(*args)
    return whole[: whole.index("def program")]


LONG = np.cos(np.arange(70000.0))


def test_adam_needs_one_buffer() -> None:
    """Gradients and moments are written over as they are read for the last time."""
    step, *args = problem(bp.MLP([6, 300, 300, 3]), bp.CrossEntropy(), bp.Adam(0.01), dtype=np.float32)
    group = text(step, *args, carry=2)
    assert " t0 in rows:" in group
    assert "t1" not in group


def in_blocks(f: Any, *args: Any) -> None:
    """Compare three steps, some of it in blocks, with the function's own."""
    assert "in rows" in text(f, *args, carry=len(args))
    beside(f, *args, carry=len(args))


def test_what_is_read_afterwards_is_kept() -> None:
    def f(s: Any, w: Any) -> Any:
        made = XP.where(s > w, s, w)  # apart from the group
        grown = XP.tanh(made * 2.0) + 1.0
        return XP.flip(grown) + XP.flip(made), w * 0.5

    in_blocks(f, LONG, LONG + 1.0)


def test_what_lies_at_home_and_stays_is_kept() -> None:
    def f(s: Any, w: Any) -> Any:
        return s, XP.exp(s * 2.0) + w * 0.5

    in_blocks(f, LONG, LONG + 1.0)


def test_an_element_that_all_blocks_read_is_kept() -> None:
    def f(s: Any, w: Any) -> Any:
        made = XP.where(s > w, s, w)
        return made * made[:1] + 1.0, w * 0.5

    in_blocks(f, LONG, LONG + 1.0)


def test_a_short_vector_is_not_written_over() -> None:
    def f(s: Any, w: Any) -> Any:
        short = XP.where(w > 0.0, w, w * 2.0)
        return short * s + XP.exp(s), w * 0.5

    in_blocks(f, LONG, LONG[:1])


def test_half_of_a_vector_is_not_written_over() -> None:
    def f(s: Any, w: Any) -> Any:
        whole = XP.concat([XP.sin(s), XP.cos(w)])
        return whole[: s.size] * 2.0 + whole[s.size :] + w, w * 0.5

    in_blocks(f, LONG, LONG + 1.0)


def test_a_vector_takes_what_is_of_its_dtype() -> None:
    def f(flag: Any, s: Any, w: Any) -> Any:
        return s > XP.exp(w), XP.where(flag, s, w), w * 0.5

    def g(s: Any, w: Any) -> Any:
        other = XP.logical_and(s > 0.0, w > 0.0)
        return XP.where(other, s, XP.exp(w) - s), w * 0.5

    in_blocks(f, LONG > 0.5, LONG, LONG + 1.0)
    in_blocks(g, LONG, LONG + 1.0)
