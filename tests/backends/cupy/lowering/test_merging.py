"""Small launches as one, on this machine's memory and as host code; no GPU has a part in it."""

from __future__ import annotations

import numpy as np
import pytest

from bpcore_cupy.lowering.merging import Merged, with_merged
from tests.backends.cupy.elements import nvrtc
from tests.backends.cupy.elements.host import COMPILER
from tests.backends.cupy.lowering.host import FUNCTIONS, HostRun, lowered
from tests.backends.cupy.lowering.networks import step_of


@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")
@pytest.mark.parametrize("name", ["relu", "batch norm"])
def test_merged_by_its_own_text_a_step_is_what_it_is_apart(name: str) -> None:
    program, carried, batches = step_of(name)
    one, apart = HostRun(program, text=True, merge=True), HostRun(program, text=True)
    assert one.lowered.launches < apart.lowered.launches
    theirs, count = carried, len(carried)
    for batch in batches[:3]:
        found, wanted = one(*carried, *batch), apart(*theirs, *batch)
        for got, y in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(got, y)
        carried, theirs = found[:count], wanted[:count]


def test_nothing_is_left_out_and_nothing_changes_its_place() -> None:
    program, *_ = step_of("relu")
    before = lowered(program, FUNCTIONS)
    after = with_merged(before)
    parts = [x for step in after.steps for x in (step.parts if isinstance(step, Merged) else [step])]
    assert parts == list(before.steps)
    assert after.sizes == before.sizes
    for step in after.steps:
        if isinstance(step, Merged):
            assert {id(x) for part in step.parts for x in part.pointers} <= {id(x) for x in step.pointers}


@pytest.mark.skipif(nvrtc.library() is None, reason="nvidia-cuda-nvrtc is not installed")
def test_merged_steps_compile_for_a_gpu() -> None:
    program, *_ = step_of("relu", dtype=np.float32)
    kernels = with_merged(lowered(program, FUNCTIONS)).kernels
    assert any("namespace part1" in kernel.source for kernel in kernels)
    for kernel in kernels:
        for stage in kernel.stages:
            assert nvrtc.compile_to_cubin(stage.source, "sm_90")[:4] == b"\x7fELF"
