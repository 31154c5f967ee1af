"""Forward mode, Jacobians both ways, Hessians and products with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.words.errors import NotDifferentiable, OptionError, ShapeError

xp = bp.namespace("numpy")


def _net(xp: Any, p: Any, x: Any) -> Any:
    h = xp.tanh(xp.matmul(x, p["w"]) + p["b"])
    return {"h": h, "s": xp.softmax(h, axis=-1) * xp.var(h, axis=-1, keepdims=True)}


def _params(backend: Any, scale: float = 1.0) -> Any:
    w = [[0.3 * scale, -0.2], [0.5, 0.7 * scale], [-0.4, 0.1]]
    return {"w": backend.array(w), "b": backend.array([0.1, -0.3 * scale])}


def test_forward_and_reverse_are_each_others_transpose(backend: Any) -> None:
    """<g, J t> = <J^T g, t>, for a network with every kind of entry in the table."""
    xp = backend.xp
    x, p, t = backend.array([[1.0, 2.0, -1.0], [0.5, 0.2, 0.8]]), _params(backend), _params(backend, 2.0)

    def both(p: Any, t: Any) -> Any:
        y, moved = bp.jvp(lambda p: _net(xp, p, x), (p,), (t,))
        z, pullback = bp.vjp(lambda p: _net(xp, p, x), p)
        (g,) = pullback({"h": z["s"], "s": z["h"]})
        forward = xp.sum(moved["h"] * z["s"]) + xp.sum(moved["s"] * z["h"])
        return forward, xp.sum(g["w"] * t["w"]) + xp.sum(g["b"] * t["b"]), y["h"] - z["h"]

    forward, reverse, difference = (backend.host(z) for z in backend.run(both, p, t))
    np.testing.assert_allclose(forward, reverse, rtol=1e-4 if backend.float == "float32" else 1e-12)
    assert not difference.any()


def test_a_pushforward_can_be_called_again_and_wants_what_fits() -> None:
    x = np.asarray([1.0, 2.0])
    y, pushforward = bp.linearize(lambda x, n: (x * x, n, 3.0), x, 2.0)
    assert y[0].tolist() == [1.0, 4.0]
    for scale in (1.0, 10.0):
        moved = pushforward(scale * x, 0.0)
        assert moved[0].tolist() == [2 * scale, 8 * scale]
        assert float(moved[1]) == moved[2] == 0.0
    with pytest.raises(ShapeError, match=r"a tangent of shape \(2,\), was given \(1,\)"):
        pushforward(x[:1], 0.0)
    with pytest.raises(ShapeError, match=r"like the arguments, \(\*, \*\), was given \(\[\*\], \*\)"):
        pushforward([x], 0.0)
    with pytest.raises(ShapeError, match="primals wants a tuple with one tree for each argument"):
        bp.jvp(lambda x: x, x, x)  # type: ignore[arg-type]
    with pytest.raises(NotDifferentiable, match="int64"):
        bp.jvp(lambda x: x, (np.asarray([1]),), (np.asarray([1]),))


def test_what_does_not_move_stands_still() -> None:
    y, moved = bp.jvp(lambda x: (xp.argmax(x), xp.stop_gradient(x), xp.ones(2)), (np.ones(3),), (np.ones(3),))
    assert (int(y[0]), int(moved[0])) == (0, 0)
    assert moved[1].tolist() == [0.0, 0.0, 0.0]
    assert moved[2].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("mode", ["forward", "reverse", None])
def test_jacobians_of_trees(backend: Any, mode: str | None) -> None:
    xp = backend.xp

    def f(p: Any, x: Any) -> Any:
        return {"y": xp.matmul(x, p["w"]), "z": xp.sum(p["b"] * p["b"])}

    x = backend.array([1.0, 2.0, 3.0])
    found = backend.run(bp.jacobian(f, mode=mode), _params(backend), x)
    wanted = np.zeros((2, 3, 2))
    wanted[0, :, 0] = wanted[1, :, 1] = [1.0, 2.0, 3.0]
    assert backend.host(found["y"]["w"]).tolist() == wanted.tolist()
    np.testing.assert_allclose(backend.host(found["z"]["b"]), [0.2, -0.6], rtol=1e-6)
    assert not backend.host(found["z"]["w"]).any()
    assert not backend.host(found["y"]["b"]).any()


@pytest.mark.parametrize(("tall", "calls"), [(3, 1), (2, 1), (8, 2)])
def test_the_cheaper_direction_is_chosen(tall: int, calls: int) -> None:
    """Reverse for as many outputs as inputs or fewer; forward calls the function once more."""
    seen = []

    def f(x: Any) -> Any:
        seen.append(x)
        return xp.concat([x * 2.0] * 4)[:tall]

    assert bp.jacobian(f)(np.ones(3)).shape == (tall, 3)
    assert len(seen) == calls


def test_modes_and_ends_that_are_refused() -> None:
    with pytest.raises(OptionError, match="mode must be forward, reverse, or None, was given 'sideways'"):
        bp.jacobian(xp.sin, mode="sideways")
    with pytest.raises(ShapeError, match="a function that returns arrays, was given str"):
        bp.jacobian(lambda x: "a")(np.ones(2))
    with pytest.raises(NotDifferentiable, match="two real matrices"):
        bp.jacobian(lambda z: z * z)(np.asarray([1j]))


def test_hessians(backend: Any) -> None:
    xp = backend.xp
    a = backend.array([[2.0, 1.0], [1.0, 5.0]])

    def quadratic(x: Any) -> Any:
        return 0.5 * xp.sum(x * xp.matmul(a, x)) + xp.sum(x**3) / 6.0

    x, v = backend.array([1.0, -2.0]), backend.array([1.0, 3.0])
    h = backend.run(bp.hessian(quadratic), x)
    assert backend.host(h).tolist() == [[3.0, 1.0], [1.0, 3.0]]
    product = backend.run(lambda x, v: bp.hvp(quadratic, (x,), (v,))[0], x, v)
    assert backend.host(product).tolist() == [6.0, 10.0]


def test_the_third_derivative_in_any_order_of_modes() -> None:
    def cube(x: Any) -> Any:
        return x**3 * xp.sin(x)

    def forward(f: Any) -> Any:
        return lambda x: bp.jvp(f, (x,), (1.0,))[1]

    wanted = None
    for first in (bp.grad, forward):
        for second in (bp.grad, forward):
            for third in (bp.grad, forward):
                found = float(third(second(first(cube)))(0.7))
                wanted = wanted or found
                assert found == pytest.approx(wanted, rel=1e-13)
    x, s, c = 0.7, np.sin(0.7), np.cos(0.7)
    assert wanted == pytest.approx(6 * s + 18 * x * c - 9 * x * x * s - x**3 * c, rel=1e-13)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_both_directions_agree(tall: int, wide: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    a, x = draw.normal(size=(tall, wide)), draw.normal(size=wide)

    def f(x: Any) -> Any:
        return xp.tanh(xp.matmul(a, x)) * xp.logsumexp(x)

    forward, reverse = (bp.jacobian(f, mode=mode)(x) for mode in ("forward", "reverse"))
    np.testing.assert_allclose(forward, reverse, rtol=1e-10, atol=1e-12)


def test_complex_tangents() -> None:
    """Along the real and the imaginary axis; `abs` and `real` are not holomorphic."""
    z = np.asarray([0.3 + 0.4j])

    def f(z: Any) -> Any:
        return xp.abs(z * z) + xp.real(xp.exp(z))

    for t in (1.0 + 0j, 1j, 0.6 - 0.8j):
        moved = bp.jvp(f, (z,), (np.asarray([t]),))[1]
        step = 1e-6 * t
        assert moved[0] == pytest.approx(((f(z + step) - f(z - step)) / 2e-6)[0], rel=1e-8)
        g = bp.grad(lambda z: xp.sum(f(z)))(z)
        assert moved[0] == pytest.approx((np.conj(g) * t).real[0], rel=1e-12)
