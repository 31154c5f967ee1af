"""`bp.special`: derivatives where they are easily lost, and the functions as users call them."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.rules import TABLE
from bpcore.words.errors import MixedArrays, OptionError

INF = float("inf")


def test_every_public_function_is_in_every_namespace_and_says_what_it_does() -> None:
    for name in bp.special.__all__:
        assert name in TABLE
        assert getattr(bp.special, name).__doc__.count("\n\n") >= 1


def test_what_is_approximated_has_its_accuracy_written_down() -> None:
    """docs/accuracy.md is written by ``python -m benchmarks.accuracy``; its figures keep what is promised."""
    lines = (Path(__file__).parents[2] / "docs" / "accuracy.md").read_text("utf-8").splitlines()
    rows = [line.split("|")[1:-1] for line in lines if line.startswith("| `")]
    measured = {cells[0].strip(" `").partition("(")[0] for cells in rows}
    moved = {"conv", "einsum", "index_add", "pad", "relu", "top_k"}
    assert measured == set(bp.special.__all__) - moved
    for name, domain, _, *cells in rows:
        bound = 60 if "order=2" in name else 40 if "softmax" in name else 12
        worst = [float(cell.partition("/")[0]) for cell in cells]
        assert max(worst) <= bound, (name, domain)


def test_plain_and_traced_arrays_are_taken(backend: Any) -> None:
    x = backend.array([[0.25, 0.5]])
    y = bp.special.logit(x)
    assert type(y) is type(x)
    g = bp.grad(lambda x: backend.xp.sum(bp.special.logit(x)))(x)
    np.testing.assert_allclose(backend.host(g), [[16 / 3, 4.0]], rtol=8 * backend.eps)
    assert (g.dtype, g.device) == (x.dtype, x.device)


def test_a_number_may_stand_beside_an_array(backend: Any) -> None:
    x = backend.array([2.0, 0.0])
    for y in (bp.special.xlogy(x, 3.0), bp.special.xlogy(x, backend.array(3.0))):
        np.testing.assert_allclose(backend.host(y), [2 * math.log(3), 0.0], rtol=8 * backend.eps)
    np.testing.assert_allclose(backend.host(bp.special.xlogy(0.0, x)), [0.0, 0.0])


@pytest.mark.axes("strict", "torch")
def test_arrays_of_two_libraries_are_refused(backend: Any) -> None:
    with pytest.raises(MixedArrays):
        bp.special.einsum("i,i", backend.array([1.0]), np.ones(1))


def second(f: Any) -> Any:
    return bp.grad(bp.grad(f))


@pytest.mark.needs_float64
@pytest.mark.parametrize(
    ("f", "exact", "x"),
    [
        (bp.special.gammaln, mp.loggamma, -2.7),
        (bp.special.gammaln, mp.loggamma, 1e-8),
        (bp.special.gammaln, mp.loggamma, 1e6),
        (bp.special.digamma, mp.digamma, -0.6),
        (bp.special.digamma, mp.digamma, 11.0),
        (lambda x: bp.special.polygamma(x, order=2), lambda x: mp.polygamma(2, x), -1.3),
        (bp.special.log_ndtr, lambda x: mp.log(mp.ncdf(x)), -30.0),
        (bp.special.log_ndtr, lambda x: mp.log(mp.ncdf(x)), -0.2),
        (bp.special.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x), 50.0),
        (bp.special.erfcx, lambda x: mp.exp(x * x) * mp.erfc(x), 4.0),
        (bp.special.erfc, mp.erfc, 20.0),
        (bp.special.ndtr, mp.ncdf, -25.0),
        (bp.special.logit, lambda x: mp.log(x) - mp.log1p(-x), 1e-9),
        (bp.special.log_expit, lambda x: -mp.log1p(mp.exp(-x)), 45.0),
    ],
)
def test_derivatives_where_differences_say_nothing(backend: Any, f: Any, exact: Any, x: float) -> None:
    """Against mpmath, far out and left of zero: first and second."""
    with mp.workdps(60):
        right = [float(mp.re(mp.diff(exact, mp.mpf(x), order))) for order in (1, 2)]
    point = backend.array(x)
    with backend.reading():
        found = [float(backend.host(g(point))) for g in (bp.grad(f), second(f))]
    np.testing.assert_allclose(found, right, rtol=1e-10)


def test_far_to_the_left_the_curvature_of_log_ndtr_is_minus_one(backend: Any) -> None:
    x = backend.array([-1e3, -1e6])
    xp = backend.xp

    def slope(x: Any) -> Any:
        return xp.sum(bp.grad(lambda x: xp.sum(bp.special.log_ndtr(x)))(x))

    found = backend.host(bp.grad(slope)(x))
    np.testing.assert_allclose(found, [-1.0 + 1e-6, -1.0], rtol=1e-7 + 16 * backend.eps)


def test_gradients_of_xlogy_at_zero_are_numbers(backend: Any) -> None:
    xp = backend.xp
    x, y = backend.array([0.0, 0.0, 0.0, 2.0]), backend.array([0.0, -1.0, 3.0, 4.0])
    dx, dy = bp.grad(lambda x, y: xp.sum(bp.special.xlogy(x, y)), argnums=(0, 1))(x, y)
    np.testing.assert_allclose(backend.host(dx), [0.0, 0.0, math.log(3), math.log(4)], rtol=1e-6)
    np.testing.assert_allclose(backend.host(dy), [0.0, 0.0, 0.0, 0.5], rtol=1e-6)


def test_entropy_of_a_certain_event_has_a_gradient(backend: Any) -> None:
    """A second derivative is asked for where a share is zero, and another is chosen by `where`."""
    xp = backend.xp
    p = backend.array([0.0, 1.0])

    def entropy(p: Any) -> Any:
        return xp.sum(xp.where(xp.greater(p, 0.0), bp.special.xlogy(p, p), 0.0))

    assert backend.host(bp.grad(entropy)(p)).tolist() == [0.0, 1.0]
    assert backend.host(bp.grad(lambda p: xp.sum(bp.grad(entropy)(p)))(p)).tolist() == [0.0, 1.0]


def test_gradients_of_masked_scores_are_numbers(backend: Any) -> None:
    xp = backend.xp
    x = backend.array([[0.0, -INF, 0.0], [-INF, -INF, -INF]])
    g = backend.host(bp.grad(lambda x: xp.sum(bp.special.logsumexp(x, axis=1)[0]))(x))
    assert g.tolist() == [[0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]
    whole = backend.host(bp.grad(lambda x: xp.sum(bp.special.logsumexp(x, axis=1)))(x))
    assert whole.tolist() == [[0.5, 0.0, 0.5], [0.0, 0.0, 0.0]]
    broken = bp.grad(bp.special.logsumexp)(backend.array([0.0, float("nan")]))
    assert np.isnan(backend.host(broken)).all()
    for f in (bp.special.softmax, bp.special.log_softmax):
        g = backend.host(bp.grad(lambda x, f=f: f(x)[0])(x[0, ...]))
        assert g[1] == 0.0
        assert np.isfinite(g).all()


def test_the_gradient_at_an_end_that_is_not_taken_is_zero(backend: Any) -> None:
    xp = backend.xp
    x = backend.array([0.0, 1.0, 0.5])
    inside = backend.array([False, False, True], "bool")
    g = bp.grad(lambda x: xp.sum(xp.where(inside, bp.special.logit(x), 0.0)))(x)
    np.testing.assert_allclose(backend.host(g), [0.0, 0.0, 4.0], rtol=1e-6)


def test_an_order_that_is_none_is_refused() -> None:
    for order in (-1, 1.5, True):
        with pytest.raises(OptionError, match="order must be a whole number"):
            bp.special.polygamma(np.ones(2), order=order)
