"""What a traced array is to code that does not know it, and what it refuses, in one line each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.transforms.gradients import grad
from bpcore.words.errors import EscapedTrace, MixedArrays, NotDifferentiable, OptionError


def test_an_escaped_array_says_so(backend: Any) -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x * 2.0)
        return backend.xp.sum(x)

    grad(f)(backend.array([1.0]))
    with pytest.raises(EscapedTrace, match="after its trace had ended"):
        kept[0] + 1.0
    with pytest.raises(EscapedTrace):
        grad(lambda x: backend.xp.sum(x * kept[0]))(backend.array([1.0]))


def test_a_failing_function_closes_its_trace(backend: Any) -> None:
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x)
        raise KeyError("its own")

    with pytest.raises(KeyError, match="its own"):
        grad(f)(backend.array([1.0]))
    with pytest.raises(EscapedTrace):
        kept[0] + 1.0


def test_arrays_of_two_libraries(backend: Any) -> None:
    if backend.backend.library == "numpy":
        other = pytest.importorskip("array_api_strict").asarray([1.0, 2.0])
    else:
        other = np.asarray([1.0, 2.0])
    x, xp = backend.array([1.0, 2.0]), backend.xp
    with pytest.raises(MixedArrays, match=r"given arrays of \w+ and"):
        grad(lambda x, y: xp.sum(x), argnums=(0, 1))(
            *sorted([x, other], key=lambda z: type(z).__module__, reverse=True)
        )
    with pytest.raises(MixedArrays, match=f"multiply was given arrays of {backend.backend.library} and"):
        grad(lambda x: xp.sum(xp.multiply(x, other)))(x)
    with pytest.raises(MixedArrays, match="concat was given arrays of"):
        grad(lambda x: xp.sum(xp.concat([other, x])))(x)


@pytest.mark.parametrize("name", ["sum", "concatenate", "where", "dot", "exp", "add"])
def test_a_function_of_numpy_itself(name: str) -> None:
    def f(x: Any) -> Any:
        args = {"concatenate": ([x, x],), "where": (x > 0, x, x), "dot": (x, x), "add": (x, x)}
        return np.sum(getattr(np, name)(*args.get(name, (x,))))

    with pytest.raises(NotDifferentiable, match=r"cannot follow a gradient: call .*__array_namespace__"):
        grad(f)(np.asarray([1.0, 2.0]))


def test_a_function_without_a_rule() -> None:
    xp = bp.namespace("numpy")
    with pytest.raises(NotDifferentiable, match="nancumsum has no rule"):
        grad(lambda x: xp.sum(xp.nancumsum(x)))(np.asarray([1.0]))
    assert xp.nancumsum(np.asarray([1.0, 2.0])).tolist() == [1.0, 3.0]


def test_a_traced_array_by_keyword() -> None:
    xp = bp.namespace("numpy")
    with pytest.raises(NotDifferentiable, match="by position"):
        grad(lambda x: xp.sum(xp.add(np.asarray(1.0), x2=x)))(np.asarray(1.0))


def test_branches_on_values_are_taken(backend: Any) -> None:
    if backend.name in {"jax:jit", "strict:strictest"}:
        pytest.skip("values cannot be read there")

    def f(x: Any) -> Any:
        return x * x if x > 0 else -x * 3.0

    assert float(backend.host(grad(f)(backend.array(2.0)))) == 4.0
    assert float(backend.host(grad(f)(backend.array(-2.0)))) == -3.0


def test_a_number_read_from_an_array_would_lose_its_gradient(backend: Any) -> None:
    if backend.name in {"jax:jit", "strict:strictest"}:
        pytest.skip("values cannot be read there")
    x = backend.array(2.5)
    for reader in (float, int):
        with pytest.raises(NotDifferentiable, match=rf"{reader.__name__}\(\) of a traced array"):
            grad(lambda x, reader=reader: x * reader(x))(x)
        kept = grad(lambda x, reader=reader: x * reader(backend.xp.stop_gradient(x)))(x)
        assert float(backend.host(kept)) == reader(2.5)
    whole = grad(lambda x: x * int(backend.xp.argmax(backend.xp.stack([x, x + 1.0]))))(x)
    assert float(backend.host(whole)) == 1.0


def test_attributes_are_those_of_an_array(backend: Any) -> None:
    seen: dict[str, Any] = {}

    def f(x: Any) -> Any:
        seen.update(shape=x.shape, dtype=x.dtype, ndim=x.ndim, size=x.size, length=len(x), T=x.T.shape)
        seen.update(mT=x.mT.shape, name=x.__array_namespace__().__name__, rows=[row.shape for row in x])
        return backend.xp.sum(x)

    x = backend.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    grad(f)(x)
    lengths = {"shape": (2, 3), "ndim": 2, "size": 6, "length": 2, "T": (3, 2), "mT": (3, 2)}
    name = f"bpcore.namespace.{backend.backend.library}"
    assert seen == lengths | {"dtype": x.dtype, "name": name, "rows": [(3,), (3,)]}


def test_an_array_of_no_axes_has_no_length(backend: Any) -> None:
    with pytest.raises(TypeError):
        grad(lambda x: x * len(x))(backend.array(1.0))


OPERATORS: dict[str, tuple[Any, float]] = {
    "+": (lambda x: (x + 2.0) + (2.0 + x), 2.0),
    "-": (lambda x: (x - 2.0) + (2.0 - x) * 3.0, -2.0),
    "*": (lambda x: (x * 2.0) + (3.0 * x), 5.0),
    "/": (lambda x: (x / 2.0) + (8.0 / x), -1.5),
    "**": (lambda x: x**3 + 1.0**x, 12.0),
    "//": (lambda x: (x // 2.0) + (3.0 // x) + x, 1.0),
    "%": (lambda x: (x % 1.5) + (5.0 % x), -1.0),
    "unary": (lambda x: +x + (-x) * 3.0 + abs(-x), -1.0),
}  # fmt: skip


@pytest.mark.parametrize("name", OPERATORS)
def test_operators(backend: Any, name: str) -> None:
    f, wanted = OPERATORS[name]
    assert float(backend.host(backend.run(grad(f), backend.array(2.0)))) == wanted


def test_comparisons(backend: Any) -> None:
    def f(x: Any) -> Any:
        above, below = (x > 1.0) & (x >= 2.0), ~((x < 2.0) | (x <= 1.0))
        return backend.xp.where((above == below) ^ (x != 2.0), x * 3.0, -x)

    assert float(backend.host(backend.run(grad(f), backend.array(2.0)))) == 3.0
    assert float(backend.host(backend.run(grad(f), backend.array(5.0)))) == -1.0


def test_products(backend: Any) -> None:
    a, b = backend.array([[1.0, 2.0], [3.0, 4.0]]), backend.array([1.0, -1.0])
    g = backend.run(grad(lambda a, b: backend.xp.sum(a @ b), argnums=(0, 1)), a, b)
    assert [backend.host(part).tolist() for part in g] == [[[1.0, -1.0], [1.0, -1.0]], [4.0, 6.0]]


KEYS: list[Any] = [
    0, -1, (0, 1), slice(1, None), (slice(None), 1), (..., 0), (None, 0), (slice(None), None), ...,
    (0, ..., None),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_reading_parts(backend: Any, key: Any) -> None:
    data = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    part = np.asarray(data)[key]
    wanted = np.zeros((2, 3))
    wanted[key] = 2 * part
    g = backend.run(grad(lambda x: backend.xp.sum(backend.xp.square(x[key]))), backend.array(data))
    assert backend.host(g).tolist() == wanted.tolist()


def test_reading_by_an_index_array(backend: Any) -> None:
    x, places = backend.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), backend.array([2, 0, 2], "int32")
    g = backend.run(grad(lambda x: backend.xp.sum(backend.xp.square(x[places]))), x)
    assert backend.host(g).tolist() == [[2.0, 4.0], [0.0, 0.0], [20.0, 24.0]]


@pytest.mark.axes("numpy", "strict", "strict:device1", "strict:strictest", "jax", "jax:jit")
def test_places_counted_from_the_end(backend: Any) -> None:
    """Where the library takes them on the way there, they are right on the way back."""
    x, places = backend.array([1.0, 2.0, 3.0]), backend.array([-1, 0, -1], "int32")
    g = backend.run(grad(lambda x: backend.xp.sum(backend.xp.take(x, places) ** 2)), x)
    assert backend.host(g).tolist() == [2.0, 0.0, 12.0]


@pytest.mark.axes("numpy", "numpy:readonly", "strict", "strict:device1", "strict:device2", "torch", "cupy")
def test_reading_by_a_mask(backend: Any) -> None:
    x = backend.array([[1.0, -2.0], [3.0, -4.0]])
    for mask in (
        lambda x: x > 0,
        lambda x: backend.xp.greater(backend.array([[1.0, -1.0], [1.0, -1.0]]), 0.0),
    ):
        g = grad(lambda x, mask=mask: backend.xp.sum(backend.xp.square(x[mask(x)])))(x)
        assert backend.host(g).tolist() == [[2.0, 0.0], [6.0, 0.0]]
    second = grad(lambda x: backend.xp.sum(grad(lambda x: backend.xp.sum(x[x > 0] ** 3))(x)))(x)
    assert backend.host(second).tolist() == [[6.0, 0.0], [18.0, 0.0]]


@pytest.mark.parametrize("way", [np.asarray, np.from_dlpack, lambda x: np.asarray([1.0, x[0]]), complex])
def test_it_does_not_turn_into_a_numpy_array(way: Any) -> None:
    with pytest.raises(NotDifferentiable, match="gradient"):
        grad(lambda x: way(x).sum())(np.asarray([1.0, 2.0]))


def test_a_numpy_array_on_the_left_gives_way() -> None:
    left = np.asarray([1.0, 2.0])
    assert grad(lambda x: bp.namespace("numpy").sum(left * x))(left).tolist() == [1.0, 2.0]
    assert grad(lambda x: np.float64(3.0) * x)(np.asarray(1.0)).tolist() == 3.0


def test_the_namespace_of_another_library_is_named() -> None:
    pytest.importorskip("torch")
    with pytest.raises(
        MixedArrays, match=r'sum of bpcore.namespace\("torch"\) was given arrays of torch and numpy'
    ):
        grad(bp.namespace("torch").sum)(np.ones(3))
    with pytest.raises(OptionError, match=r"must be an array, was given \[1.0\]"):
        bp.special.erf([1.0])
