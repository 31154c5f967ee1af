"""What is computed beside a captured step: batches, NumPy's steps, and whether both are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tests.backends.cupy.capture.fake import FakeDevice, FakeStream
from tests.backends.cupy.capture.steps import numpy_step

__all__ = ["BATCH", "batches", "on", "ordered_with_null", "same", "stepped"]

BATCH = 5


def batches(count: int, size: int = BATCH, seed: int = 1) -> list[Any]:
    return list(np.random.default_rng(seed).integers(0, 12, (count, size)))


def on(device: FakeDevice, values: list[Any]) -> list[Any]:
    return [device.array(x) for x in values]


def same(device: FakeDevice, outputs: Any, values: list[Any], loss: Any, residual: Any) -> None:
    for x, y in zip(outputs, [*values, loss, residual], strict=True):
        np.testing.assert_array_equal(x.get(), y)


def stepped(values: list[Any], rows: list[Any]) -> tuple[list[Any], list[Any], list[Any]]:
    losses, residuals = [], []
    for one in rows:
        values, loss, residual = numpy_step(values, one)
        losses.append(loss)
        residuals.append(residual)
    return values, losses, residuals


@contextmanager
def ordered_with_null(device: FakeDevice, stream: FakeStream) -> Iterator[None]:
    """Order another stream with the null stream, as who uses both has to."""
    with device.entered():
        before, after = device.event(), device.event()
    device.null.record(before)
    stream.wait_event(before)
    try:
        with stream:
            yield
    finally:
        stream.record(after)
        device.null.wait_event(after)
