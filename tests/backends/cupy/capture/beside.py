"""What is computed beside a captured step: batches, NumPy's steps, and whether both are the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.capture.steps import numpy_step

__all__ = ["BATCH", "batches", "on", "same", "stepped"]

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
