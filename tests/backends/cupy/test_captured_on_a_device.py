"""Captured steps on a CUDA device: what the stand-in cannot tell. Without a device nothing here runs."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from bpcore.words.errors import StreamCaptures
from bpcore_cupy.capture.captured import Captured
from bpcore_cupy.capture.device import Kind
from bpcore_cupy.capture.feeding import fed
from bpcore_cupy.capture.recipe import Buffers, Call, Recipe
from bpcore_cupy.cuda_device import CudaDevice

Axis = Any
pytestmark = [pytest.mark.axes("cupy"), pytest.mark.gpu]

FEATURES, SAMPLES, BATCH = 64, 500, 32


@pytest.fixture
def device(backend: Axis) -> CudaDevice:
    import cupy

    return CudaDevice(cupy, cupy.cuda.Device().id)


def recipe(device: CudaDevice, *, in_place: bool, batch: int = BATCH, spoil: Any = None) -> Recipe:
    """Return a step of CuPy's functions: ``w - 0.1 x^T r / n`` with ``r = x w``, by sums; and the loss."""
    cp = device.cp
    vector, data = Kind((FEATURES,), "float64"), Kind((SAMPLES, FEATURES), "float64")

    def bind(buffers: Buffers) -> Sequence[Call]:
        (w, x, rows), (new, _, loss) = buffers.inputs, buffers.outputs
        taken = cp.empty((batch, FEATURES))
        residual, slope = cp.empty(batch), cp.empty(FEATURES)

        def gather(_: int) -> None:
            cp.take(x, rows, axis=0, out=taken)

        def products(_: int) -> None:
            cp.sum(taken * w, axis=1, out=residual)  # a temporary, from the pool in use
            cp.sum(taken * residual[:, None], axis=0, out=slope)

        def update(_: int) -> None:
            cp.subtract(w, slope * (0.1 / batch), out=new)
            cp.mean(residual * residual, out=loss)

        calls = [Call("take", gather), Call("sum", products), Call("subtract", update)]
        return calls if spoil is None else [*calls, Call("spoil", lambda _: spoil(w))]

    return Recipe(
        name="step",
        inputs=(vector, data, Kind((batch,), "int64")),
        outputs=(vector, data, Kind((), "float64")),
        carried=((0, 0), (1, 1)),
        in_place=frozenset({0, 1} if in_place else {1}),
        unchanged=frozenset({1}),
        bind=bind,
    )


def numpy_step(w: Any, x: Any, rows: Any) -> tuple[Any, Any]:
    taken = x[rows]
    residual = (taken * w).sum(axis=1)
    return w - (taken * residual[:, None]).sum(axis=0) * (0.1 / len(rows)), np.mean(residual * residual)


def start(seed: int = 0) -> tuple[Any, Any, list[Any]]:
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(SAMPLES, FEATURES)) / FEATURES
    return draw.normal(size=FEATURES), x, list(draw.integers(0, SAMPLES, (40, BATCH)))


@pytest.mark.parametrize("in_place", [True, False])
def test_replays_are_numpys_steps(device: CudaDevice, in_place: bool) -> None:  # noqa: FBT001 - pytest's
    cp, (w, x, rows) = device.cp, start()
    with Captured(recipe(device, in_place=in_place), device) as step:
        outputs = [cp.asarray(w), cp.asarray(x)]
        losses = []
        for one in rows:
            outputs = step(*outputs[:2], cp.asarray(one))
            losses.append(outputs[2])
        assert not step.eager
        for loss, one in zip(losses, rows, strict=True):
            w, wanted = numpy_step(w, x, one)
            np.testing.assert_allclose(loss.get(), wanted, rtol=1e-10)
        np.testing.assert_allclose(outputs[0].get(), w, rtol=1e-10)


@pytest.mark.parametrize("in_place", [True, False])
@pytest.mark.parametrize("at_once", [1, 8])
def test_loops_are_as_many_steps(
    device: CudaDevice,
    in_place: bool,  # noqa: FBT001 - pytest's
    at_once: int,
) -> None:
    cp, (w, x, rows) = device.cp, start()
    with Captured(recipe(device, in_place=in_place), device, at_once=at_once) as step:
        outputs: Any = [cp.asarray(w), cp.asarray(x)]
        for part in (rows[:7], rows[7:8], rows[8:]):
            outputs = step.loop(len(part), *outputs[:2], cp.asarray(np.stack(part)))
            for loss, one in zip(outputs[2].get(), part, strict=True):
                w, wanted = numpy_step(w, x, one)
                np.testing.assert_allclose(loss, wanted, rtol=1e-10)
        assert not step.eager


def test_a_callers_stream_is_waited_for_and_waits(device: CudaDevice) -> None:
    cp, (w, x, rows) = device.cp, start()
    with Captured(recipe(device, in_place=True), device) as step:
        own = cp.cuda.Stream(non_blocking=True)
        with own:
            outputs: Any = [cp.asarray(w), cp.asarray(x)]
            for one in rows:
                slow = cp.ones((2000, 2000))
                for _ in range(3):
                    slow = cp.sqrt(slow)
                row = cp.asarray(one) + (slow[0, 0] - 1).astype("int64")
                outputs = step(*outputs[:2], row)
                row[:] = 0  # after the step has read it
            found = outputs[0].get()
        for one in rows:
            w, _ = numpy_step(w, x, one)
        np.testing.assert_allclose(found, w, rtol=1e-10)


@pytest.mark.parametrize("in_place", [True, False])
def test_streams_that_nobody_orders_take_turns(device: CudaDevice, in_place: bool) -> None:  # noqa: FBT001
    cp, (_, x, rows) = device.cp, start()
    streams = [cp.cuda.Stream(non_blocking=True), cp.cuda.Stream(), cp.cuda.Stream.null]
    with Captured(recipe(device, in_place=in_place), device) as step:
        seen = []
        for number, one in enumerate(rows):
            w = start(number)[0]
            with streams[number % 3]:
                seen.append((w, one, step(cp.asarray(w), cp.asarray(x), cp.asarray(one))[2]))
        cp.cuda.Device().synchronize()
        for w, one, loss in seen:
            np.testing.assert_allclose(loss.get(), numpy_step(w, x, one)[1], rtol=1e-10)


def test_a_callers_own_capture_is_refused_and_goes_on(device: CudaDevice) -> None:
    cp, (w, x, rows) = device.cp, start()
    with Captured(recipe(device, in_place=True), device) as step, cp.cuda.Stream(non_blocking=True) as own:
        given = [cp.asarray(w), cp.asarray(x), cp.asarray(rows[0])]
        total = cp.zeros(FEATURES)
        total += given[0]  # what CuPy compiles is compiled before
        outputs = step(*given)
        own.begin_capture()
        with pytest.raises(StreamCaptures):
            step(*outputs[:2], given[2])
        total += given[0]
        graph = own.end_capture()
        graph.launch(own)
        np.testing.assert_allclose(total.get(), 2 * w)


SPOILERS = {
    "cublas": lambda w: w.dot(w),
    "value": lambda w: float(w[0]),
    "wait": lambda w: w.device.synchronize(),
    "upload": lambda w: w.set(np.ones(FEATURES)),
}


@pytest.mark.parametrize("spoil", SPOILERS)
def test_what_cannot_be_captured_runs_eagerly_and_the_stream_is_usable(
    device: CudaDevice, spoil: str
) -> None:
    cp, (w, x, rows) = device.cp, start()
    made = recipe(device, in_place=False, spoil=SPOILERS[spoil])
    with Captured(made, device) as step:
        with pytest.warns(RuntimeWarning, match="step runs call by call"):
            outputs = step(cp.asarray(w), cp.asarray(x), cp.asarray(rows[0]))
        for one in rows[1:]:
            outputs = step(*outputs[:2], cp.asarray(one))
        for one in rows:
            w, loss = numpy_step(w, x, one)
        np.testing.assert_allclose(outputs[2].get(), loss, rtol=1e-10)
        assert step.eager


def test_closed_and_garbage_steps_give_all_memory_back(device: CudaDevice) -> None:
    cp, (w, x, rows) = device.cp, start()

    def made() -> Captured:
        step = Captured(recipe(device, in_place=False), device)
        step(cp.asarray(w), cp.asarray(x), cp.asarray(rows[0]))
        step.loop(5, cp.asarray(w), cp.asarray(x), cp.asarray(np.stack(rows[:5])))
        return step

    def free() -> int:
        gc.collect()
        cp.get_default_memory_pool().free_all_blocks()
        device.place.synchronize()
        return device.free_bytes()[0]

    made().close()  # what CUDA takes once for all
    before = free()
    for number in range(30):
        step = made()
        if number % 2:
            step.close()
        del step
    assert before - free() < 2**23


def test_batches_are_brought_ahead(device: CudaDevice) -> None:
    cp = device.cp
    draw = np.random.default_rng(0)
    sizes = [1000] * 20 + [17]
    sent = [(draw.normal(size=(n, 50)).astype("float32"), draw.integers(0, 9, n)) for n in sizes]
    buffers = np.empty((1000, 50), "float32")

    def read() -> Any:
        for x, y in sent:
            buffers[: len(x)] = x  # a reader that uses its buffer again
            yield buffers[: len(x)], y

    sums = [(cp.sum(x, axis=0), cp.sum(y)) for x, y in fed(device, read())]
    for (x, y), got in zip(sent, sums, strict=True):
        np.testing.assert_allclose(got[0].get(), x.sum(axis=0), rtol=1e-4, atol=1e-4)
        assert got[1].get() == y.sum()


def test_runs_of_fit_are_numpys(backend: Axis) -> None:
    import bpcore as bp

    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(333, 8)), draw.integers(0, 3, 333)
    runs = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for where in ("cupy", "numpy"):
            for data in ((x, y), lambda: iter([(x[:200], y[:200]), (x[200:], y[200:])])):
                options: dict[str, Any] = {
                    "epochs": 3,
                    "batch_size": 32,
                    "progress": None,
                    "dtype": "float64",
                }
                net = bp.MLP([8, 16, 3], activation="relu")
                made = bp.fit(
                    net, data, loss=bp.CrossEntropy(), optimizer=bp.Adam(0.01), backend=where, **options
                )
                runs.append(made.history["loss"])
    np.testing.assert_allclose(runs[:2], runs[2:], rtol=1e-7)
