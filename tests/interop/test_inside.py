"""What a traced array answers when it is asked where it belongs: one namespace, whose arrays are traced."""

from __future__ import annotations

from typing import Any

import array_api_compat
import array_api_extra as xpx
import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.arrays.traced import Traced
from bpcore.words.errors import InPlace, NotDifferentiable

every_axis = pytest.mark.axes("numpy", "strict:device1")


@every_axis
def test_what_is_made_inside_is_traced_on_the_device_of_the_arguments(backend: Any) -> None:
    def f(x: Any) -> Any:
        xp = x.__array_namespace__()
        made = [
            xp.arange(3), xp.asarray([1.0, 2.0, 3.0]), xp.empty(3), xp.eye(3), xp.full((3,), 2.0), xp.ones(3),
            xp.linspace(0.0, 1.0, 3), xp.zeros(3), xp.fft.fftfreq(3), xp.fft.rfftfreq(4),
        ]  # fmt: skip
        assert {type(y) for y in made} == {Traced}
        assert {y.device for y in made} == {x.device}
        assert array_api_compat.array_namespace(x, *made) is xp
        return xp.sum(x * made[1])

    found = bp.grad(f)(backend.array([0.5, 1.5, 2.5]))
    assert backend.host(found).tolist() == [1.0, 2.0, 3.0]


@every_axis
def test_compat_and_extra_know_the_arrays(backend: Any) -> None:
    def f(x: Any) -> Any:
        assert array_api_compat.is_array_api_obj(x)
        assert not array_api_compat.is_numpy_array(x)
        assert array_api_compat.device(x) == x.device
        assert array_api_compat.size(x) == 3
        assert array_api_compat.to_device(x, x.device).device == x.device
        xp = array_api_compat.array_namespace(x)
        y = xpx.at(x)[1].set(5.0, copy=True)
        return xp.sum(xpx.apply_where(y > 2.0, y, lambda t: t * t, lambda t: 3.0 * t))

    found = bp.grad(f)(backend.array([0.5, 1.5, 2.5]))
    assert backend.host(found).tolist() == [3.0, 0.0, 5.0]


def test_what_was_made_can_be_written_into() -> None:
    def f(x: Any) -> Any:
        xp = x.__array_namespace__()
        y = xp.zeros(3)
        y[1:] = x[1:] * 2.0
        y[0] += x[0]
        return xp.sum(y * y)

    assert bp.grad(f)(np.asarray([1.0, 2.0, 3.0])).tolist() == [2.0, 16.0, 24.0]


def test_what_was_brought_in_is_not_written_into() -> None:
    outside = np.ones(3)

    def f(x: Any) -> Any:
        y = x.__array_namespace__().asarray(outside)
        y[0] = x[0]
        return y[0]

    with pytest.raises(InPlace, match="take a copy"):
        bp.grad(f)(np.ones(3))
    assert outside.tolist() == [1.0, 1.0, 1.0]


def test_constants_can_be_read_and_arguments_not() -> None:
    def f(x: Any) -> Any:
        xp = x.__array_namespace__()
        return x * float(xp.asarray(3.0)) * int(xp.arange(3)[2])

    assert float(bp.grad(f)(1.0)) == 6.0
    with pytest.raises(NotDifferentiable):
        bp.grad(lambda x: x * float(x.__array_namespace__().asarray(x)))(1.0)


def test_namespace_that_outlives_its_trace_makes_plain_arrays() -> None:
    kept = []
    bp.grad(lambda x: (kept.append(x.__array_namespace__()), x * x)[1])(1.0)
    assert type(kept[0].zeros(3)) is np.ndarray
    assert kept[0] is not bp.namespace("numpy")
    assert bp.namespace("numpy").__name__ == kept[0].__name__


def test_arrays_made_inside_belong_to_the_innermost_trace() -> None:
    def inner(y: Any) -> Any:
        xp = y.__array_namespace__()
        return xp.sum(y**3 * xp.asarray([1.0, 2.0]))

    def outer(x: Any) -> Any:
        xp = x.__array_namespace__()
        return xp.sum(bp.grad(inner)(x) * xp.asarray([10.0, 1.0]))

    assert bp.grad(outer)(np.asarray([1.0, 2.0])).tolist() == [60.0, 24.0]


def test_an_error_leaves_no_trace_open() -> None:
    kept = []

    def f(x: Any) -> Any:
        kept.append(x.__array_namespace__())
        raise KeyError

    with pytest.raises(KeyError):
        bp.grad(f)(1.0)
    assert type(kept[0].ones(2)) is np.ndarray


def test_recorded_and_compiled_functions_keep_what_they_made() -> None:
    def f(x: Any) -> Any:
        xp = x.__array_namespace__()
        y = xp.zeros(3)
        y[1:] = x[1:]
        return xp.sum(y * xp.asarray([1.0, 2.0, 3.0]))

    x = np.asarray([1.0, 2.0, 3.0])
    assert float(bp.compile(f)(x)) == 13.0
    assert bp.compile(bp.grad(f))(x).tolist() == [0.0, 2.0, 3.0]
    assert bp.compile(f)(x * 2.0) == 26.0


@every_axis
def test_a_namespace_answers_for_itself(backend: Any) -> None:
    info = backend.xp.__array_namespace_info__()
    assert backend.xp.__array_api_version__ == "2025.12"
    assert info.default_device() == backend.array([1.0]).device
    assert info.default_device() in info.devices()
    assert set(info.default_dtypes()) == {"real floating", "complex floating", "integral", "indexing"}
    assert info.dtypes(kind="bool") == {"bool": backend.backend.dtype("bool")}
    assert info.capabilities()["boolean indexing"] is True
