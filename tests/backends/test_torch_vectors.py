"""Formulas on all carried arrays at once: whatever replaces what, PyTorch computes what they say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.words.trees import leaves, tree_map

Axis = Any
pytestmark = pytest.mark.axes("torch")
OPTIMIZERS = [bp.SGD(), bp.Momentum(), bp.Nesterov(), bp.Adagrad(), bp.RMSprop(), bp.Adam(), bp.AdamW()]
ROLES = [len(optimizer.memories) + 1 for optimizer in OPTIMIZERS]
ORDERS = [
    (optimizer, order)
    for optimizer, roles in zip(OPTIMIZERS, ROLES, strict=True)
    for order in product(range(roles), repeat=roles)
]


def put(backend: Axis, tree: Any) -> Any:
    return tree_map(lambda x: backend.array(np.array(x)), tree)


def assert_same(backend: Axis, one: Any, other: Any) -> None:
    for a, b in zip(leaves(one), leaves(other), strict=True):
        x, y = backend.host(a), backend.host(b)
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        size = np.max(np.abs(y), initial=1.0, where=np.isfinite(y))
        np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-11 * size)


def check(backend: Axis, step: Callable[..., Any], carry: int, *args: Any) -> None:
    """Compare three steps with the function itself; what it is given is the same each time."""
    compiled, shown = bp.compile(step, carry=carry), []
    eager, carried = put(backend, args), put(backend, args)
    for _ in range(3):
        wanted, got = step(*eager), compiled(*carried)
        assert_same(backend, got, wanted)
        shown.append((got[carry:], wanted[carry:]))
        eager = (*tree_map(lambda x: x.clone(), wanted[:carry]), *eager[carry:])
        carried = (*got[:carry], *carried[carry:])
    for got, wanted in shown:
        assert_same(backend, got, wanted)


def arrays(role: int, shapes: Sequence[Any] = ((3,), (2, 2))) -> list[Any]:
    """Return positive numbers for a role."""
    return [1.5 + role + np.sin(np.arange(float(np.prod(shape)))).reshape(shape) for shape in shapes]


@pytest.mark.parametrize(
    ("optimizer", "order"), ORDERS, ids=lambda x: x if type(x) is tuple else type(x).__name__
)
def test_an_optimizers_results_go_where_they_are_returned(
    backend: Axis, optimizer: Any, order: tuple[int, ...]
) -> None:
    xp, count = backend.xp, len(order)

    def step(*given_: Any) -> Any:
        *carried, grads, rate = given_
        scalars = optimizer.scalars(xp, rate, rate * 10.0)
        rows = zip(*carried, grads, strict=True)
        made = [optimizer.leaf(xp, p, g, scalars, *memory) for p, *memory, g in rows]
        return tuple([lane[k] for lane in made] for k in order)

    check(backend, step, count, *[arrays(role) for role in range(count + 1)], np.asarray(0.125))


def adam(xp: Any, p: Any, m: Any, v: Any, g: Any, length: Any, small: Any) -> Any:
    m = m * 0.75 + g * 0.25
    v = v * 0.875 + xp.square(g) * 0.125
    return p - (m * length) / (xp.sqrt(v) + small), m, v


@pytest.mark.parametrize("gradient", range(4))
@pytest.mark.parametrize("length", [0.5, (), (2,)])
@pytest.mark.parametrize("small", [0.25, (), (2,)])
def test_adams_scalars_may_be_numbers_or_no_scalars_and_its_gradient_carried(
    backend: Axis, gradient: int, length: Any, small: Any
) -> None:
    def step(*given_: Any) -> Any:
        scalars = [y if type(x) is tuple else x for x, y in zip((length, small), given_[4:], strict=True)]
        return adam(backend.xp, *given_[:3], given_[gradient], *scalars)

    shapes = [x if type(x) is tuple else () for x in (length, small)]
    check(backend, step, 3, *[arrays(k, [(2,)])[0] for k in range(4)], *[np.full(s, 0.5) for s in shapes])


def test_what_stands_in_adams_place_twice_is_no_scalar(backend: Axis) -> None:
    def step(p: Any, m: Any, v: Any, g: Any, length: Any) -> Any:
        held = v * 0.875
        m, v = m * 0.75 + g * 0.25, held + backend.xp.square(g) * 0.125
        return p - (m * length) / (backend.xp.sqrt(v) + held), m, v

    check(backend, step, 3, *[arrays(k, [(2,)])[0] for k in range(4)], np.asarray(0.5))


def test_an_array_is_read_before_another_one_replaces_it(backend: Axis) -> None:
    xp = backend.xp

    def step(a: Any, b: Any, c: Any) -> Any:
        return xp.tanh(xp.negative(b)), xp.negative(c), xp.negative(b)

    def nested(a: Any, b: Any, c: Any) -> Any:
        turned = xp.negative(b)
        return xp.negative(turned), xp.negative(c), turned

    for f in (step, nested):
        check(backend, f, 3, *[arrays(k, [(3,)])[0] for k in range(3)])


def test_one_formula_of_a_carried_array_and_of_data(backend: Axis) -> None:
    xp = backend.xp

    def step(a: Any, b: Any, c: Any, x: Any) -> Any:
        return xp.tanh(x), xp.square(a), xp.square(x)

    check(backend, step, 3, *[arrays(k, [(3,)])[0] for k in range(4)])


def test_a_scalar_is_read_before_the_array_that_it_is_a_part_of_is_replaced(backend: Axis) -> None:
    xp = backend.xp

    def step(a: Any, b: Any, x: Any) -> Any:
        g = xp.matmul(x, x)
        first, last = a[0, 0, ...], xp.reshape(g[1:, 1:], ())
        return xp.tanh(a * first) * last - first, xp.square(b - first) * b[1, 0, ...] + g * last, first

    check(backend, step, 2, *[arrays(k, [(2, 2)])[0] for k in range(3)])


@pytest.mark.parametrize("seen", [lambda x: x, lambda x: x[...], lambda x: x.detach(), lambda x: x.data])
def test_what_is_carried_may_be_data_too(backend: Axis, seen: Callable[[Any], Any]) -> None:
    def step(a: Any, b: Any, data: Any) -> Any:
        return b, data["x"]

    compiled = bp.compile(step, carry=2)
    a, b = compiled(*(backend.array([k, -k]) for k in (1.0, 2.0)), {"x": backend.array([3.0, -3.0])})
    a, b = compiled(a, b, {"x": seen(a)})
    assert (a.tolist(), b.tolist()) == ([3.0, -3.0], [2.0, -2.0])
    a, b = compiled(b, b, {"x": seen(a)})  # copied before others are brought in
    assert (a.tolist(), b.tolist()) == ([2.0, -2.0], [3.0, -3.0])
    a, b = compiled(seen(b), seen(a), {"x": a})
    assert (a.tolist(), b.tolist()) == ([2.0, -2.0], [2.0, -2.0])


def test_the_text_before_the_first_call_is_that_of_it_and_keeps_nothing(backend: Axis) -> None:
    compiled = bp.compile(lambda p, g: (backend.xp.subtract(p, g * 0.5), backend.xp.sum(p * g)), carry=1)
    p, g = backend.array([1.0, 2.0]), backend.array([3.0, 4.0])
    text = compiled.source(p, g)
    assert text.startswith("def program(")
    assert not compiled._shared
    compiled(p, g)
    assert compiled.source(p, g) == text


# -- formulas that nobody wrote ------------------------------------------------------------------------------

UNARY = ("negative", "square", "abs", "tanh")
BINARY = ("add", "subtract", "multiply", "maximum", "minimum")
NUMBERS = (0.5, -0.25, 2.0, 1.0, 3)
WAYS: list[Callable[[Any, Any], Any]] = [
    lambda xp, x: x,
    lambda xp, x: xp.tanh(x),
    lambda xp, x: xp.flip(x),
    lambda xp, x: xp.reshape(xp.square(x), x.shape),
    lambda xp, x: xp.matmul(x, xp.matmul(xp.matrix_transpose(x), x)) if x.ndim == 2 else xp.relu(x - 2.0),
]
"""What becomes of data before a formula reads it."""
SHAPES = [(3,), (2, 3), (1,), (0,), (), (20,)]


def applied(xp: Any, formula: Sequence[Any], there: list[Any], scalars: Sequence[Any]) -> list[Any]:
    """Return what a formula makes of a lane's arrays, after these."""
    for which, i, j in formula:
        a, b = there[-1 - i % len(there)], there[-1 - j % len(there)]
        if which < len(UNARY):
            made = getattr(xp, UNARY[which])(a)
        else:
            function, more = getattr(xp, BINARY[which % len(BINARY)]), which // len(BINARY)
            other = [b, scalars[j % len(scalars)], NUMBERS[j % len(NUMBERS)]][more % 3]
            made = function(other, a) if j % 2 else function(a, other)
        there = [*there, made]
        there.append(xp.divide(made, xp.sqrt(xp.square(b) + 0.5)) if j % 5 == 0 else made * 0.75)
        there.append(xp.minimum(xp.maximum(made, -3.0), 3.0))
    return there


def parts(xp: Any, role: Sequence[Any]) -> list[Any]:
    """Return the first number of each array that has one."""
    return [xp.reshape(x, (-1,))[0, ...] for x in role if 0 not in x.shape]


def mirrored(shapes: Sequence[Any]) -> list[int]:
    """Return an order in which arrays of one shape stand the other way round."""
    alike = [[i for i, other in enumerate(shapes) if other == shape] for shape in shapes]
    return [places[-1 - places.index(k)] for k, places in enumerate(alike)]


@st.composite
def formulas(draw: Any) -> Any:
    """Return a step on lists of arrays of some roles, how many it carries, and its arguments."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=4))
    carry, more = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    formula = draw(st.lists(st.tuples(*[st.integers(0, 19)] * 3), min_size=1, max_size=8))
    ends = draw(st.lists(st.integers(0, 12), min_size=carry, max_size=carry + 1))
    turned, way, shown = draw(st.booleans()), draw(st.sampled_from(WAYS)), draw(st.booleans())

    def step(xp: Any, rate: Any, *given_: Any) -> Any:
        data = [[way(xp, x) for x in role] for role in given_[carry:]]
        columns = zip(*given_[:carry], *data, strict=True)
        scalars = (rate, rate * 0.5, *parts(xp, given_[0]))
        lanes = [applied(xp, formula, list(lane), scalars) for lane in columns]
        results = [[lane[-1 - end % len(lane)] for lane in lanes] for end in ends]
        results += data if shown else []
        if turned:
            results[0] = [results[0][k] for k in mirrored(shapes)]
        return (rate * 0.75, *results)

    return step, 1 + carry, [np.asarray(0.5), *[arrays(k, shapes) for k in range(carry + more)]]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(formulas())
def test_formulas_on_vectors_are_formulas_on_arrays(backend: Axis, drawn: Any) -> None:
    step, carry, args = drawn
    check(backend, lambda *given_: step(backend.xp, *given_), carry, *args)
