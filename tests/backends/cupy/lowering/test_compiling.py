"""Compiled steps on the stand-in device: warmed up, captured and replayed, they compute what NumPy computes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.program.program import Program
from bpcore.words.trees import leaves
from bpcore_cupy.compiling import NotCaptured
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.lowering.fake_machine import compiler_on, numpy_of
from tests.backends.cupy.lowering.host import FUNCTIONS
from tests.backends.cupy.lowering.networks import NETWORKS, step_of


def given(device: FakeDevice, arrays: list[Any]) -> list[Any]:
    return [device.array(x, str(x.dtype)) for x in arrays]


def near(got: Any, wanted: Any) -> None:
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("name", NETWORKS)
def test_many_steps_are_what_numpy_makes(name: str) -> None:
    program, arrays, batches = step_of(name)
    device = FakeDevice()
    compiler, products = compiler_on(device)
    run = compiler.compile(program, FUNCTIONS, {})
    plain = program.function(FUNCTIONS)
    count = len(program.carried)
    carried, theirs = given(device, arrays[:count]), arrays[:count]
    for number, batch in enumerate(batches):
        before = device.waits
        outputs = run(*carried, *given(device, batch))
        assert device.waits == before + (number == 0)
        wanted = [np.asarray(y) for y in plain(*theirs, *batch)]
        for got, y in zip(outputs, wanted, strict=True):
            near(numpy_of(got), y)
        carried, theirs = outputs[:count], wanted[:count]
    assert device.launches == len(batches)
    assert not products.library.wrong
    run.close()
