"""Every kernel compiles for NVIDIA's GPUs, by their compiler, on a machine without one. It is not run."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import bpcore as bp
import bpcore_cupy.elements
from bpcore.program.passes import inline
from bpcore_cupy.elements import Kernel, grouped, is_written_out
from tests.backends.cupy.elements.nvrtc import compile_to_cubin, library
from tests.backends.cupy.elements.running import FUNCTIONS, kernels_of, recorded
from tests.backends.cupy.elements.workloads import OPTIMIZERS, large, small
from tests.program.passes.random_programs import programs

ARCHITECTURES = ("sm_80", "sm_90")
XP = bp.namespace("numpy")
TOGETHER = 60
"""Texts that are compiled at a time: the compiler needs long to start."""


@pytest.fixture(autouse=True)
def _with_nvrtc(request: pytest.FixtureRequest) -> None:
    if library() is None and "imports" not in request.node.name:
        assert os.environ.get("BPCORE_NVRTC") != "required", "NVRTC was not found"
        pytest.skip("no NVRTC: pip install nvidia-cuda-nvrtc")


_seen: set[str] = set()


def _compiled(kernels: Iterable[Kernel]) -> int:
    """Compile what was not compiled yet; return how many there were."""
    stages = {stage.name: stage for kernel in kernels for stage in kernel.stages}
    new = sorted(stages.keys() - _seen)
    for i in range(0, len(new), TOGETHER):
        parts = [
            f"namespace n{j} {{\n{stages[name].source}}}\n" for j, name in enumerate(new[i : i + TOGETHER])
        ]
        for architecture in ARCHITECTURES:
            assert compile_to_cubin("".join(parts), architecture)[:4] == b"\x7fELF"
    _seen.update(new)
    return len(stages)


def test_a_text_that_is_wrong_does_not_compile() -> None:
    with pytest.raises(AssertionError, match="identifier"):
        compile_to_cubin('extern "C" __global__ void f(float* x) { x[0] = missing; }', "sm_90")


def test_steps_of_the_sizes_that_are_to_be_fast() -> None:
    for step in (
        large(bp.Adam(1e-3), (512, 512, 10), 128, 784),
        large(bp.Adam(1e-3), (2048, 2048, 2048, 10), 4096, 1024),
        large(bp.Adam(1e-3), (16, 8, 2), 200, 2),
    ):
        assert _compiled(kernels_of(step.program).values()) >= 8


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_optimizer_and_many_layers(dtype: str) -> None:
    for optimizer in OPTIMIZERS:
        _compiled(kernels_of(small(optimizer, dtype=dtype).program).values())


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_every_call(calls: dict[str, list[Any]], host: Callable[[Any, str], Any], dtype: str) -> None:
    found: list[Kernel] = []
    for name, several in calls.items():
        for call in several[:2]:
            if call.eager or "." in name or not hasattr(XP, name):
                continue
            args = [host(x, dtype) for x in call.args]
            arrays = [x for x in args if hasattr(x, "dtype") and hasattr(x, "shape")]
            if len(arrays) == len(args):
                program = recorded(lambda *x, call=call: getattr(XP, call.name)(*x, **call.named), *arrays)
                found += kernels_of(grouped(inline(program, FUNCTIONS, is_written_out))).values()
    assert _compiled(found) > 80


@settings(max_examples=25, deadline=None)
@given(programs())
def test_random_programs(program: Any) -> None:
    _compiled(kernels_of(grouped(inline(program, FUNCTIONS, is_written_out))).values())


def test_the_package_imports_no_cupy() -> None:
    folder = Path(bpcore_cupy.elements.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [x.name for x in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not {x.split(".")[0] for x in names} & {"cupy", "cupyx", "cuda"}, path
