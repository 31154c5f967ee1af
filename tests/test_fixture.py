"""The `backend` fixture itself: that each axis is what it says, and that its guards go off."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bpcore import grad

Axis = Any


def test_a_gradient_on_every_axis(backend: Axis) -> None:
    x = backend.array([1.0, 2.0, 3.0])
    g = backend.run(grad(lambda x: backend.xp.sum(backend.xp.square(x))), x)
    assert backend.host(g).tolist() == [2.0, 4.0, 6.0]
    assert (g.device, g.dtype) == (x.device, x.dtype)


@pytest.mark.axes("strict:strictest")
@pytest.mark.parametrize("reader", [bool, complex, float, int])
def test_reading_a_value_is_caught(backend: Axis, reader: Any) -> None:
    x = backend.array(1.0)
    with pytest.raises(AssertionError, match="reads a value"):
        reader(x)
    with backend.reading():
        assert reader(x) == 1
    with pytest.raises(AssertionError, match="reads a value"):
        reader(x)


@pytest.mark.axes("strict:strictest")
def test_values_leave_by_the_backends_own_door_only(backend: Axis) -> None:
    x = backend.array([1.0, 2.0])
    for way_out in (np.asarray, x.__dlpack__.__func__):
        with pytest.raises(AssertionError, match="reads a value"):
            way_out(x)
    assert backend.host(x).tolist() == [1.0, 2.0]


@pytest.mark.axes("strict:strictest")
def test_shapes_that_depend_on_values_are_caught(backend: Axis) -> None:
    x = backend.array([1.0, -1.0])
    with pytest.raises(RuntimeError, match=r"data.dependent"):
        backend.functions.nonzero(x)
    with pytest.raises(RuntimeError, match=r"[Bb]oolean"):
        x[backend.functions.greater(x, 0.0)]


@pytest.mark.axes("strict")
def test_the_guards_are_off_elsewhere(backend: Axis) -> None:
    x = backend.array([1.0, -1.0])
    assert float(backend.functions.sum(x)) == 0.0
    assert x[backend.functions.greater(x, 0.0)].shape == (1,)


@pytest.mark.axes("strict:device1", "strict:device2", "strict:no_float64", "strict:no_x64")
def test_another_device_is_not_mixed_in(backend: Axis) -> None:
    here = backend.array([1.0])
    elsewhere = backend.backend.namespace.asarray([1.0], dtype=here.dtype)
    with pytest.raises(ValueError, match="devices"):
        backend.functions.add(here, elsewhere)


@pytest.mark.axes("numpy:readonly")
def test_readonly_arrays_cannot_be_written(backend: Axis) -> None:
    with pytest.raises(ValueError, match="read-only"):
        backend.array([1.0])[0] = 2.0


@pytest.mark.axes("jax:jit")
def test_what_runs_under_jit_sees_no_values(backend: Axis) -> None:
    with pytest.raises(TypeError, match="concrete"):
        backend.run(float, backend.array(1.0))


@pytest.mark.needs_float64
def test_axes_without_float64_are_skipped_on_request(backend: Axis) -> None:
    assert backend.float == "float64"
    assert str(backend.array([1.0]).dtype).endswith("float64")
    assert backend.eps == 2.0**-52
