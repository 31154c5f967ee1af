"""Whatever comes after whatever: captured steps in every order of calls, beside NumPy's."""

from __future__ import annotations

import gc
import threading
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bpcore.words.errors import MemoryExhausted, OtherThread, StepClosed
from bpcore_cupy.capture.captured import Captured
from tests.backends.cupy.capture.beside import ordered_with_null
from tests.backends.cupy.capture.fake import FakeDevice
from tests.backends.cupy.capture.steps import SPOILERS, WAYS, carried, numpy_step, recipe

SIZES = (5, 3)
SEED = st.integers(0, 1000)
SIZE = st.sampled_from(SIZES)


class Steps(RuleBasedStateMachine):
    """Steps of two batch sizes that carry the same, one of which may not be capturable."""

    @initialize(
        way=st.sampled_from(WAYS),
        spoil=st.none() | st.sampled_from(sorted(SPOILERS)),
        at_once=st.sampled_from([None, 1, 2, 5]),
    )
    def begin(self, way: str, spoil: str | None, at_once: int | None) -> None:
        self.device, self.shared = FakeDevice(), {}
        self.way, self.spoils, self.at_once = way, {SIZES[0]: None, SIZES[1]: spoil}, at_once
        self.values = carried()
        self.outputs: list[Any] = [self.device.array(x) for x in self.values]
        self.steps: dict[int, Captured] = {}
        self.kept: list[tuple[Any, Any]] = []
        self.swapped = False
        with self.device.entered():
            self.streams = [self.device.null, self.device.stream(), self.device.stream()]
        self.streams[2].lasting = False
        self.stream = self.device.null
        self.warned: list[int] = []
        for size in SIZES:
            self.make(size)

    def make(self, size: int) -> None:
        made = recipe(self.device, size, self.way, spoil=self.spoils[size])
        self.steps[size] = Captured(made, self.device, at_once=self.at_once, shared=self.shared)
        self.warned = [other for other in self.warned if other != size]

    def check(self, loss: Any, residual: Any) -> None:
        for x, y in zip(self.outputs, [*self.values, loss, residual], strict=True):
            np.testing.assert_array_equal(x.get(), y)
        self.kept = [*self.kept[-6:], (self.outputs[4], loss), (self.outputs[5], residual)]

    def called(self, size: int, name: str, *args: Any) -> None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with ordered_with_null(self.device, self.stream):
                self.outputs = list(getattr(self.steps[size], name)(*args))
        expected = self.spoils[size] is not None and size not in self.warned
        assert len(caught) == expected
        self.swapped = False
        self.warned += [size] * expected
        assert self.steps[size].eager == (self.spoils[size] is not None)

    def rows(self, seed: int, *shape: int) -> Any:
        return np.random.default_rng(seed).integers(0, 12, shape)

    @rule(size=SIZE, seed=SEED)
    def step(self, size: int, seed: int) -> None:
        rows = self.rows(seed, size)
        self.called(size, "__call__", *self.outputs[:4], self.device.array(rows, "int64"))
        self.values, loss, residual = numpy_step(self.values, rows)
        self.check(loss, residual)

    @rule(size=SIZE, seed=SEED, length=st.integers(1, 9))
    def loop(self, size: int, seed: int, length: int) -> None:
        rows = self.rows(seed, length, size)
        self.called(size, "loop", length, *self.outputs[:4], self.device.array(rows, "int64"))
        losses, residuals = [], []
        for one in rows:
            self.values, loss, residual = numpy_step(self.values, one)
            losses.append(loss)
            residuals.append(residual)
        self.check(np.stack(losses), np.stack(residuals))

    @rule(number=st.integers(0, 2))
    def other_stream(self, number: int) -> None:
        self.stream = self.streams[number]

    @rule()
    def swap(self) -> None:
        self.outputs[:2], self.values[:2] = self.outputs[1::-1], self.values[1::-1]
        self.swapped = True

    @rule(seed=SEED)
    def start_elsewhere(self, seed: int) -> None:
        self.values = [*carried(seed)[:3], self.values[3]]
        self.outputs[:3] = [self.device.array(x) for x in self.values[:3]]

    @rule(seed=SEED)
    def other_data(self, seed: int) -> None:
        self.values = [*self.values[:3], carried(seed)[3]]
        self.outputs[3] = self.device.array(self.values[3])

    @rule(size=SIZE)
    def close(self, size: int) -> None:
        step = self.steps[size]
        step.close()
        with pytest.raises(StepClosed):
            step(*self.outputs[:4], self.device.array(np.zeros(size), "int64"))
        self.make(size)

    @rule(size=SIZE)
    def forget(self, size: int) -> None:
        self.make(size)

    @precondition(lambda self: len(self.outputs) > 4)
    @rule(size=SIZE)
    def other_thread(self, size: int) -> None:
        caught: list[BaseException] = []

        def call() -> None:
            try:
                self.steps[size](*self.outputs[:4], self.outputs[5])
            except OtherThread as error:
                caught.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        thread.join()
        assert len(caught) == 1

    @rule(size=SIZE, room=st.integers(0, 12).map(lambda units: 512 * units))
    def little_memory(self, size: int, room: int) -> None:
        device, rows = self.device, self.rows(room, size)
        given, row = self.outputs[:4], device.array(rows, "int64")
        device.capacity -= device.room() - room
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                with ordered_with_null(device, self.stream):
                    self.outputs = list(self.steps[size](*given, row))
        except MemoryExhausted:
            device.capacity = 2**30
            if self.steps[size].eager or self.swapped:  # calls that ran stay done, and so do ways home
                self.outputs = [device.array(x) for x in self.values]
                self.swapped = False
            return
        finally:
            device.capacity = 2**30
            self.warned = [one for one, step in self.steps.items() if step.eager]
        self.swapped = False
        self.values, loss, residual = numpy_step(self.values, rows)
        self.check(loss, residual)

    @invariant()
    def nothing_is_left_open_or_overwritten(self) -> None:
        if not hasattr(self, "device"):
            return
        assert not self.device.capturing()
        assert not self.device.inside
        assert self.device.current() is self.device.null
        for x, y in zip(self.outputs[:4], self.values, strict=True):
            np.testing.assert_array_equal(x.get(), y)
        for x, y in self.kept:
            np.testing.assert_array_equal(x.get(), y)

    def teardown(self) -> None:
        for step in self.steps.values():
            step.close()
        self.outputs = []
        gc.collect()  # an error and the frame that caught it hold one another
        assert sum(pool.held for pool in self.device.all_pools if pool.private) == 0


TestSteps = Steps.TestCase
TestSteps.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
