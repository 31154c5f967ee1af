"""The arrays that gradients come in: their dtype, their device, and whose memory they are."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

from bpcore.derivatives.transforms.gradients import grad, value_and_grad, vjp
from bpcore.words.trees import leaves

SHARING: dict[str, Any] = {
    "the same cotangent for both": lambda xp, p: xp.sum(p[0] + p[1]),
    "one of them unused": lambda xp, p: xp.sum(p[0]),
    "none of them used": lambda xp, p: xp.asarray(1.0),
    "a sum spread over": lambda xp, p: xp.sum(xp.stack([p[0], p[1]])),
    "reshaped": lambda xp, p: xp.sum(xp.square(xp.reshape(p[0], (-1,)) + xp.reshape(p[1], (-1,)))),
    "transposed": lambda xp, p: xp.sum(p[0].T + p[1].T),
    "broadcast": lambda xp, p: xp.sum(xp.broadcast_to(p[0], (2, 2, 2)) + p[1]),
    "positive": lambda xp, p: xp.sum(xp.positive(p[0]) + p[1]),
    "flipped": lambda xp, p: xp.sum(xp.flip(p[0]) * 1.0 + p[1]),
    "concatenated": lambda xp, p: xp.sum(xp.square(xp.concat(p))),
    "taken apart": lambda xp, p: xp.sum(p[0][0, ...]) + xp.sum(p[1][0, ...] * p[0][1, ...]),
    "the input as a cotangent": lambda xp, p: xp.sum(p[0] * p[1]),
    "by a constant": lambda xp, p: xp.sum(p[0] * CONSTANT) + xp.sum(p[1] * CONSTANT),
}

CONSTANT = np.asarray([[5.0, 6.0], [7.0, 8.0]])


@pytest.mark.axes("numpy", "numpy:readonly")
@pytest.mark.parametrize("name", SHARING)
def test_gradients_can_be_written_and_share_no_memory(backend: Any, name: str) -> None:
    inputs = [backend.array([[1.0, 2.0], [3.0, 4.0]]), backend.array([[0.5, 0.5], [0.5, 2.0]])]
    before = [x.tolist() for x in [*inputs, CONSTANT]]
    gradients = grad(lambda p: SHARING[name](backend.xp, p))(inputs)
    assert all(g.flags.writeable for g in gradients)
    for one, other in combinations([*gradients, *inputs, CONSTANT], 2):
        assert not np.shares_memory(one, other)
    for g in gradients:
        g[...] = 9.0  # as an optimizer in place would
    assert [x.tolist() for x in [*inputs, CONSTANT]] == before


@pytest.mark.axes("numpy")
def test_a_cotangent_that_is_passed_on_is_not_the_gradient(backend: Any) -> None:
    x, g = backend.array([1.0, 2.0]), backend.array([3.0, 4.0])
    _, pullback = vjp(lambda x, y: x + y, x, x)
    gradients = pullback(g)
    for one, other in combinations([*gradients, g, x], 2):
        assert not np.shares_memory(one, other)


@pytest.mark.needs_float64
def test_a_cotangent_of_another_dtype_is_cast(backend: Any) -> None:
    x, g = backend.array([[1.0, 2.0]], "float32"), backend.array([[3.0], [4.0]], "float64")
    _, pullback = vjp(lambda x: x.T, x)
    assert pullback(g)[0].dtype == x.dtype
    assert backend.host(pullback(g)[0]).tolist() == [[3.0, 4.0]]


def test_a_number_is_a_cotangent(backend: Any) -> None:
    xp, x = backend.xp, backend.array([1.0, 2.0], "float32")
    _, pullback = vjp(xp.sum, x)
    assert pullback(3.0)[0].dtype == x.dtype
    assert backend.host(pullback(3.0)[0]).tolist() == [3.0, 3.0]


@pytest.mark.axes("torch")
def test_gradients_share_no_memory_on_torch(backend: Any) -> None:
    x = [backend.array([[1.0, 2.0]]), backend.array([[3.0, 4.0]])]
    xp = backend.xp
    for f in (lambda p: xp.sum(p[0] + p[1]), lambda p: xp.sum(xp.broadcast_to(p[0], (3, 2)) + p[1])):
        first, second = grad(f)(x)
        first += 1.0  # fails where one element stands for many
        assert first.data_ptr() not in {second.data_ptr(), x[0].data_ptr(), x[1].data_ptr()}


MIXED: dict[str, Any] = {
    "add": lambda xp, w, x: w + x,
    "multiply": lambda xp, w, x: w * x,
    "divide": lambda xp, w, x: w / x,
    "matmul": lambda xp, w, x: xp.matmul(w, x),
    "matmul with a vector": lambda xp, w, x: xp.matmul(w, x[0, ...]),
    "matmul of a vector": lambda xp, w, x: xp.matmul(w[0, ...], x),
    "tensordot": lambda xp, w, x: xp.tensordot(w, x, axes=1),
    "vecdot": lambda xp, w, x: xp.vecdot(w, x),
    "where": lambda xp, w, x: xp.where(xp.greater(x, 1.5), w, x),
    "concat": lambda xp, w, x: xp.concat([w, x]),
    "stack": lambda xp, w, x: xp.stack([w, x]),
    "maximum": lambda xp, w, x: xp.maximum(w, x),
    "pow": lambda xp, w, x: xp.pow(w, x),
    "astype": lambda xp, w, x: xp.astype(w, x.dtype),
}


@pytest.mark.needs_float64
@pytest.mark.parametrize("name", MIXED)
def test_a_float32_parameter_with_float64_data_has_a_float32_gradient(backend: Any, name: str) -> None:
    w = backend.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    x = backend.array([[2.0, 1.0], [1.0, 2.0]], "float64")
    g, h = backend.run(grad(lambda w, x: backend.xp.sum(MIXED[name](backend.xp, w, x)), argnums=(0, 1)), w, x)
    assert g.dtype == w.dtype
    assert h.dtype == x.dtype


def test_float32_stays_float32_beside_python_numbers(backend: Any) -> None:
    xp = backend.xp
    x = backend.array([0.5, 1.5], "float32")

    def f(x: Any) -> Any:
        y = (2.0 * x + 1) / 3 - 0.5
        y = xp.where(xp.greater(y, 0.25), y, 0.0) ** 2 + xp.maximum(y, 0.1)
        return xp.mean(xp.logaddexp(xp.softmax(xp.multiply(y, 3)), xp.clip(y, -1.0, 1.0)))

    value, g = backend.run(value_and_grad(f), x)
    assert value.dtype == x.dtype
    assert g.dtype == x.dtype
    second = backend.run(grad(lambda x: xp.sum(xp.square(grad(f)(x)))), x)
    assert second.dtype == x.dtype


def test_gradients_are_where_the_arrays_are(backend: Any) -> None:
    xp = backend.xp
    p = {"w": backend.array([[0.5, -1.0]]), "b": backend.array([0.1, 0.2]), "unused": backend.array([1.0])}

    def f(p: Any) -> Any:
        return xp.sum(xp.log_softmax(xp.tanh(p["w"]) * p["b"])[..., 0])

    gradients = grad(f)(p)
    assert [g.device for g in leaves(gradients)] == [x.device for x in leaves(p)]
    assert [g.dtype for g in leaves(gradients)] == [x.dtype for x in leaves(p)]
    assert [g.shape for g in leaves(gradients)] == [x.shape for x in leaves(p)]
