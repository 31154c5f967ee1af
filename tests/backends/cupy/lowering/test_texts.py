"""The kernels of whole steps, as their own text: run by this processor, and compiled for a GPU."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from benchmarks.peers.workloads import WORKLOADS
from bpcore_cupy.elements import Kernel
from tests.backends.cupy.elements import nvrtc
from tests.backends.cupy.elements.host import COMPILER
from tests.backends.cupy.lowering.host import FUNCTIONS, HostRun, lowered
from tests.backends.cupy.lowering.networks import NETWORKS, step_of, workload_step


def kernels_of(name: str) -> Iterator[Kernel]:
    """Yield the kernels of a network's step, as they are on a GPU, all stages."""
    step = step_of(name, dtype=np.float32) if name in NETWORKS else workload_step(name)
    for kernel in lowered(step[0], FUNCTIONS).kernels:
        yield from kernel.stages


@pytest.mark.skipif(COMPILER is None, reason="there is no C++ compiler")
@pytest.mark.parametrize("name", ["relu", "batch norm"])
def test_by_its_own_text_a_step_is_what_numpy_makes(name: str) -> None:
    program, carried, batches = step_of(name)
    run, plain = HostRun(program, text=True), program.function(FUNCTIONS)
    theirs, count = carried, len(carried)
    for batch in batches[:3]:
        found, wanted = run(*carried, *batch), [np.asarray(y) for y in plain(*theirs, *batch)]
        for got, y in zip(found, wanted, strict=True):
            np.testing.assert_allclose(got, y, rtol=1e-8, atol=1e-10)
        carried, theirs = found[:count], wanted[:count]


@pytest.mark.skipif(nvrtc.library() is None, reason="nvidia-cuda-nvrtc is not installed")
@pytest.mark.parametrize("name", [*NETWORKS, *WORKLOADS])
def test_every_kernel_of_a_step_compiles_for_a_gpu(name: str, compiled: dict[str, Any]) -> None:
    for kernel in kernels_of(name):
        if kernel.name not in compiled:
            compiled[kernel.name] = nvrtc.compile_to_cubin(kernel.source, "sm_90")
        assert compiled[kernel.name][:4] == b"\x7fELF"


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    """Return what was compiled so far, by name: equal kernels are compiled once."""
    return {}
