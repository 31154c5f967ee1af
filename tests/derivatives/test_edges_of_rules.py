"""What no difference can see: ties, inputs of two dtypes, lists and numbers in an array's place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bpcore.derivatives.transforms import grad

Product = Callable[[Any, Any, Any], Any]

PRODUCTS: dict[str, tuple[Product, tuple[int, ...], tuple[int, ...]]] = {
    "tensordot": (lambda xp, a, b: xp.tensordot(a, b, axes=1), (2, 2), (2, 2)),
    "matmul": (lambda xp, a, b: xp.matmul(a, b), (2, 2), (2, 2)),
    "vecdot": (lambda xp, a, b: xp.vecdot(a, b), (2, 2), (2, 2)),
    "concat": (lambda xp, a, b: xp.concat([a, b]), (2, 2), (2, 2)),
    "conv": (lambda xp, a, b: xp.conv(a, b), (1, 1, 3), (1, 1, 2)),
    "conv_input": (lambda xp, a, b: xp.conv_input(a, b, shape=(1, 1, 3)), (1, 1, 2), (1, 1, 2)),
    "conv_weight": (lambda xp, a, b: xp.conv_weight(a, b, shape=(1, 1, 2)), (1, 1, 2), (1, 1, 3)),
}


def _filled(backend: Any, shape: tuple[int, ...], dtype: str) -> Any:
    return backend.backend.namespace.ones(
        shape, dtype=backend.backend.dtype(dtype), device=backend.backend.device
    )


@pytest.mark.needs_float64
@pytest.mark.parametrize("name", PRODUCTS)
def test_each_gradient_has_the_dtype_of_its_input(backend: Any, name: str) -> None:
    product, first, second = PRODUCTS[name]
    a, b = _filled(backend, first, "float32"), _filled(backend, second, "float64")
    for inputs in ((a, b), (_filled(backend, first, "float64"), _filled(backend, second, "float32"))):
        found = grad(lambda a, b: backend.xp.sum(product(backend.xp, a, b)), argnums=(0, 1))(*inputs)
        assert [g.dtype for g in found] == [x.dtype for x in inputs]


TIED = [("maximum", [2.0, 1.0, 3.0]), ("minimum", [2.0, 3.0, 1.0])]


@pytest.mark.parametrize(("name", "others"), TIED)
def test_in_a_tie_each_gets_half(backend: Any, name: str, others: list[float]) -> None:
    function = getattr(backend.xp, name)
    x, other = backend.array([2.0, 2.0, 2.0]), backend.array(others)
    weights = backend.array([3.0, 5.0, 7.0])

    def weighted(x: Any, other: Any) -> Any:
        return backend.xp.sum(backend.xp.multiply(weights, function(x, other)))

    by_x, by_other = (backend.host(g).tolist() for g in grad(weighted, argnums=(0, 1))(x, other))
    assert by_x == [1.5, 5.0, 0.0]
    assert by_other == [1.5, 0.0, 7.0]


@pytest.mark.parametrize("name", ["maximum", "minimum"])
@pytest.mark.parametrize(("bound", "tied"), [(2.0, 0.5), (2, 0.5)])
def test_in_a_tie_with_a_number_half_is_left(backend: Any, name: str, bound: float, tied: float) -> None:
    function, low = getattr(backend.xp, name), float(name == "minimum")
    x = backend.array([2.0, 1.0, 3.0])
    for call in (lambda x: function(x, bound), lambda x: function(bound, x)):
        g = grad(lambda x, call=call: backend.xp.sum(backend.xp.multiply(4.0, call(x))))(x)
        assert backend.host(g).tolist() == [4.0 * tied, 4.0 * low, 4.0 * (1.0 - low)]
