"""Compiled steps on the stand-in device: warmed up, captured, replayed, they compute what NumPy computes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from benchmarks.peers.workloads import WORKLOADS
from bpcore.program.program import Program
from bpcore_cupy.compiling import Compiler, NotCaptured
from bpcore_cupy.lowering.steps import Multiply
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.lowering.fake_machine import FakeMachine, compiler_on
from tests.backends.cupy.lowering.host import FUNCTIONS, Products
from tests.backends.cupy.lowering.networks import NETWORKS, Step, step_of, workload_step

ALL = {**dict.fromkeys(NETWORKS, step_of), **dict.fromkeys(WORKLOADS, workload_step)}


def given(device: FakeDevice, arrays: list[Any]) -> list[Any]:
    return [device.array(x, str(x.dtype)) for x in arrays]


def near(got: Any, wanted: Any) -> None:
    got = np.array(got.get()) if hasattr(got, "get") else got
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    digits = 1e-8 if got.dtype == np.float64 else 2e-4
    np.testing.assert_allclose(got, wanted, rtol=digits, atol=digits / 10)


def by_numpy(step: Step, steps: int) -> list[list[Any]]:
    """Return all outputs of each step."""
    program, carried, batches = step
    plain, count = program.function(FUNCTIONS), len(program.carried)
    found = []
    for number in range(steps):
        outputs = [np.asarray(y) for y in plain(*carried, *batches[number % len(batches)])]
        carried = outputs[:count]
        found.append(outputs)
    return found


@pytest.mark.parametrize(
    ("name", "small"),
    [*((name, "1") for name in ALL), *((name, "0") for name in ("relu", "attention", "W6"))],
)
def test_many_steps_are_what_numpy_makes(name: str, small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPCORE_SMALL_PRODUCTS", small)
    program, arrays, batches = step = ALL[name](name)
    device = FakeDevice()
    compiler, products = compiler_on(device)
    run = compiler.compile(program, FUNCTIONS, {})
    count = len(program.carried)
    carried = given(device, arrays[:count])
    for number, wanted in enumerate(by_numpy(step, len(batches))):
        waits = device.waits
        outputs = run(*carried, *given(device, batches[number]))
        assert device.waits == waits + (number == 0), "the host waits once, before the capture"
        for got, y in zip(outputs, wanted, strict=True):
            near(got, y)
        carried = outputs[:count]
    assert device.launches == len(batches)
    assert not products.library.wrong


@pytest.mark.parametrize("name", ["relu", "dropout", "batch norm"])
@pytest.mark.parametrize("length", [1, 2, 11])
def test_a_loop_is_as_many_steps(name: str, length: int) -> None:
    program, arrays, batches = step = step_of(name)
    device = FakeDevice()
    run = compiler_on(device)[0].loop(program, FUNCTIONS, {})
    count = len(program.carried)
    columns = [[batches[i % len(batches)][place] for i in range(length)] for place in range(2)]
    outputs = run(length, *given(device, arrays), *given(device, [np.stack(x) for x in columns]))
    wanted = by_numpy(step, length)
    for number, got in enumerate(outputs):
        if number < count:
            near(got, wanted[-1][number])
        else:
            near(got, np.stack([one[number] for one in wanted]))


def test_call_by_call_a_step_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPCORE_CAPTURE", "0")
    program, arrays, batches = step = step_of("relu")
    device = FakeDevice()
    outputs = compiler_on(device)[0].compile(program, FUNCTIONS, {})(*given(device, [*arrays, *batches[0]]))
    for got, y in zip(outputs, by_numpy(step, 1)[0], strict=True):
        near(got, y)
    assert device.launches == 0


def test_again_is_a_step_more_and_what_goes_to_and_fro_has_none() -> None:
    program, arrays, batches = step = step_of("relu")
    device = FakeDevice()
    run: Any = compiler_on(device)[0].compile(program, FUNCTIONS, {})
    carried = run(*given(device, [*arrays, *batches[0]]))[: len(arrays)]
    wanted = by_numpy(step, 3)
    for number in (1, 2):
        reported = run.again(*given(device, batches[number]))
        for got, y in zip([*carried, *reported], wanted[number], strict=True):
            near(got, y)
    assert compiler_on(device)[0].compile(step_of("dropout")[0], FUNCTIONS, {}).again is None  # type: ignore[attr-defined]


def test_batches_of_two_sizes_carry_in_one_place() -> None:
    long, short = step_of("relu"), step_of("relu", batch=2)
    device, shared = FakeDevice(), dict[str, Any]()
    compiler = compiler_on(device)[0]
    runs = [compiler.compile(program, FUNCTIONS, shared) for program, _, _ in (long, short)]
    count = len(long[1])
    carried, theirs = given(device, long[1]), long[1]
    for number in range(4):
        program, _, batches = (long, short)[number % 2]
        theirs = [np.asarray(y) for y in program.function(FUNCTIONS)(*theirs, *batches[number])][:count]
        carried = runs[number % 2](*carried, *given(device, batches[number]))[:count]
        assert all(x is y for x, y in zip(carried, runs[0].shared["handed"][0], strict=True))  # type: ignore[attr-defined]
        for got, y in zip(carried, theirs, strict=True):
            near(got, y)


def test_the_arrays_that_came_first_stay_as_they_are() -> None:
    program, arrays, batches = step_of("tanh")
    device = FakeDevice()
    own = given(device, arrays)
    run = compiler_on(device)[0].compile(program, FUNCTIONS, {})
    for batch in batches[:2]:
        run(*own, *given(device, batch))
    for x, y in zip(own, arrays, strict=True):
        np.testing.assert_array_equal(x.get(), y)


def test_in_a_callers_own_capture_nothing_is_written() -> None:
    program, arrays, batches = step_of("relu")
    device = FakeDevice()
    run = compiler_on(device)[0].compile(program, FUNCTIONS, {})
    with device.entered():
        stream = device.stream()
    with stream:
        own = given(device, [*arrays, *batches[0]])
        stream.begin_capture()
        with device.pool().used(), pytest.raises(bp.StreamCaptures, match="call it outside of the capture"):
            run(*own)
        assert stream.capturing == []
        stream.end_capture()


def carrying(f: Any, *arrays: Any, carry: int) -> Program:
    return bp.compile(f, carry=carry).program(*arrays)


def test_what_is_exchanged_goes_to_and_fro() -> None:
    a, b = np.arange(3.0), np.arange(3.0) + 10
    program = carrying(lambda a, b, x: (b, a * x, a), a, b, np.ones(3), carry=2)
    device = FakeDevice()
    carried = given(device, [a, b])
    run = compiler_on(device)[0].compile(program, FUNCTIONS, {})
    for number in range(5):
        x = np.full(3, number + 1.0)
        a, b, first = b, a * x, a
        *carried, seen = run(*carried, *given(device, [x]))
        for got, wanted in zip([*carried, seen], [a, b, first], strict=True):
            near(got, wanted)


def gathering(w: Any, data: Any, rows: Any) -> Any:
    xp = bp.namespace("numpy")
    return w + xp.sum(xp.take(data, rows, axis=0), axis=0), data, xp.sum(w)


def test_a_set_of_data_that_comes_back_is_the_caller_s_own() -> None:
    w, data, rows = np.zeros(128), np.arange(128.0 * 128).reshape(128, 128), np.asarray([3, 1])
    program = carrying(gathering, w, data, rows, carry=2)
    device = FakeDevice()
    run = compiler_on(device)[0].compile(program, FUNCTIONS, {})
    own = device.array(data)
    carried: Any = [device.array(w), own]
    for number in range(3):
        chosen = rows + number
        w = w + data[chosen].sum(axis=0)
        *carried, _ = run(*carried, *given(device, [chosen]))
        near(carried[0], w)
        assert carried[1] is own
    private = device.private_bytes()
    assert private < data.nbytes


def test_an_array_that_is_exchanged_between_two_steps_is_brought_and_the_others_stay() -> None:
    program, arrays, batches = step_of("relu")
    device = FakeDevice()
    run = compiler_on(device)[0].compile(program, FUNCTIONS, {})
    plain, count = program.function(FUNCTIONS), len(arrays)
    carried, theirs = given(device, arrays), arrays
    alike = [i for i, x in enumerate(arrays) if x.shape == arrays[1].shape]
    for number, batch in enumerate(batches):
        carried = list(run(*carried, *given(device, batch))[:count])
        theirs = [np.asarray(y) for y in plain(*theirs, *batch)][:count]
        if number == 1:
            carried[0], theirs[0] = device.array(arrays[0]), arrays[0]
        if number == 2:  # one lies where the other is brought to before
            i, j = alike[0], alike[1]
            carried[j], theirs[j] = carried[i], theirs[i]
            carried[i], theirs[i] = device.array(arrays[i]), arrays[i]
        for got, y in zip(carried, theirs, strict=True):
            near(got, y)


def solving(s: Any, x: Any) -> Any:
    xp = bp.namespace("numpy")
    return xp.linalg.solve(x, s), xp.sum(s)


def test_what_cannot_be_captured_runs_function_by_function_and_says_so_once() -> None:
    s, x = np.ones(2), np.eye(2) * 2
    compiler = compiler_on(FakeDevice())[0]
    program = carrying(solving, s, x, carry=1)
    with pytest.warns(NotCaptured, match=r"linalg\.solve cannot be part of a graph \(cuSOLVER") as said:
        run = compiler.compile(program, FUNCTIONS, {})
    assert said[0].filename == __file__
    near(run(s, x)[0], s / 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        near(compiler.loop(program, FUNCTIONS, {})(2, s, np.stack([x, x]))[0], s / 4)


@pytest.mark.parametrize(("word", "wanted"), [("tf32", "tf32"), ("float16", "float32"), ("", "float32")])
def test_the_precision_of_products_of_float32(
    word: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BPCORE_SMALL_PRODUCTS", "0")
    program = step_of("relu", dtype=np.float32)[0]
    shared = {"precision": word} if word else {}
    run: Any = compiler_on(FakeDevice())[0].compile(program, FUNCTIONS, shared)
    plans = [step.plan for step in run.steps.steps if isinstance(step, Multiply)]
    assert {plan.precision for plan in plans} == {wanted}


@pytest.mark.parametrize(("shared", "variable", "wanted"), [
    ({}, None, True), ({}, "0", False), ({}, "1", True), ({"deterministic": False}, "1", False),
])  # fmt: skip
def test_determinism_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, shared: dict[str, Any], variable: str | None, wanted: Any
) -> None:
    monkeypatch.delenv("BPCORE_DETERMINISTIC", raising=False)
    if variable is not None:
        monkeypatch.setenv("BPCORE_DETERMINISTIC", variable)
    device, asked = FakeDevice(), []

    def machine(functions: Any, deterministic: Any) -> Any:
        asked.append(deterministic)
        return FakeMachine(device, Products())

    Compiler(lambda arrays: device, machine).compile(step_of("relu")[0], FUNCTIONS, shared)
    assert asked == [wanted]


def test_the_text_shows_steps_and_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPCORE_SMALL_PRODUCTS", "0")
    run: Any = compiler_on(FakeDevice())[0].compile(step_of("relu")[0], FUNCTIONS, {})
    assert "# home: " in run.source
    assert "cublasLtMatmul(" in run.source
    assert 'extern "C" __global__' in run.source
    assert run.source.splitlines()[3].endswith(" launches")


def test_closed_it_holds_no_memory() -> None:
    program, arrays, batches = step_of("dropout")
    device = FakeDevice()
    run: Any = compiler_on(device)[0].compile(program, FUNCTIONS, {})
    run(*given(device, [*arrays, *batches[0]]))
    assert device.private_bytes()
    run.close()
    assert device.private_bytes() == 0
    with pytest.raises(bp.BpcoreError):
        run(*given(device, [*arrays, *batches[0]]))


def test_a_step_runs_on_the_device_that_its_arrays_are_on() -> None:
    devices = [FakeDevice(name="cupy:0"), FakeDevice(name="cupy:1")]

    def machine(functions: Any, deterministic: Any) -> Any:
        (device,) = (x for x in devices if x.inside)
        return FakeMachine(device, Products())

    def device_of(arrays: Any) -> FakeDevice:
        return next((x.device for x in arrays), devices[0])

    program, arrays, batches = step = step_of("relu")
    run: Any = Compiler(device_of, machine, several=True).compile(program, FUNCTIONS, {})
    wanted = by_numpy(step, 3)
    for device in (*devices, devices[1]):
        carried = run(*given(device, [*arrays, *batches[0]]))[: len(arrays)]
        assert all(x.device is device for x in carried)
        for got, y in zip(carried, wanted[0], strict=False):
            near(got, y)
    reported = run.again(*given(devices[1], batches[1]))
    for got, y in zip([*carried, *reported], wanted[1], strict=True):
        near(got, y)
    carried = run.loop(1, *carried, *given(devices[1], [x[None] for x in batches[2]]))[: len(arrays)]
    for got, y in zip(carried, wanted[2], strict=False):
        near(got, y)
    assert devices[0].launches == 1
    del carried, reported, got
    run.close()
    assert [device.private_bytes() for device in devices] == [0, 0]
