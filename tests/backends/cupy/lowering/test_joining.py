"""Parts of an array lie inside it from the start, where nothing speaks against it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore_cupy.lowering.places import Role
from bpcore_cupy.lowering.steps import Launch
from tests.backends.cupy.lowering.host import FUNCTIONS, HostRun

XP = bp.namespace("numpy")
N = 32
"""Elements of float64 that end at a multiple of 256 bytes."""


def arrays() -> list[Any]:
    return [np.cos(np.arange(N) + k) for k in range(3)]


def launches(run: HostRun) -> int:
    return sum(isinstance(step, Launch) for step in run.lowered.steps)


CASES: dict[str, tuple[Any, int, int]] = {
    "computed parts": (
        lambda s, t, x: (s, t, XP.concat([XP.exp(XP.sum(s) + x), XP.tanh(XP.sum(x) + x)])),
        2,
        4,
    ),
    "one part twice": (lambda s, t, x: _twice(s, t, XP.exp(x)), 2, 3),
    "all carried": (lambda s, t, x: (s + x, t * 2.0, XP.exp(XP.concat([s, t]))), 2, 3),
    "carried and given": (lambda s, t, x: (s + x, t * 2.0, XP.exp(XP.concat([s, t, x]))), 2, 4),
    "carried and computed": (lambda s, t, x: (s + x, t * 2.0, XP.sin(XP.concat([s, XP.exp(t)]))), 2, 5),
    "one carried twice": (lambda s, t, x: (s + x, t * 2.0, XP.exp(XP.concat([s, s]))), 2, 4),
    "in two arrays": (lambda s, t, x: (s, t, _both(XP.exp(x), XP.tanh(x + XP.sum(x)))), 2, 6),
}
"""For each name a function of three arrays, how many of them it carries, and launches at most."""


def _twice(s: Any, t: Any, y: Any) -> Any:
    return s, t, XP.sum(y), XP.sqrt(XP.concat([y, y]))


def _both(y: Any, z: Any) -> Any:
    return XP.sum(XP.concat([y, z]) * 2.0) + XP.concat([z, y])


@pytest.mark.parametrize("name", CASES)
def test_what_is_joined_is_right_step_after_step(name: str) -> None:
    f, carry, most = CASES[name]
    program = bp.compile(f, carry=carry).program(*arrays())
    run, plain = HostRun(program), program.function(FUNCTIONS)
    assert launches(run) <= most
    mine, theirs = arrays(), arrays()
    for _ in range(3):
        found, wanted = run(*mine), [np.asarray(y) for y in plain(*theirs)]
        for got, y in zip(found, wanted, strict=True):
            np.testing.assert_allclose(got, y, rtol=1e-12)
        mine[:carry], theirs[:carry] = found[:carry], wanted[:carry]


@pytest.mark.parametrize("name", ["carried and given", "carried and computed", "one carried twice"])
def test_what_is_carried_lies_with_nothing_else(name: str) -> None:
    run = HostRun(bp.compile(CASES[name][0], carry=2).program(*arrays()))
    assert run.lowered.sizes[Role.HOME] + run.lowered.sizes[Role.TURN] == 2 * N * 8


def test_parts_of_a_vector_of_what_is_carried_lie_side_by_side() -> None:
    run = HostRun(bp.compile(CASES["all carried"][0], carry=2).program(*arrays()))
    starts = [place.memory.root.start + place.start for place in run.lowered.before]
    assert {place.memory.root.role for place in run.lowered.before} <= {Role.HOME, Role.TURN}
    assert starts == [0, N * 8]
    assert run.lowered.before[0].memory.root is run.lowered.before[1].memory.root
