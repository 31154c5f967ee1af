"""Loops of captured steps: as many steps, in fewer launches, whatever their length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpcore_cupy.capture import rows as rows_module
from bpcore_cupy.capture.captured import Captured
from tests.backends.cupy.capture.beside import BATCH, batches, on, same, stepped
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.capture.steps import WAYS, carried, numpy_step, recipe


@pytest.fixture
def device() -> FakeDevice:
    return FakeDevice()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at_once", [1, 3, 4, None])
def test_loops_are_as_many_steps(device: FakeDevice, way: str, at_once: int | None) -> None:
    step, values = Captured(recipe(device, BATCH, way), device, at_once=at_once), carried()
    outputs: Any = on(device, values)
    for seed, length in enumerate([7, 1, 12, 3, 20]):
        rows = batches(length, seed=seed)
        outputs = step.loop(length, *outputs[:4], device.array(np.stack(rows), "int64"))
        values, losses, residuals = stepped(values, rows)
        same(device, outputs, values, np.stack(losses), np.stack(residuals))
        one = batches(1, seed=seed)[0]
        outputs = step(*outputs[:4], device.array(one, "int64"))
        values, loss, residual = numpy_step(values, one)
        same(device, outputs, values, loss, residual)
    assert not step.eager


def test_a_loop_is_launched_many_steps_at_once_and_never_waits(device: FakeDevice) -> None:
    step, values = Captured(recipe(device, BATCH), device, at_once=4), carried()
    stacked = device.array(np.stack(batches(22)), "int64")
    outputs = step.loop(22, *on(device, values), stacked)
    waits, launches = device.waits, device.launches
    step.loop(22, *outputs[:4], stacked)
    assert device.waits == waits
    assert device.launches - launches == 5 + 2


@pytest.mark.parametrize(("batch", "samples", "together"), [(5, 12, 8), (5, 100_000, 8), (40_000, 12, 1)])
def test_steps_are_launched_together_where_they_are_tiny_whatever_their_data(
    device: FakeDevice, batch: int, samples: int, together: int
) -> None:
    assert Captured(recipe(device, batch, samples=samples), device).at_once == together


@pytest.mark.parametrize("way", WAYS)
def test_a_loop_longer_than_its_stacks_goes_in_parts(
    device: FakeDevice, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows_module, "ROOM", 300)
    step, values = Captured(recipe(device, BATCH, way), device, at_once=2), carried()
    rows = batches(11)
    outputs = step.loop(11, *on(device, values), device.array(np.stack(rows), "int64"))
    values, losses, residuals = stepped(values, rows)
    same(device, outputs, values, np.stack(losses), np.stack(residuals))
