"""Small kernels side by side are one launch, unless one waits for the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.program.passes.fused import Fused
from bpcore.program.program import Program
from bpcore.program.record import record
from bpcore_cupy.elements import grouped
from bpcore_cupy.lowering import pairing
from bpcore_cupy.lowering.lowering import lowered
from bpcore_cupy.lowering.pairing import paired
from tests.backends.cupy.lowering.host import FUNCTIONS, HostRun
from tests.backends.cupy.lowering.networks import step_of

XP = bp.namespace("numpy")


def groups(program: Program) -> int:
    return sum(isinstance(x.function, Fused) for x in program.equations)


def given() -> list[Any]:
    return [np.sin(np.arange(16.0) + k).reshape(4, 4) for k in range(2)]


def apart(x: Any, y: Any) -> Any:
    return XP.tanh(XP.exp(x)) * 2.0, XP.sum(XP.sin(y) * y, axis=1)


def waiting(x: Any, y: Any) -> Any:
    z = XP.tanh(XP.exp(x))
    return XP.matmul(XP.sin(XP.matmul(z, XP.matrix_transpose(y))) * 2.0, y)


@pytest.mark.parametrize(("f", "before", "after"), [(apart, 2, 1), (waiting, 2, 2)])
def test_groups_that_do_not_wait_for_one_another_are_one(f: Any, before: int, after: int) -> None:
    program = grouped(record(f, *given()))
    assert (groups(program), groups(paired(program))) == (before, after)
    found, wanted = HostRun(record(f, *given()))(*given()), record(f, *given()).function(FUNCTIONS)(*given())
    for got, y in zip(found, wanted, strict=True):
        np.testing.assert_allclose(got, y, rtol=1e-12)


def test_large_groups_stay_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "LARGEST", 15)
    assert groups(paired(grouped(record(apart, *given())))) == 2


def test_a_step_of_three_layers_is_eleven_launches() -> None:
    assert lowered(step_of("relu")[0], FUNCTIONS).launches == 11
