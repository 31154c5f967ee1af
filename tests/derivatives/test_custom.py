"""A backward of one's own, checkpoints, and what is cut."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.checks.checking import check_grad
from bpcore.words.errors import NotDifferentiable, ShapeError

xp = bp.namespace("numpy")


def _cube(backend: Any) -> Any:
    """Return x^3 s whose backward says so; twice differentiable, in every mode."""

    def backward(g: Any, y: Any, x: Any, s: Any, *, n: int) -> Any:
        xp = bp.array_namespace(g)
        return [g * n * x ** (n - 1) * s, xp.sum(g * x**n)]

    return bp.custom_vjp(lambda x, s, *, n: x**n * s, backward)


def test_it_is_used_in_every_mode_and_order(backend: Any) -> None:
    cube = _cube(backend)
    x, s = backend.array([1.0, 2.0]), backend.array(2.0)

    def f(x: Any, s: Any) -> Any:
        return backend.xp.sum(cube(x, s, n=3))

    assert backend.host(backend.run(bp.grad(f), x, s)).tolist() == [6.0, 24.0]
    assert float(backend.host(backend.run(bp.grad(f, argnums=1), x, s))) == 9.0
    second = backend.run(bp.grad(lambda x: backend.xp.sum(bp.grad(f)(x, s))), x)
    assert backend.host(second).tolist() == [12.0, 24.0]
    moved = backend.run(lambda x, s: bp.jvp(f, (x, s), (x, s))[1], x, s)
    assert float(backend.host(moved)) == pytest.approx(3 * 2 * 9.0 + 2 * 9.0)


def test_nothing_inside_is_traced() -> None:
    """NumPy's own functions may stand there, and values may be read."""
    seen = []

    def f(x: Any) -> Any:
        seen.append(type(x))
        return np.sin(x) * (1.0 if float(x[0]) > 0 else -1.0)

    sine = bp.custom_vjp(f, lambda g, y, x: [g * bp.array_namespace(x).cos(x)])
    g = bp.grad(lambda x: xp.sum(sine(x)))(np.asarray([0.5, 1.0]))
    np.testing.assert_allclose(g, np.cos([0.5, 1.0]), rtol=1e-15)
    assert seen == [np.ndarray]


def test_trees_in_and_out_and_arguments_without_a_cotangent() -> None:
    def f(p: Any, labels: Any, scale: float, tag: str) -> Any:
        return {"sum": p["a"] + p["b"], "scaled": (p["a"] * scale, labels)}

    def backward(g: Any, y: Any, p: Any, labels: Any, scale: float, tag: str) -> Any:
        assert tag == "t"
        first = g["scaled"][0]
        assert g["scaled"][1] is None
        return ({"a": g["sum"] + first * scale, "b": g["sum"]}, None, None, None)

    custom = bp.custom_vjp(f, backward)
    labels = np.asarray([1, 0])

    def loss(p: Any) -> Any:
        out = custom(p, labels, 3.0, "t")
        return xp.sum(out["sum"]) + xp.sum(out["scaled"][0] * xp.astype(out["scaled"][1], p["a"].dtype))

    g = bp.grad(loss)({"a": np.ones(2), "b": np.ones(2)})
    assert g["a"].tolist() == [4.0, 1.0]
    assert g["b"].tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (lambda g, y, x: [], r"1 cotangents, one for each argument, was given 0"),
        (lambda g, y, x: None, r"a list with one cotangent for each argument.*was given NoneType"),
        (lambda g, y, x: [{"a": g}], r"a tree like argument 0"),
        (lambda g, y, x: [g[:1]], r"a cotangent of shape \(2,\), was given \(1,\)"),
    ],
)
def test_a_backward_that_does_not_fit_is_named(backward: Any, message: str) -> None:
    def squared(x: Any) -> Any:
        return x * x

    with pytest.raises(ShapeError, match=f"backward of squared wants {message}"):
        bp.grad(lambda x: xp.sum(bp.custom_vjp(squared, backward)(x)))(np.ones(2))


def test_complex_cotangents_are_those_that_users_see() -> None:
    custom = bp.custom_vjp(lambda z: z * z, lambda g, y, z: [g * xp.conj(2.0 * z)])
    z = np.asarray([1.0 + 2.0j])
    mine = bp.grad(lambda z: xp.sum(xp.real(custom(z) * (1.0 - 3.0j))))(z)
    assert mine == bp.grad(lambda z: xp.sum(xp.real(z * z * (1.0 - 3.0j))))(z)


def test_a_recording_looks_inside() -> None:
    cube = _cube(None)
    program = bp.record(bp.grad(lambda x, s: xp.sum(cube(x, s, n=3))), np.ones(2), np.asarray(2.0))
    assert {equation.function.name for equation in program.equations} <= set(dir(xp))
    slope = bp.compile(bp.grad(lambda x: xp.sum(bp.checkpoint(lambda x: x**3)(x))))
    assert slope(np.asarray([1.0, 2.0])).tolist() == [3.0, 12.0]


def test_a_checkpoint_changes_nothing_but_memory(backend: Any) -> None:
    xp = backend.xp
    w = backend.array([[0.5, -0.3], [0.2, 0.8]])

    def layers(x: Any, w: Any, labels: Any) -> Any:
        for _ in range(3):
            x = xp.tanh(xp.matmul(x, w))
        return x * xp.astype(labels, x.dtype)

    def loss(w: Any, layers: Any) -> Any:
        x, labels = backend.array([[1.0, 2.0]]), backend.array([[1, 2]], "int32")
        return xp.sum(layers(layers(x, w, labels), w, labels))

    kept = backend.run(bp.grad(lambda w: loss(w, layers)), w)
    again = backend.run(bp.grad(lambda w: loss(w, bp.checkpoint(layers))), w)
    close = 1e-5 if backend.float == "float32" else 1e-14  # the sums over layers are taken in another order
    np.testing.assert_allclose(backend.host(again), backend.host(kept), rtol=close)

    def turned(w: Any) -> Any:
        return xp.sum(bp.grad(lambda w: loss(w, bp.checkpoint(layers)))(w) ** 2)

    second = backend.run(bp.grad(turned), w)
    wanted = backend.run(bp.grad(lambda w: xp.sum(bp.grad(lambda w: loss(w, layers))(w) ** 2)), w)
    np.testing.assert_allclose(backend.host(second), backend.host(wanted), rtol=1e-5)


def test_a_checkpoint_keeps_nothing_of_what_is_inside() -> None:
    from bpcore.derivatives.transforms.tracing import trace

    def deep(x: Any) -> Any:
        for _ in range(50):
            x = xp.sin(x)
        return x

    assert len(trace(bp.checkpoint(deep), (np.ones(3),), 0).tape.calls) == 2


def test_checkpoints_inside_checkpoints() -> None:
    inner = bp.checkpoint(lambda x: xp.sin(x) * x)
    outer = bp.checkpoint(lambda x: inner(inner(x)) + inner(x))
    check_grad(outer, np.asarray([0.5, 1.5]), order=2)


def test_what_is_closed_over_is_refused() -> None:
    for wrapped in (bp.checkpoint, lambda f: bp.custom_vjp(f, lambda g, y, x: [g])):
        with pytest.raises(NotDifferentiable, match="pass that array as an argument"):
            bp.grad(lambda w, wrapped=wrapped: wrapped(lambda x: x * w)(w * 2.0))(np.asarray(3.0))


def test_a_tree_without_gradient() -> None:
    def f(x: Any) -> Any:
        held = bp.stop_gradient({"a": x, "b": (x * x, 2.0)})
        return x * held["a"] + held["b"][0] * held["b"][1]

    assert float(bp.grad(f)(3.0)) == 3.0
    assert float(bp.grad(bp.grad(lambda x: x * x * bp.stop_gradient(x)))(3.0)) == 6.0
    assert bp.stop_gradient(2.0) == 2.0
