"""Products as the machine prepares them: why there are none, timed ones, and the end. No CUDA runs here."""

from __future__ import annotations

import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore_cupy.compiling import Compiler, NotCaptured
from bpcore_cupy.cuda_machine import CudaMachine, _closed
from bpcore_cupy.lowering.lowering import lowered
from bpcore_cupy.lowering.refusal import NotCapturable
from bpcore_cupy.products import Plan, ProductFailed
from bpcore_cupy.tuning import TUNE
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.lowering.host import FUNCTIONS
from tests.backends.cupy.lowering.networks import step_of
from tests.backends.cupy.products.arrays import layer
from tests.backends.cupy.products.host_cupy import HostCupy
from tests.backends.cupy.products.interpreter import Memory
from tests.backends.cupy.products.stand_in import Answer, StandIn

TF32 = 0x04 << 16 | 0x02 << 8 | 0x02


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    library = StandIn(Memory())
    monkeypatch.setattr("bpcore_cupy.products.handle.load", lambda: library)
    return library


@pytest.fixture
def cupy(library: StandIn) -> HostCupy:
    assert library.memory
    return HostCupy(library.memory)


def test_what_says_that_it_rounds_is_looked_at_by_the_machine(cupy: HostCupy, library: StandIn) -> None:
    library.answers = [Answer(1, numerics=TF32)]
    machine = CudaMachine(cupy, SimpleNamespace())
    assert machine.offers(layer())
    assert machine.handle.proved == {layer()}
    assert len(library.calls) == 1


def test_a_step_says_why_a_product_is_not_to_be_had(
    cupy: HostCupy, library: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BPCORE_SMALL_PRODUCTS", "0")
    library.answers = []
    machine = CudaMachine(cupy, FUNCTIONS)
    with pytest.raises(NotCapturable, match="matmul: none of the heuristic's 0 algorithms can be taken"):
        lowered(step_of("relu")[0], FUNCTIONS, offers=machine.offers, small=False)
    device = FakeDevice()
    compiler = Compiler(lambda arrays: device, lambda functions, fixed: machine)  # type: ignore[arg-type]
    with pytest.warns(NotCaptured, match="matmul cannot be part of a graph .none of the heuristic's 0"):
        compiler.compile(step_of("relu")[0], FUNCTIONS, {})


@pytest.mark.parametrize("narrow", [True, False])
def test_a_wider_result_is_given_up_for_a_cast_before_the_product_is(*, narrow: bool) -> None:
    def product(a: Any, b: Any) -> Any:
        xp = bp.array_namespace(a)
        return xp.astype(xp.matmul(a, b), xp.float32)

    def offers(plan: Plan) -> bool:
        if narrow and plan.result.dtype == "float16":
            return True
        raise ProductFailed(plan.text, f"nothing for {plan.result.dtype}")

    program = bp.record(product, np.ones((3, 40), "float16"), np.ones((40, 5), "float16"))
    if narrow:
        assert [x.name for x in lowered(program, FUNCTIONS, offers=offers).steps] == ["matmul", "astype"]
        return
    with pytest.raises(NotCapturable, match="nothing for float16"):
        lowered(program, FUNCTIONS, offers=offers)


def test_products_are_timed_where_the_environment_says_so(
    cupy: HostCupy, library: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BPCORE_CACHE", str(tmp_path))
    library.answers = [Answer(1), Answer(2)]
    for word, number in (("0", 1), ("1", 2)):
        monkeypatch.setenv(TUNE, word)
        cupy.times = [3.0, 3.0, 3.0, 1.0]
        machine = CudaMachine(cupy, SimpleNamespace())
        for _ in range(2):
            assert machine.offers(layer())
        prepared = machine.handle.prepare(layer())
        assert prepared
        assert prepared.algorithm.data == Answer(number).data
    assert len(library.calls) == 2 * (1 + 20)
    assert len([*tmp_path.iterdir()]) == 1


def test_the_handle_is_closed_on_its_device(cupy: HostCupy, library: StandIn) -> None:
    machine = CudaMachine(cupy, SimpleNamespace())
    machine.offers(layer())
    cupy.events.clear()
    gone = weakref.ref(machine)
    del machine  # nothing in it holds it
    assert gone() is None
    assert cupy.events == ["entered", "freed", "left"]
    assert not library.alive


def test_memory_is_freed_where_closing_fails(cupy: HostCupy, library: StandIn) -> None:
    machine = CudaMachine(cupy, SimpleNamespace())
    handle: Any = machine.handle
    library.fails["cublasLtDestroy"] = 14
    with pytest.raises(ProductFailed, match="cublasLtDestroy"):
        _closed(handle, cupy.cuda.MemoryPool(), cupy.cuda.Device())
    assert cupy.events[-2:] == ["freed", "left"]
    library.fails.clear()
