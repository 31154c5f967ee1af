"""Recorded on stand-ins, a function is the Program that it is on its arrays."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.machine.step import make_step
from bpcore.words.errors import RecordError
from bpcore_numpy import standing_in

XP = bp.namespace("numpy")
UNARY = "tanh exp expit softplus relu erf sqrt log1p isfinite sign square".split()  # noqa: SIM905
FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    **{name: lambda x, y, name=name: getattr(XP, name)(x) for name in UNARY},
    "broadcast": lambda x, y: x + y[0, ...] * 2.0 - 1,
    "compare": lambda x, y: XP.where(x > y, x, 0.0),
    "cast": lambda x, y: XP.astype(x > 0, XP.float32) + XP.astype(y, XP.float32),
    "product": lambda x, y: XP.matmul(x, y.T),
    "stacked": lambda x, y: XP.matmul(x[None, ...], XP.stack([y.T, y.T])),
    "vector": lambda x, y: XP.matmul(x, y[0, ...]),
    "sums": lambda x, y: (XP.sum(x), XP.sum(x, axis=0), XP.mean(y, axis=(0, 1), keepdims=True)),
    "extremes": lambda x, y: (XP.max(x, axis=-1), XP.argmax(y, axis=0), XP.all(x > 0), XP.prod(x, axis=1)),
    "logsumexp": lambda x, y: XP.logsumexp(x, axis=-1) + XP.sum(XP.softmax(y, axis=-1)),
    "places": lambda x, y: (x.T[1:, ::2], XP.reshape(y, (-1,)), XP.concat([x, y], axis=1), XP.flip(x)),
    "sorted": lambda x, y: (XP.sort(x, axis=0), XP.cumulative_sum(y, axis=1)),
    "solved": lambda x, y: XP.linalg.solve(XP.matmul(x.T, x) + XP.eye(3), y.T[:, :1]),
    "gradient": lambda x, y: bp.grad(lambda x: XP.sum(XP.tanh(XP.matmul(x, y.T)) ** 2))(x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_program_is_the_same(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    x, y = np.linspace(0.1, 0.9, 12).reshape(4, 3), np.cos(np.arange(12.0)).reshape(4, 3)
    wanted = str(bp.record(FUNCTIONS[name], x, y))
    monkeypatch.setattr(standing_in, "LARGE", 1)
    assert str(bp.record(FUNCTIONS[name], x, y)) == wanted
    for made, right in zip(bp.compile(FUNCTIONS[name])(x, y), FUNCTIONS[name](x, y), strict=True):
        np.testing.assert_allclose(made, right, rtol=1e-12)


def test_shapes_that_do_not_fit_are_said_as_they_are_on_arrays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing_in, "LARGE", 1)
    for f in (lambda x, y: x + y, XP.matmul):
        with pytest.raises(ValueError, match=r"\(4,3\)|size 5") as on_stand_ins:
            bp.record(f, np.ones((4, 3)), np.ones((5, 3)))
        with pytest.raises(ValueError, match=r"\(4,3\)|size 5") as on_arrays:
            f(np.ones((4, 3)), np.ones((5, 3)))
        assert str(on_stand_ins.value) == str(on_arrays.value)


def test_a_value_that_is_read_is_named_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing_in, "LARGE", 1)
    with pytest.raises(RecordError, match=r"test_standing_in\.py"):
        bp.record(lambda x: x if x[0] > 0 else -x, np.ones(3))


def test_recording_takes_no_memory_that_grows_with_the_data() -> None:
    peaks = []
    for width in (100, 2000):
        net = bp.MLP([50, width, width, 10])
        step = make_step(net, bp.CrossEntropy(), bp.Momentum(0.1))
        params = net.init(bp.key(0), (50,), dtype=np.dtype("float32"))
        state = bp.Momentum(0.1).init(params)
        batch = np.ones((64, 50), np.float32), np.zeros(64, np.int64)
        tracemalloc.start()
        bp.record(step, params, state, batch)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 2 * 10**6  # masks of 64 x 2000 are cast; a weight has 16 MB
