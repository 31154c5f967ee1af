"""The same gradients as autograd's and MyGrad's, where these are installed: others derived them, too."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.checks.case import Case, Sample
from bpcore.derivatives.checks.cases import CASES
from bpcore.derivatives.transforms.gradients import grad, value_and_grad, vjp
from bpcore.derivatives.transforms.jacobian import jacobian

XP = bp.namespace("numpy")
BENCH = "a peer of the benchmarks, and no requirement of the tests: python -m pip install autograd mygrad"
OLD_NAMES = {
    "acos": "arccos", "asin": "arcsin", "atan": "arctan", "atan2": "arctan2", "acosh": "arccosh",
    "asinh": "arcsinh", "atanh": "arctanh", "concat": "concatenate", "permute_dims": "transpose",
    "pow": "power",
}  # fmt: skip
THEIRS = (
    *(
        "abs",
        "acos",
        "acosh",
        "add",
        "asin",
        "asinh",
        "atan",
        "atan2",
        "atanh",
        "concat",
        "cos",
        "cosh",
        "divide",
    ),
    *("exp", "expand_dims", "expm1", "hypot", "log", "log10", "log1p", "log2", "logaddexp", "matmul", "max"),
    *("maximum", "mean", "min", "minimum", "moveaxis", "multiply", "negative", "permute_dims", "pow"),
    *(
        "reciprocal",
        "remainder",
        "reshape",
        "sin",
        "sinh",
        "sqrt",
        "square",
        "squeeze",
        "stack",
        "std",
        "subtract",
    ),
    *("sum", "tan", "tanh", "tensordot", "var"),
)
"""Functions that autograd has a gradient for; the others it has none, or another signature."""


def _asarray(data: Any, dtype: str) -> Any:
    return np.asarray(data, dtype=np.float64 if dtype == "float" else dtype)


def _is_theirs(case: Case) -> bool:
    """Return whether autograd takes the options: it knows no `correction`, `dtype`, `shape`, nor to flatten.

    It permutes by position only.

    Its complex gradients are the conjugates of ours.
    """
    if any(type(x) is complex or getattr(x, "dtype", "") == "complex" for x in case.inputs):
        return False
    unknown = {"correction", "dtype", "shape"} | ({"axes"} if case.function == "permute_dims" else set())
    return not unknown & set(case.static) and not (
        case.function == "concat" and case.static.get("axis", 0) is None
    )


PAIRS = [(str(case), case) for name in THEIRS for case in CASES[name] if _is_theirs(case)]


@pytest.mark.filterwarnings(
    "ignore::RuntimeWarning"
)  # of theirs, at places where they then choose another branch
@pytest.mark.parametrize("case", [case for _, case in PAIRS], ids=[text for text, _ in PAIRS])
def test_every_case_beside_autograd(case: Case) -> None:
    peer = pytest.importorskip("autograd", reason=f"autograd is {BENCH}")
    name, backend = case.function, bp.backend("numpy")
    theirs = SimpleNamespace(**{name: getattr(peer.numpy, OLD_NAMES.get(name, name))})
    arrays = [_asarray(x.data, "float") for x in case.inputs if type(x) is Sample]
    y, pullback = vjp(case.call(XP, backend, _asarray), *arrays)
    g = np.cos(np.arange(y.size, dtype=np.float64)).reshape(y.shape)
    called = case.call(theirs, backend, _asarray)
    back, value = peer.make_vjp(lambda inputs: called(*inputs))(tuple(arrays))
    np.testing.assert_allclose(y, value, rtol=1e-14)
    for ours, other in zip(pullback(g), back(g), strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-12, atol=1e-13)


def _data() -> tuple[Any, Any, Any]:
    w = [
        np.sin(np.arange(12.0)).reshape(4, 3),
        np.asarray([0.1, -0.2, 0.3]),
        np.cos(np.arange(6.0)).reshape(3, 2),
    ]
    return w, np.sin(np.arange(20.0) * 1.3).reshape(5, 4), np.cos(np.arange(10.0) * 0.7).reshape(5, 2)


def _loss(xp: Any, w: Any, x: Any, y: Any) -> Any:
    """Return the squared error of a perceptron, in functions that all three have."""
    h = xp.tanh(xp.matmul(x, w[0]) + w[1])
    o = xp.matmul(h, w[2])
    shifted = o - xp.max(o)
    probabilities = xp.exp(shifted) / xp.sum(xp.exp(shifted), axis=1, keepdims=True)
    return xp.mean((probabilities - y) ** 2) + xp.sum(xp.sqrt(w[0] ** 2 + 1.0)) * 0.1


def test_a_perceptron_beside_autograd() -> None:
    peer = pytest.importorskip("autograd", reason=f"autograd is {BENCH}")
    w, x, y = _data()
    value, g = value_and_grad(lambda w: _loss(XP, w, x, y))(w)
    wanted, theirs = peer.value_and_grad(lambda w: _loss(peer.numpy, w, x, y))(w)
    assert float(value) == pytest.approx(float(wanted), rel=1e-14)
    for ours, other in zip(g, theirs, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-12, atol=1e-15)


def test_a_perceptron_beside_mygrad() -> None:
    peer = pytest.importorskip("mygrad", reason=f"MyGrad is {BENCH}")
    w, x, y = _data()
    value, g = value_and_grad(lambda w: _loss(XP, w, x, y))(w)
    tensors = [peer.tensor(part) for part in w]
    wanted = _loss(peer, tensors, x, y)
    wanted.backward()
    assert float(value) == pytest.approx(float(wanted), rel=1e-14)
    for ours, tensor in zip(g, tensors, strict=True):
        np.testing.assert_allclose(ours, tensor.grad, rtol=1e-12, atol=1e-15)


def test_a_hessian_beside_autograd() -> None:
    peer = pytest.importorskip("autograd", reason=f"autograd is {BENCH}")
    w, x, y = _data()

    def flat(xp: Any) -> Any:
        return lambda v: _loss(xp, [xp.reshape(v[:12], (4, 3)), v[12:15], xp.reshape(v[15:], (3, 2))], x, y)

    v = np.concatenate([part.reshape(-1) for part in w])
    ours = jacobian(grad(flat(XP)))(v)
    np.testing.assert_allclose(ours, peer.hessian(flat(peer.numpy))(v), rtol=1e-11, atol=1e-14)
