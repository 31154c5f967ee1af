"""A Program computes what the function did: values and gradients, eager and replayed, on every axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bpcore.derivatives.transforms.gradients import grad, value_and_grad
from bpcore.program.compiled import compile as compile_
from bpcore.program.record import record
from bpcore.words.trees import flatten

Function = Callable[..., Any]


def functions(xp: Any, array: Function) -> dict[str, Function]:
    """Return functions of a matrix and a vector; `array` makes what they close over."""
    constant = array([[1.0, -2.0, 0.5]])
    return {
        "arithmetic": lambda x, y: xp.sum((x * y - 3.0) / (1.0 + x**2)),
        "powers": lambda x, y: xp.sum(2.0**x + xp.pow(xp.square(x) + 1.0, 0.5)),
        "a constant": lambda x, y: xp.mean(x * constant + constant * 2.0),
        "a constant twice": lambda x, y: xp.sum(xp.exp(xp.minimum(x * constant, constant))),
        "lists": lambda x, y: xp.sum(xp.square(xp.concat([x, xp.stack([y, y * 2.0])], axis=0))),
        "parts": lambda x, y: xp.sum(x[0, ...] * y[::2][0]) + xp.sum(x[:, 1:] * y[None, 1:]),
        "places": lambda x, y: xp.sum(xp.take(x, array([2, 0, 2], "int32"), axis=1) * y),
        "shapes": lambda x, y: xp.sum(
            xp.tanh(xp.reshape(x, (3, 2)).T * xp.flip(xp.broadcast_to(y, x.shape)))
        ),
        "reductions": lambda x, y: xp.max(xp.sum(x, axis=0) * y) + xp.std(x) + xp.logsumexp(y, axis=(0,)),
        "products": lambda x, y: xp.sum(xp.matmul(x, y)) + xp.tensordot(x, x, axes=2),
        "a branch by value": lambda x, y: xp.sum(xp.where(xp.greater(x, y), x, xp.sin(y))),
        "numbers that are no literals": lambda x, y: xp.sum(
            xp.where(xp.greater(xp.where(x > 0.5, x, -float("inf")), 0.0), xp.clip(x, 0.0, float("inf")), x)
        ),
        "a gradient inside": lambda x, y: xp.sum(xp.square(grad(lambda z: xp.sum(xp.sin(z * y)))(x))),
        "nothing of them": lambda x, y: xp.sum(constant),
        "only one of them": lambda x, y: xp.sum(y),
        "one of them as it is": lambda x, y: y[0],
    }


NAMES = list(functions(np, np.asarray))


def _arguments(backend: Any) -> tuple[Any, Any]:
    return backend.array([[0.5, -1.5, 2.0], [1.0, 0.25, -0.75]]), backend.array([1.0, 0.125, -0.5])


def _close(backend: Any, got: Any, wanted: Any) -> None:
    gots, structure = flatten(got)
    wanteds, same = flatten(wanted)
    assert structure == same
    for one, other in zip(gots, wanteds, strict=True):
        assert tuple(one.shape) == tuple(other.shape)
        assert one.dtype == other.dtype
        a, b = backend.host(one), backend.host(other)
        np.testing.assert_allclose(a, b, rtol=32 * backend.eps, atol=32 * backend.eps)


@pytest.mark.parametrize("name", NAMES)
def test_the_replayed_value_is_the_eager_one(backend: Any, name: str) -> None:
    f, args = functions(backend.xp, backend.array)[name], _arguments(backend)
    compiled = compile_(f)
    _close(backend, compiled(*args), f(*args))
    others = tuple(x * 0.5 + 0.25 for x in args)
    _close(backend, compiled(*others), f(*others))
    assert compiled.compilations == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_replayed_gradient_is_the_eager_one(backend: Any, name: str) -> None:
    f, args = functions(backend.xp, backend.array)[name], _arguments(backend)
    both = value_and_grad(lambda x, y: f(x, y) * 1.0, argnums=(0, 1))
    compiled = compile_(both)
    _close(backend, compiled(*args), both(*args))
    others = tuple(x * 0.5 + 0.25 for x in args)
    _close(backend, compiled(*others), both(*others))
    assert compiled.compilations == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_gradient_of_a_compiled_function(backend: Any, name: str) -> None:
    f, args = functions(backend.xp, backend.array)[name], _arguments(backend)
    _close(backend, grad(compile_(f))(*args), grad(f)(*args))


@pytest.mark.axes("jax:jit")
@pytest.mark.parametrize("name", ["arithmetic", "a constant", "lists"])
def test_a_compiled_function_under_the_librarys_own_compiler(backend: Any, name: str) -> None:
    f, args = functions(backend.xp, backend.array)[name], _arguments(backend)
    _close(backend, backend.run(compile_(f), *args), f(*args))


def test_outputs_of_every_kind(backend: Any) -> None:
    """An input as it is, one array twice, a constant, and what is no array."""
    xp, constant = backend.xp, backend.array([7.0, 8.0])

    def f(x: Any) -> Any:
        y = xp.exp(x)
        return {
            "x": x,
            "y": (y, y),
            "c": constant,
            "n": 3,
            "f": 0.5,
            "none": None,
            "word": "kept",
            "d": xp.float32,
        }

    x = backend.array([1.0, 2.0])
    got = compile_(f)(x)
    assert (got["n"], got["f"], got["none"], got["word"], got["d"]) == (3, 0.5, None, "kept", xp.float32)
    _close(backend, {name: got[name] for name in "xyc"}, {name: f(x)[name] for name in "xyc"})
    program = record(f, x)
    assert [equation.function.name for equation in program.equations] == ["exp"]
    assert list(program.constants) == ["c0"]


def test_a_program_with_no_equations(backend: Any) -> None:
    x = backend.array([1.0, 2.0])
    program = record(lambda x, y: (y, [x]), x, backend.array(3.0))
    assert program.equations == ()
    assert program.outputs == (1, 0)
    assert str(program).splitlines()[-1] == "return  v1, v0"
    y, (same,) = compile_(lambda x, y: (y, [x]))(x, backend.array(3.0))
    assert float(backend.host(y)) == 3.0
    assert backend.host(same).tolist() == [1.0, 2.0]


def test_a_program_with_no_inputs() -> None:
    constant = np.asarray([1.0, 2.0])
    compiled = compile_(lambda: {"c": constant})
    assert compiled()["c"].tolist() == [1.0, 2.0]
    assert compiled.compilations == 1


def test_constants_are_captured_as_they_are(backend: Any) -> None:
    constant = backend.array([1.0, 2.0])
    program = record(lambda x: x * constant + constant, backend.array([3.0, 4.0]))
    assert list(program.constants) == ["c0"]
    kept = program.constants["c0"]
    assert kept is not constant
    assert backend.host(kept).tolist() == [1.0, 2.0]


def test_constants_that_change_later_do_not_change_the_program() -> None:
    constant = np.asarray([1.0, 2.0])
    f = compile_(lambda x: (x * constant, constant))
    x = np.asarray([3.0, 4.0])
    f(x)[1][0] = 7.0
    constant[1] = 9.0
    assert [y.tolist() for y in f(x)] == [[3.0, 8.0], [1.0, 2.0]]


def test_arguments_are_not_changed(backend: Any) -> None:
    args = _arguments(backend)
    before = [backend.host(x).tolist() for x in args]
    for f in functions(backend.xp, backend.array).values():
        compile_(value_and_grad(lambda x, y, f=f: f(x, y) * 1.0, argnums=(0, 1)))(*args)
    assert [backend.host(x).tolist() for x in args] == before
