"""What is JAX's own: 64 bits that can be switched, arrays that are promises, and jit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bpcore import grad, jacobian
from bpcore.ground.registry import backend as open_backend
from bpcore.program.compiled import compile as compiled
from bpcore.words.errors import BackendUnusable, OptionError

Axis = Any
pytestmark = pytest.mark.axes("jax", "jax:jit")


@pytest.fixture
def narrow(backend: Axis) -> Iterator[Any]:
    """Give the backend while JAX's 64-bit mode is off."""
    import jax

    jax.config.update("jax_enable_x64", False)
    yield backend.backend
    jax.config.update("jax_enable_x64", True)


def test_the_64_bit_mode_is_asked_when_it_matters(backend: Axis, narrow: Any) -> None:
    assert not narrow.float64
    import jax

    jax.config.update("jax_enable_x64", True)
    assert narrow.float64


def test_float64_is_refused_with_what_to_switch_on(narrow: Any) -> None:
    for take in (narrow.asarray, open_backend("jax:cpu").asarray):
        with pytest.raises(OptionError) as caught:
            take([1.0], dtype=narrow.dtype("float64"))
        assert 'jax.config.update("jax_enable_x64", True)' in str(caught.value)
        assert "\n" not in str(caught.value)


def test_data_of_64_bits_is_narrowed_only_where_nobody_asked(narrow: Any) -> None:
    assert narrow.asarray(np.asarray([0.1])).dtype == np.float32
    assert narrow.asarray([0.1]).dtype == np.float32
    assert narrow.asarray(np.asarray([7])).dtype == np.int32
    with pytest.raises(OptionError, match="32 bits"):
        narrow.asarray([2**40])


def test_what_comes_in_is_not_weakly_typed(backend: Axis) -> None:
    for data in (1.0, [1.0], np.float64(1.0), np.ones(1)):
        assert not backend.backend.asarray(data).weak_type


@pytest.mark.parametrize("name", ["jax:tpu", "jax:cpu:99", "jax:0", "jax:gpux"])
def test_a_device_that_is_not_there_is_refused(backend: Axis, name: str) -> None:
    with pytest.raises(BackendUnusable, match=r"finds no device .*JAX has cpu:0"):
        open_backend(name)


def test_a_platform_means_its_first_device(backend: Axis) -> None:
    assert open_backend("jax:cpu").device == open_backend("jax:cpu:0").device


def test_gradients_of_every_kind_can_be_jitted(backend: Axis) -> None:
    xp, x = backend.xp, backend.array([0.5, 2.0])

    def f(x: Any) -> Any:
        rows = xp.take(x, xp.arange(2), axis=0)
        return xp.sum(xp.multiply(rows[::-1], xp.exp(x)))

    for transformed in (
        grad(f),
        jacobian(lambda x: xp.multiply(x, f(x))),
        grad(lambda x: xp.sum(grad(f)(x))),
    ):
        found, right = backend.host(backend.run(transformed, x)), backend.host(transformed(x))
        np.testing.assert_allclose(found, right, rtol=1e-14)


def test_a_program_is_compiled_once_and_is_jitted(backend: Axis) -> None:
    slope = compiled(grad(lambda x: backend.xp.sum(x**3)))
    x = backend.array([1.0, 2.0])
    assert slope(x).tolist() == slope(x).tolist() == [3.0, 12.0]
    assert slope.compilations == 1
    program = slope.program(x)
    assert hasattr(backend.backend.compile(program, backend.functions, {}), "lower")


def test_waiting_waits_for_every_array(backend: Axis) -> None:
    y = backend.functions.matmul(backend.array(np.ones((400, 400))), backend.array(np.ones((400, 400))))
    backend.backend.synchronize()
    assert y.is_ready()
