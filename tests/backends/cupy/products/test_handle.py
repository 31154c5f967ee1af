"""Choosing algorithms, enqueuing, workspaces, errors and the end, against the stand-in."""

from __future__ import annotations

import gc
import struct
import weakref
from types import SimpleNamespace
from typing import Any

import pytest

from bpcore.words.errors import BackendUnusable
from bpcore_cupy.products import Handle, ProductFailed, plan_of
from tests.backends.cupy.products.arrays import layer, operand
from tests.backends.cupy.products.conftest import allocate
from tests.backends.cupy.products.interpreter import Memory
from tests.backends.cupy.products.stand_in import Answer, StandIn

TF32 = 0x04 << 16 | 0x02 << 8 | 0x02


@pytest.fixture
def library(listening: StandIn) -> StandIn:
    return listening


def wishes(library: StandIn, number: int, kind: str) -> int:
    return int(struct.unpack(f"<{kind}", library.asked[-1].attributes[number])[0])


def test_equal_plans_are_prepared_once(handle: Handle, library: StandIn) -> None:
    assert handle.prepare(layer()) is handle.prepare(layer())
    assert handle.prepare(layer("bias")) is not handle.prepare(layer())
    assert len(library.asked) == 2


def test_the_heuristic_is_told_of_workspace_alignments_and_determinism(
    handle: Handle, library: StandIn
) -> None:
    a, b = operand(8, 16, alignment=16), operand(16, 32, alignment=4)
    handle.prepare(plan_of(a, b, operand(8, 32, alignment=64)))
    assert wishes(library, 1, "Q") == 1 << 16
    assert wishes(library, 3, "I") == 2 | 4  # out of place, into the workspace
    assert [wishes(library, number, "I") for number in (5, 6, 7, 8)] == [4, 16, 64, 64]  # its A is our b


def test_an_epilogue_that_is_not_supported_is_no_error(handle: Handle, library: StandIn) -> None:
    library.refuses = {2 | 128 | 4}
    plan = layer("relu_aux_bias")
    assert handle.prepare(plan) is None
    assert handle.prepare(plan) is None
    assert handle.refused == {plan: "the heuristic answered CUBLAS_STATUS_NOT_SUPPORTED"}
    assert len(library.asked) == 1
    assert handle.prepare(layer("relu_bias"))


def test_no_algorithm_for_an_epilogue_is_no_error_either(handle: Handle, library: StandIn) -> None:
    library.answers = [Answer(split=2)]
    assert handle.prepare(layer("bias")) is None
    library.answers = []
    assert handle.prepare(layer("relu")) is None
    assert "none of the heuristic's 0 algorithms" in [*handle.refused.values()][-1]


def test_what_the_library_is_not_asked_for_is_no_error_either(handle: Handle, library: StandIn) -> None:
    plan = plan_of(operand(200, 1), operand(1, 16), operand(200, 16), epilogue="drelu")
    assert handle.prepare(plan) is None
    assert handle.refused[plan] == "DRELU does not take a k of 1"
    assert not library.asked


def test_a_product_that_is_not_supported_is_one_line(handle: Handle, library: StandIn) -> None:
    library.refuses = {1}
    line = (
        r"the product float32 \(128, 512\) = float32 \(128, 784\) x float32 \(784, 512\) in tf32 failed: "
        r"the heuristic answered CUBLAS_STATUS_NOT_SUPPORTED\. Use another precision"
    )
    with pytest.raises(ProductFailed, match=line):
        handle.prepare(layer(precision="tf32"))


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (13, "cublasLtMatmul answered CUBLAS_STATUS_EXECUTION_FAILED. .*CUDA_LAUNCH_BLOCKING=1"),
        (99, "cublasLtMatmul answered status 99"),
    ],
)
def test_a_failed_call_is_one_line(handle: Handle, library: StandIn, status: int, line: str) -> None:
    prepared = handle.prepare(layer("bias"))
    assert prepared
    library.fails["cublasLtMatmul"] = status
    with pytest.raises(ProductFailed, match=line) as raised:
        prepared(0, 256, 512, 768, bias=16)
    assert "'bias'" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("addresses", "named", "line"),
    [
        ((256, 512, 772), {"bias": 16}, "address of c, 0x304, is not a multiple of 256"),
        ((256, 0, 768), {"bias": 16}, "address of b"),
        ((256, 512, 768), {}, "address of bias, 0x0"),
        ((256, 512, 768), {"bias": 20}, "address of bias, 0x14, is not a multiple of 16"),
        ((256, 512, 768), {"bias": 16, "aux": 256}, "given aux= and its epilogue takes none"),
    ],
)
def test_wrong_addresses_are_refused(handle: Handle, addresses: Any, named: Any, line: str) -> None:
    prepared = handle.prepare(layer("bias"))
    assert prepared
    with pytest.raises(ProductFailed, match=line):
        prepared(0, *addresses, **named)


def test_addresses_are_told_anew_only_when_they_change(handle: Handle, library: StandIn) -> None:
    prepared = handle.prepare(layer("relu_aux_bias"))
    assert prepared
    prepared(0, 256, 512, 768, bias=32, aux=1024)
    library.fails["cublasLtMatmulDescSetAttribute"] = 14
    prepared(0, 256, 512, 768, bias=32, aux=1024)
    with pytest.raises(ProductFailed, match="SetAttribute answered CUBLAS_STATUS_INTERNAL_ERROR"):
        prepared(0, 256, 512, 768, bias=48, aux=1024)


def test_our_operands_reach_the_library_in_its_order(handle: Handle, library: StandIn) -> None:
    prepared = handle.prepare(layer())
    assert prepared
    prepared(9, 256, 512, 768)
    assert library.calls[-1][:1] == ((512, 256, 768),)
    assert library.calls[-1].stream == 9


def test_each_stream_has_a_workspace_of_its_own(handle: Handle, library: StandIn) -> None:
    library.answers = [Answer(workspace_bytes=4096)]
    prepared = handle.prepare(layer())
    assert prepared
    for stream in (5, 6, 5):
        prepared(stream, 256, 512, 768)
    first, second, third = (call.workspace for call in library.calls)
    assert first == third != second
    assert {call.workspace_bytes for call in library.calls} == {4096}


def test_what_needs_no_workspace_allocates_none(library: StandIn) -> None:
    def nothing(nbytes: int) -> Any:
        raise AssertionError(nbytes)

    with Handle(nothing, library=library) as handle:
        prepared = handle.prepare(layer())
        assert prepared
        prepared(5, 256, 512, 768)
    assert library.calls[-1].workspace == 0


def test_a_capture_meets_nothing_but_the_call(library: StandIn) -> None:
    library.answers = [Answer(workspace_bytes=64)]
    sizes: list[int] = []

    def counted(nbytes: int) -> Any:
        sizes.append(nbytes)
        return allocate(nbytes)

    with Handle(counted, library=library) as handle:
        prepared = handle.prepare(layer("relu_bias"))
        assert prepared
        handle.reserve(5)
        library.capturing = True
        for bias in (16, 32):
            prepared(5, 256, 512, 768, bias=bias)
        library.capturing = False
    assert sizes == [64]


def test_a_workspace_out_of_line_is_refused(library: StandIn) -> None:
    def reserve(handle: Handle) -> None:
        handle.prepare(layer())
        handle.reserve(5)

    library.answers = [Answer(workspace_bytes=64)]
    with (
        Handle(lambda _: SimpleNamespace(ptr=100), library=library) as handle,
        pytest.raises(ProductFailed, match="0x64, which is not a multiple of 256"),
    ):
        reserve(handle)


@pytest.mark.parametrize(
    "function",
    [
        "cublasLtMatmulDescCreate",
        "cublasLtMatmulDescSetAttribute",
        "cublasLtMatrixLayoutCreate",
        "cublasLtMatmulPreferenceCreate",
        "cublasLtMatmulPreferenceSetAttribute",
    ],
)
def test_what_was_made_before_a_failure_is_destroyed(handle: Handle, library: StandIn, function: str) -> None:
    before = len(library.alive)
    library.fails[function] = 3
    with pytest.raises(ProductFailed, match=f"{function} answered CUBLAS_STATUS_ALLOC_FAILED"):
        handle.prepare(layer("bias"))
    assert len(library.alive) == before
    library.fails.clear()
    assert handle.prepare(layer("bias"))


def test_a_device_that_is_not_there(library: StandIn) -> None:
    library.fails["cublasLtCreate"] = 1
    line = (
        'backend "cupy" cannot be used here: cuBLASLt 13.1.0 cannot be opened .CUBLAS_STATUS_NOT_INITIALIZED.'
    )
    with pytest.raises(BackendUnusable, match=line):
        Handle(allocate, library=library)


def test_closing_frees_everything_once(library: StandIn) -> None:
    library.answers = [Answer(workspace_bytes=64)]
    spaces: list[Any] = []

    def watched(nbytes: int) -> Any:
        memory = allocate(nbytes)
        spaces.append(weakref.ref(memory))
        return memory

    handle = Handle(watched, library=library)
    prepared = handle.prepare(layer("bias"))
    assert prepared
    handle.prepare(layer(), algorithm=prepared.algorithm)
    prepared(5, 256, 512, 768, bias=16)
    prepared(6, 256, 512, 768, bias=16)
    handle.release(6)
    gc.collect()
    assert [space() is None for space in spaces] == [False, True]
    handle.close()
    handle.close()
    gc.collect()
    assert spaces[0]() is None
    assert not library.alive
    with pytest.raises(ProductFailed, match="it is closed"):
        prepared(5, 256, 512, 768, bias=16)
    for ask in (handle.prepare, handle.algorithms):
        with pytest.raises(ProductFailed, match="the handle is closed"):
            ask(layer())


def test_the_stand_in_sees_what_it_is_there_for() -> None:
    """It must be able to fail: a heuristic in a capture, memory out of bounds, a descriptor that is gone."""
    library = StandIn(Memory())
    handle = Handle(allocate, library=library)
    prepared = handle.prepare(layer())
    assert prepared
    library.capturing = True
    with pytest.raises(ProductFailed, match="INVALID_VALUE"):
        prepared(5, 256, 512, 768)
    handle.prepare(layer("relu"))
    handle.close()
    assert "outside every array" in library.wrong[0]
    assert any("AlgoGetHeuristic in a capture" in line for line in library.wrong)
    library.wrong.clear()
    library.cublasLtMatmulDescDestroy(0x1080)  # type: ignore[attr-defined]
    assert "is not alive" in library.wrong[-1]
