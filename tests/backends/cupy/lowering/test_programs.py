"""Random Programs: lowered and run on this machine's memory, they compute what they compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

import bpcore as bp
from bpcore.derivatives.namespaces.namespace import space_on
from bpcore_cupy.lowering.refusal import NotCapturable
from tests.backends.cupy.lowering.host import FUNCTIONS, HostRun, lowered
from tests.backends.cupy.lowering.networks import step_of
from tests.program.passes.random_programs import arguments, computed, programs


def check(program: Any, steps: int = 3) -> None:
    try:
        run = HostRun(program)
    except NotCapturable:
        return
    for seed in range(steps):
        arrays = arguments(2 * seed)
        for got, wanted in zip(run(*arrays), computed(program, arrays), strict=True):
            assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
            np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)


@settings(max_examples=60, deadline=None)
@given(programs())
def test_lowered_it_computes_what_it_computes(program: Any) -> None:
    check(program)


@pytest.mark.parametrize("name", ["relu", "convolution", "dropout"])
def test_of_another_library_s_arrays_the_same_is_made(name: str) -> None:
    strict = bp.backend("strict")
    program, *_ = step_of(name, asarray=strict.asarray)
    found = lowered(program, space_on("strict").functions)
    assert found.launches == lowered(step_of(name)[0], FUNCTIONS).launches
