"""Steps that nobody wrote, on PyTorch and on JAX: compiled, they compute what they compute uncompiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bpcore as bp

Axis = Any
Step = Callable[[Any, Any, Any, int], Any]
SHAPES = [(), (1,), (0,), (3,), (2, 3)]
NUMBERS = [1.0, 0.0, 2.0, 0.5, 3.0, -1.0, 2, 1e-3]
LARGEST = 64


def _fits(a: Any, b: Any) -> bool:
    try:
        np.broadcast_shapes(tuple(a.shape), tuple(b.shape))
    except ValueError:
        return False
    return True


def _two(function: Callable[[Any, Any, Any], Any]) -> Step:
    """Return a step of two arrays that broadcast; where they do not, of the first one twice."""
    return lambda xp, a, b, n: function(xp, a, b if _fits(a, b) else a)


def _flat(xp: Any, a: Any) -> Any:
    return xp.reshape(a, (-1,))


def _rows(xp: Any, a: Any) -> Any:
    return a if a.ndim == 2 else xp.expand_dims(_flat(xp, a), axis=0)


def _product(xp: Any, a: Any, b: Any, n: int) -> Any:
    a, b = _rows(xp, a), _rows(xp, b)
    return xp.tanh(xp.matmul(a, b if a.shape[1] == b.shape[0] else xp.matrix_transpose(a)))


def _joined(xp: Any, a: Any, b: Any, n: int) -> Any:
    a, b = _flat(xp, a), _flat(xp, b)
    return xp.concat([[a], [a, b], [a[:0], a], [a, a]][n % 4])


def _axes(a: Any, n: int) -> Any:
    return None if n % 3 == 0 else tuple(range(a.ndim))[n % 2 :]


def _number(n: int) -> Any:
    return NUMBERS[n % len(NUMBERS)]


STEPS: dict[str, Step] = {
    "add": _two(lambda xp, a, b: xp.add(a, b)),
    "subtract": _two(lambda xp, a, b: xp.subtract(a, b)),
    "multiply": _two(lambda xp, a, b: xp.multiply(a, b)),
    "divide": _two(lambda xp, a, b: xp.divide(a, xp.square(b) + 1.0)),
    "larger": _two(lambda xp, a, b: xp.maximum(a, b)),
    "mean of two": _two(lambda xp, a, b: xp.add(xp.multiply(a, 0.75), xp.multiply(b, 0.25))),
    "choose": _two(lambda xp, a, b: xp.where(xp.greater(a, 0.2371), a, b)),
    "scaled": lambda xp, a, b, n: xp.multiply(a, _number(n)),
    "from": lambda xp, a, b, n: xp.subtract(_number(n), a),
    "shifted": lambda xp, a, b, n: xp.add(a, _number(n)),
    "power": lambda xp, a, b, n: xp.pow(a, 2.0),
    "negative": lambda xp, a, b, n: xp.negative(a),
    "square": lambda xp, a, b, n: xp.square(a),
    "root": lambda xp, a, b, n: xp.sqrt(xp.abs(a) + 0.5),
    "tanh": lambda xp, a, b, n: xp.tanh(a),
    "relu": lambda xp, a, b, n: xp.relu(a),
    "softplus": lambda xp, a, b, n: xp.softplus(a),
    "sum": lambda xp, a, b, n: xp.sum(a, axis=_axes(a, n), keepdims=n % 2 == 0),
    "mean": lambda xp, a, b, n: xp.mean(a, axis=_axes(a, n), keepdims=n % 2 == 0),
    "max": lambda xp, a, b, n: xp.max(a, axis=_axes(a, n)),
    "product": _product,
    "joined": _joined,
    "slice": lambda xp, a, b, n: _flat(xp, a)[n % 2 :: n % 3 + 1],
    "row": lambda xp, a, b, n: a[0, ...] if a.ndim else a,
    "flip": lambda xp, a, b, n: xp.flip(a),
    "flat": lambda xp, a, b, n: _flat(xp, a),
    "column": lambda xp, a, b, n: xp.reshape(a, (-1, 1)),
    "same": lambda xp, a, b, n: xp.reshape(a, a.shape),
    "turned": lambda xp, a, b, n: xp.matrix_transpose(_rows(xp, a)),
    "wider": lambda xp, a, b, n: xp.broadcast_to(a, (n % 2 + 1, *a.shape)),
    "ones": lambda xp, a, b, n: xp.ones_like(a),
    "zeros": lambda xp, a, b, n: xp.zeros_like(a),
    "made": lambda xp, a, b, n: xp.full_like(a, _number(n)),
    "narrow": lambda xp, a, b, n: xp.astype(xp.astype(a, xp.float32), xp.float64),
    "whole": lambda xp, a, b, n: xp.astype(xp.greater(a, 0.2371), xp.float64),
    "taken": lambda xp, a, b, n: xp.take(_flat(xp, a), xp.asarray([0, -1, 0]), axis=0),
}
WANT_ELEMENTS = {"mean", "max", "row", "taken"}
IN_PLACE = ("add", "subtract", "multiply", "mean of two", "scaled", "from", "square", "row", "sum")
"""What is drawn more often: optimizers' arithmetic, and the scalars in it."""
NAME = st.one_of(st.sampled_from(sorted(STEPS)), st.sampled_from(IN_PLACE))
STEP = st.tuples(NAME, st.integers(0, 30), st.integers(0, 30), st.integers(0, 11))


class Drawn(NamedTuple):
    """A function of a namespace and of arrays of some shapes, the first of which it carries.

    Its first results are the next values of what it carries, in any order, or twice. Between two calls what
    is carried changes places, and `again` says which of it is data as well.
    """

    shapes: list[Any]
    carry: int
    steps: list[Any]
    ends: list[int]
    order: list[int]
    again: dict[int, int]

    def __call__(self, xp: Any, *given_: Any) -> Any:
        there = self.computed(xp, *given_)
        fitting = [[x for x in there if tuple(x.shape) == shape] for shape in self.shapes[: self.carry]]
        homes = [xs[-1 - i % len(xs)] for xs, i in zip(fitting, self.ends, strict=False)]
        return (*homes, *(there[-1 - i % len(there)] for i in self.ends[self.carry :]))

    def computed(self, xp: Any, *given_: Any) -> list[Any]:
        """Return all arrays that there are in the end."""
        there = list(given_)
        for name, i, j, n in self.steps:
            a, b = there[-1 - i % len(there)], there[-1 - j % len(there)]
            if 0 not in a.shape or name not in WANT_ELEMENTS:
                made = STEPS[name](xp, a, b, n)
                there.extend([made] if np.prod(made.shape) <= LARGEST and made.ndim < 4 else [])
        return there


@st.composite
def functions(draw: Any) -> Drawn:
    """Return a function, and how it is called."""
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=2, max_size=5))
    carry = draw(st.integers(0, len(shapes) - 1))
    steps = draw(st.lists(STEP, min_size=1, max_size=14))
    ends = draw(st.lists(st.integers(0, 30), min_size=len(shapes), max_size=len(shapes) + 1))
    alike = [[k for k in range(carry) if shapes[k] == shape] for shape in shapes]
    order = [draw(st.sampled_from(places)) for places in alike[:carry]]
    data = [k for k in range(carry, len(shapes)) if alike[k] and draw(st.booleans())]
    again = {k: draw(st.sampled_from(alike[k])) for k in data}
    return Drawn(shapes, carry, steps, ends, order, again)


def _near(backend: Axis, got: Any, wanted: Any, size: float) -> None:
    for one, other in zip(got, wanted, strict=True):
        x = backend.host(one)
        assert (x.shape, x.dtype) == (other.shape, other.dtype)
        np.testing.assert_allclose(x, other, rtol=1e-12, atol=1e-12 * size)


def _eager(backend: Axis, drawn: Drawn, args: list[Any]) -> tuple[list[Any], float]:
    """Return the results as NumPy's, and the largest number on the way: what they are right to."""
    given_ = [backend.array(np.array(x)) for x in args]
    on_the_way = [backend.host(x) for x in drawn.computed(backend.xp, *given_)]
    sizes = [np.max(np.abs(x), initial=1.0, where=np.isfinite(x)) for x in on_the_way]
    return [np.array(backend.host(y)) for y in drawn(backend.xp, *given_)], float(max(sizes))


def check(backend: Axis, drawn: Drawn) -> None:
    """Compare three calls with the function itself."""
    random, carry, size = np.random.default_rng(0), drawn.carry, 1.0
    compiled = bp.compile(lambda *args: drawn(backend.xp, *args), carry=carry)
    eager = [np.asarray(random.normal(size=shape)) for shape in drawn.shapes[:carry]]
    carried = [backend.array(x) for x in eager]
    reports = []
    for number in range(3):
        data = [np.asarray(random.normal(size=shape)) for shape in drawn.shapes[carry:]]
        given_ = [backend.array(x) for x in data]
        if number:
            eager, carried = ([xs[k] for k in drawn.order] for xs in (eager, carried))
            for k, place in drawn.again.items():
                data[k - carry], given_[k - carry] = eager[place], carried[place]
        wanted, here = _eager(backend, drawn, [*eager, *data])
        size = max(size, here)
        got = compiled(*carried, *given_)
        _near(backend, got, wanted, size)
        reports.append((got[carry:], wanted[carry:]))
        eager, carried = wanted[:carry], got[:carry]
    for got, wanted in reports:  # what is not carried stays as it was returned
        _near(backend, got, wanted, size)


def check_scan(backend: Axis, drawn: Drawn) -> None:
    """Compare three steps of a scan with the function itself."""
    random, carry, size = np.random.default_rng(1), drawn.carry, 1.0
    eager = [np.asarray(random.normal(size=shape)) for shape in drawn.shapes[:carry]]
    columns = [np.asarray(random.normal(size=(3, *shape))) for shape in drawn.shapes[carry:]]
    compiled = bp.compile(lambda *args: drawn(backend.xp, *args), carry=carry)
    found = compiled.scan(*map(backend.array, (*eager, *columns)))
    reports = []
    for i in range(3):
        wanted, here = _eager(backend, drawn, [*eager, *(x[i] for x in columns)])
        size = max(size, here)
        reports.append(wanted[carry:])
        eager = wanted[:carry]
    _near(backend, found[:carry], eager, size)
    _near(backend, found[carry:], [np.stack(column) for column in zip(*reports, strict=True)], size)


def _examples(count: int) -> Any:
    return settings(
        max_examples=count, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )


@pytest.mark.axes("torch")
@_examples(100)
@given(functions())
def test_compiled_a_step_is_what_it_is(backend: Axis, drawn: Drawn) -> None:
    check(backend, drawn)
    if drawn.carry:
        check_scan(backend, drawn)


@pytest.mark.axes("jax")
@_examples(15)
@given(functions())
def test_donating_changes_nothing(backend: Axis, drawn: Drawn) -> None:
    check(backend, drawn)
    if drawn.carry:
        check_scan(backend, drawn)
