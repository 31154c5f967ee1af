"""Complex linear algebra and transforms beside PyTorch's and JAX's own gradients, on larger stacks.

PyTorch's gradient of a real function is ours, ``dL/dRe + i dL/dIm``; JAX's is the conjugate.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bpcore.derivatives.transforms.gradients import grad, vjp

ROWS, COLUMNS = 4, 3
Function = Callable[[Any, Any], Any]


def _stack(rows: int, columns: int) -> np.ndarray:
    """Return two matrices whose values are far apart, complex."""
    rng = np.random.default_rng(7)
    noise = rng.normal(size=(2, rows, columns)) + 1j * rng.normal(size=(2, rows, columns))
    return 0.25 * noise + np.eye(rows, columns) * (1.0 + 1.5 * np.arange(rows))[:, None]


def _size(xp: Any, y: Any) -> Any:
    """Return a real number in which every element and both its parts count."""
    flat = xp.reshape(y, (-1,))
    weights = 1.0 + xp.cumulative_sum(xp.ones_like(xp.real(flat)), axis=0) / flat.shape[0]
    return xp.sum(weights * (xp.abs(flat) ** 2 + xp.real(flat)))


def _adjoint(xp: Any, x: Any) -> Any:
    return xp.matrix_transpose(xp.conj(x))


def _hermitian(xp: Any, x: Any) -> Any:
    return x + _adjoint(xp, x)


def _polar(xp: Any, x: Any) -> Any:
    u, s, vh = xp.linalg.svd(x, full_matrices=False)
    return _size(xp, xp.matmul(u, vh)) + xp.sum(s**3)


def _exponential(xp: Any, x: Any) -> Any:
    w, v = xp.linalg.eigh(_hermitian(xp, x))
    return _size(xp, xp.matmul(v * xp.exp(-(w**2))[..., None, :], _adjoint(xp, v)))


def _lengths(xp: Any, x: Any) -> Any:
    w, v = xp.linalg.eig(x)
    return _size(xp, w) + xp.sum(xp.abs(v) ** 4)


def _factors(xp: Any, x: Any) -> Any:
    q, r = xp.linalg.qr(x)
    return _size(xp, q) + _size(xp, r)


SQUARE: dict[str, Function] = {
    "cholesky": lambda xp, x: _size(xp, xp.linalg.cholesky(xp.matmul(x, _adjoint(xp, x)))),
    "det": lambda xp, x: _size(xp, xp.linalg.det(x)),
    "eig": _lengths,
    "eigh": _exponential,
    "inv": lambda xp, x: _size(xp, xp.linalg.inv(x)),
    "matrix_power": lambda xp, x: _size(xp, xp.linalg.matrix_power(x, -2)),
    "slogdet": lambda xp, x: _size(xp, xp.linalg.slogdet(x)[0]) + xp.sum(xp.linalg.slogdet(x)[1] ** 2),
    "solve": lambda xp, x: _size(xp, xp.linalg.solve(x, x * x)),
}
ANY: dict[str, Function] = {
    "matrix_norm": lambda xp, x: sum(xp.sum(xp.linalg.matrix_norm(x, ord=i) ** 2) for i in ("nuc", 1, -2)),
    "pinv": lambda xp, x: _size(xp, xp.linalg.pinv(x)),
    "qr": _factors,
    "svd": _polar,
    "vecdot": lambda xp, x: _size(xp, xp.linalg.vecdot(x, 2.0 * x * x)),
    "vector_norm": lambda xp, x: sum(xp.sum(xp.linalg.vector_norm(x, ord=i)) for i in (1, 2, 3.5, math.inf)),
    "fft": lambda xp, x: _size(xp, xp.fft.fft(x, n=5, norm="ortho")),
    "ifftn": lambda xp, x: _size(xp, xp.fft.ifftn(x, axes=(0, 1))),
    "rfft": lambda xp, x: _size(xp, xp.fft.rfft(xp.abs(x), axis=1, n=6)),
    "irfftn": lambda xp, x: _size(xp, xp.fft.irfftn(x, s=(3, 5), axes=(1, 2), norm="forward")),
    "hfft": lambda xp, x: _size(xp, xp.fft.hfft(x)),
    "ihfft": lambda xp, x: _size(xp, xp.fft.ihfft(xp.abs(x), n=4, axis=-2)),
}
CASES = [
    *((name, ROWS, ROWS) for name in SQUARE),
    *((name, ROWS, COLUMNS) for name in ANY),
    *((name, COLUMNS, ROWS) for name in ("pinv", "qr", "svd")),
]


@pytest.mark.axes("torch")
@pytest.mark.parametrize(("name", "rows", "columns"), CASES)
def test_the_gradient_is_pytorchs(backend: Any, name: str, rows: int, columns: int) -> None:
    import torch
    from array_api_compat import torch as compat

    f = {**SQUARE, **ANY}[name]
    x = torch.asarray(_stack(rows, columns))
    found = grad(lambda x: f(backend.xp, x))(x)
    leaf = x.clone().requires_grad_()
    f(compat, leaf).backward()
    np.testing.assert_allclose(backend.host(found), backend.host(leaf.grad), rtol=1e-9, atol=1e-10)


@pytest.mark.axes("jax")
@pytest.mark.parametrize("name", ["eigh", "slogdet"])
def test_the_gradient_is_the_conjugate_of_jaxs(backend: Any, name: str) -> None:
    import jax

    f = {**SQUARE, **ANY}[name]
    x = jax.numpy.asarray(_stack(ROWS, ROWS))
    found = jax.jit(grad(lambda x: f(backend.xp, x)))(x)
    expected = jax.jit(jax.grad(lambda x: f(jax.numpy, x)))(x)
    np.testing.assert_allclose(np.conj(found), expected, rtol=1e-9, atol=1e-10)


@pytest.mark.axes("torch")
@pytest.mark.parametrize("name", ["eigh", "svd", "qr", "det", "pinv"])
def test_the_gradient_along_a_direction_is_pytorchs(backend: Any, name: str) -> None:
    """A second gradient: of the gradient's product with a fixed array."""
    import torch
    from array_api_compat import torch as compat

    f = {**SQUARE, **ANY}[name]
    x = torch.asarray(_stack(ROWS, ROWS))
    fixed = torch.asarray(_stack(ROWS, ROWS)[::-1].copy())
    xp = backend.xp
    _, pullback = vjp(grad(lambda x: f(xp, x)), x)
    (found,) = pullback(fixed)
    leaf = x.clone().requires_grad_()
    (first,) = torch.autograd.grad(f(compat, leaf), leaf, create_graph=True)
    (expected,) = torch.autograd.grad(first, leaf, fixed)
    np.testing.assert_allclose(backend.host(found), backend.host(expected), rtol=1e-8, atol=1e-9)
