"""A small step as a lowering would hand it over, in every way of carrying; and the same in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bpcore_cupy.capture.device import Kind
from bpcore_cupy.capture.recipe import Buffers, Call, Recipe
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.capture.memory import FakeArray

__all__ = ["FEATURES", "SPOILERS", "WAYS", "carried", "numpy_step", "recipe"]

FEATURES = 4
WAYS = ("in turn", "in place", "mixed")

IN_PLACE = {"in turn": frozenset({3}), "in place": frozenset({0, 1, 2, 3}), "mixed": frozenset({1, 3})}
"""The outputs that lie where their input lies; 3 is the data, which no call writes."""


def carried(seed: int = 0, samples: int = 12) -> list[Any]:
    """Return weights, momentum, count and data."""
    random = np.random.default_rng(seed)
    return [
        random.normal(size=FEATURES),
        random.normal(size=FEATURES),
        np.zeros(()),
        random.normal(size=(samples, FEATURES)),
    ]


def numpy_step(values: Sequence[Any], rows: Any) -> tuple[list[Any], Any, Any]:
    """Return what is carried, the loss, and the residuals."""
    w, v, t, data = values
    x = data[rows]
    r = x @ w
    v = 0.5 * v + x.T @ r / len(rows)
    return [w - 0.125 * v, v, t + 1.0, data], np.mean(r * r), r


def recipe(
    device: FakeDevice, batch: int, way: str = "in turn", samples: int = 12, spoil: str | None = None
) -> Recipe:
    """Return the step. With `spoil` one more call, which runs and cannot be captured."""
    vector, number = Kind((FEATURES,), "float64"), Kind((), "float64")
    data, rows = Kind((samples, FEATURES), "float64"), Kind((batch,), "int64")

    def bind(buffers: Buffers) -> list[Call]:
        calls = _calls(device, batch, buffers)
        return calls if spoil is None else [*calls[:2], SPOILERS[spoil](device), *calls[2:]]

    return Recipe(
        name="step",
        inputs=(vector, vector, number, data, rows),
        outputs=(vector, vector, number, data, number, Kind((batch,), "float64")),
        carried=((0, 0), (1, 1), (2, 2), (3, 3)),
        in_place=IN_PLACE[way],
        unchanged=frozenset({3}),
        work_bytes=8 * batch * FEATURES,
        bind=bind,
    )


def _calls(device: FakeDevice, batch: int, buffers: Buffers) -> list[Call]:
    w, v, t, data, rows = buffers.inputs
    new_w, new_v, new_t, _, loss, residual = buffers.outputs
    work = buffers.work
    x = FakeArray(device, work.holder, work.value.view("f8").reshape(batch, FEATURES))

    def run(name: str, f: Callable[..., Any], reads: list[Any], target: Any) -> Call:
        values, to = [y.value for y in reads], target.value

        def enqueue(ptr: int) -> None:
            device.kernel(name, ptr, lambda: np.copyto(to, f(*values)), reads, [target])

        return Call(name, enqueue)

    def squares(ptr: int) -> None:
        """Take memory for itself, as a function of the library does, and give it back."""
        temporary = device.empty(Kind((batch,), "float64"))
        r, to, y = residual.value, temporary.value, loss.value
        device.kernel("square", ptr, lambda: np.multiply(r, r, out=to), [residual], [temporary])
        device.kernel("mean", ptr, lambda: np.copyto(y, np.mean(to)), [temporary], [loss])

    return [
        run("take", lambda d, i: d[i], [data, rows], x),
        run("matmul", lambda x, w: x @ w, [x, w], residual),
        run("momentum", lambda v, x, r: 0.5 * v + x.T @ r / batch, [v, x, residual], new_v),
        run("update", lambda w, v: w - 0.125 * v, [w, new_v], new_w),
        run("count", lambda t: t + 1.0, [t], new_t),
        Call("linalg.norm", squares),
    ]


def _reads_a_value(device: FakeDevice) -> Call:
    x = device.empty(Kind((), "float64"))
    return Call("item", lambda _: float(x))


def _asks_whether_done(device: FakeDevice) -> Call:
    return Call("query", lambda _: device.current().done)


def _waits(device: FakeDevice) -> Call:
    return Call("wait", lambda _: device.current().synchronize())


def _brings_numbers(device: FakeDevice) -> Call:
    x = device.empty(Kind((3,), "float64"))
    return Call("asarray", lambda _: x.set([1.0, 2.0, 3.0]))


def _calls_cublas(device: FakeDevice) -> Call:
    def enqueue(_: int) -> None:
        if device.capturing():
            raise NotImplementedError("calling cuBLAS API during stream capture is currently unsupported")

    return Call("linalg.solve", enqueue)


def _allocates_elsewhere(device: FakeDevice) -> Call:
    def enqueue(_: int) -> None:
        with device.common.used():
            device.empty(Kind((3,), "float64"))

    return Call("stray", enqueue)


def _takes_more_each_time(device: FakeDevice) -> Call:
    kept: list[Any] = []
    return Call("grow", lambda _: kept.append(device.empty(Kind((1000,), "float64"))))


SPOILERS: dict[str, Callable[[FakeDevice], Call]] = {
    "item": _reads_a_value,
    "query": _asks_whether_done,
    "wait": _waits,
    "asarray": _brings_numbers,
    "linalg.solve": _calls_cublas,
    "stray": _allocates_elsewhere,
    "grow": _takes_more_each_time,
}
