"""What CuPy is asked for when a lowered Program is bound, seen on a stand-in. No CUDA runs here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bpcore_cupy.cubins import OPTIONS
from bpcore_cupy.cuda_machine import CudaMachine
from bpcore_cupy.elements import SCRATCH, Kernel
from bpcore_cupy.lowering.steps import Launch
from tests.backends.cupy.lowering.host import FUNCTIONS, lowered
from tests.backends.cupy.lowering.networks import step_of


class Asked:
    """A stand-in for CuPy that writes down what it is asked for."""

    def __init__(self) -> None:
        self.compiled: list[tuple[str, Any]] = []
        self.loads: list[bytes] = []
        self.launched: list[tuple[Any, ...]] = []
        self.attributes: list[tuple[int, int, int]] = []
        asked = self

        class Module:
            def load(self, code: bytes) -> None:
                asked.loads.append(code)

            def get_function(self, name: str) -> Any:
                return Launched(asked, name)

        def compiled(source: str, options: Any, arch: str, *, cache_in_memory: bool) -> tuple[bytes, None]:
            assert (arch, cache_in_memory) == ("90", True)
            self.compiled.append((source, options))
            return source.encode(), None

        driver = SimpleNamespace(
            CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES=8,
            funcSetAttribute=lambda *given: self.attributes.append(given),
        )
        self.__version__ = "14.2.0"
        self.cuda = SimpleNamespace(
            Module=Module,
            driver=driver,
            nvrtc=SimpleNamespace(getVersion=lambda: (13, 0)),
            Device=lambda: SimpleNamespace(compute_capability="90"),
            compiler=SimpleNamespace(compile_using_nvrtc=compiled),
        )


class Launched:
    def __init__(self, asked: Asked, name: str) -> None:
        self.asked, self.name, self.ptr = asked, name, 77

    def __call__(self, *given: Any, **named: Any) -> None:
        self.asked.launched.append((self.name, *given, named))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPCORE_CACHE", str(tmp_path))


def launch_of(name: str) -> Launch:
    return next(x for x in lowered(step_of(name)[0], FUNCTIONS).steps if isinstance(x, Launch))


def test_a_kernel_is_compiled_when_it_is_bound_and_launched_with_its_addresses() -> None:
    step, cp = launch_of("relu"), Asked()
    addresses = list(range(1024, 1024 + 256 * len(step.places), 256))
    enqueue = CudaMachine(cp, FUNCTIONS).launch(step, [*addresses, 0])
    assert cp.compiled == [(step.kernel.source, OPTIONS)]
    assert not cp.launched
    enqueue(5)
    places = dict(zip(step.places, addresses, strict=True))
    wanted = tuple(places[x] for x in step.kernel.arguments if x is not SCRATCH)
    (launched,) = cp.launched
    grid, block = (step.kernel.grid,), (step.kernel.block,)
    assert launched == (step.kernel.name, grid, block, wanted, {"shared_mem": step.kernel.shared_bytes})


def test_what_was_compiled_is_loaded_by_the_next_process() -> None:
    step, first, second = launch_of("relu"), Asked(), Asked()
    for cp in (first, second):
        CudaMachine(cp, FUNCTIONS).launch(step, [256] * len(step.places) + [0])
    assert len(first.compiled) == 1
    assert not second.compiled
    assert first.loads == second.loads


def test_a_kernel_of_much_shared_memory_asks_for_it() -> None:
    kernel = Kernel("k", "source", (), 1, 1, shared_bytes=64 * 1024)
    cp = Asked()
    CudaMachine(cp, FUNCTIONS).ready([kernel, kernel])
    assert cp.attributes == [(77, 8, 64 * 1024)]


def test_later_stages_follow_with_the_same_scratch() -> None:
    last = Kernel("b", "b", (SCRATCH,), 1, 32)
    kernel = Kernel("a", "a", (SCRATCH,), 2, 64, scratch_bytes=8, then=last)
    step, cp = launch_of("relu"), Asked()
    two = Launch(
        name="sum", equation=step.equation, operands=[], outputs=[], kernel=kernel, places={}, scratch=None
    )
    CudaMachine(cp, FUNCTIONS).launch(two, [4096])(0)
    assert [call[:4] for call in cp.launched] == [("a", (2,), (64,), (4096,)), ("b", (1,), (32,), (4096,))]


def test_a_function_of_cupy_is_called_again_each_time() -> None:
    equation = next(x for x in step_of("relu")[0].equations if x.function.name == "matmul")
    x, y, z = np.eye(2), np.arange(4.0).reshape(2, 2), np.zeros((2, 2))
    enqueue = CudaMachine(Asked(), FUNCTIONS).call(equation, [x, y], [z])
    for _ in range(2):
        enqueue(0)
        np.testing.assert_array_equal(z, y)
        y += 1.0


def test_the_names_that_are_used_are_cupys() -> None:
    cupy = pytest.importorskip("cupy")
    assert cupy.cuda.compiler.compile_using_nvrtc
    assert cupy.cuda.driver.funcSetAttribute
    assert cupy.cuda.driver.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES == 8
    host = np.zeros(1024, np.uint8)
    memory = cupy.cuda.UnownedMemory(host.ctypes.data, host.nbytes, host, 0)
    array = cupy.ndarray((1024,), "uint8", cupy.cuda.MemoryPointer(memory, 0))
    machine = CudaMachine(cupy, FUNCTIONS)
    view = machine.view(array, "float32", (2, 3), (4, 8), 256)
    assert (view.data.ptr - host.ctypes.data, view.shape, view.strides) == (256, (2, 3), (4, 8))
    assert machine.address(array) == host.ctypes.data
