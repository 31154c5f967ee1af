"""The steps of L-BFGS: what is computed on arrays, and what is decided in Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.derivatives.transforms.gradients import value_and_grad
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend_of
from bpcore.parts.optimizers.line_search import Point, strong_wolfe
from bpcore.program.compiled import compile
from bpcore.words.protocols import Array, Tree
from bpcore.words.trees import flatten, leaves, unflatten

__all__ = ["Stepper"]


class _Seen(NamedTuple):
    """A point that was evaluated: the parameters as one vector, the gradient, what else is reported."""

    vector: Array
    gradient: Array
    aux: Tree


class Stepper:
    """The steps of a search, over compiled functions.

    Parameters
    ----------
    f : function
        ``f(params, *data)``, to a value and what else is to be reported.
    rate, tolerance : float
    evaluations : int
        As for `LBFGS`.
    compiled : bool
    backend : str, Backend or None

    Attributes
    ----------
    forgets : bool
        Whether the last step failed, and the next will start anew from the gradient alone.
    """

    def __init__(
        self,
        f: Callable[..., tuple[Array, Tree]],
        *,
        rate: float,
        evaluations: int,
        tolerance: float,
        compiled: bool = True,
        backend: str | Backend | None = None,
    ) -> None:
        self.rate, self.evaluations, self.tolerance = rate, evaluations, tolerance
        self.forgets = False
        self._gradient = value_and_grad(f, has_aux=True)

        def made(function: Callable[..., Tree]) -> Callable[..., Tree]:
            return compile(function, backend=backend) if compiled else function

        self._probe, self._direction = made(self._evaluated), made(_direction)
        self._remembered = made(_remembered)
        self._structure: Tree = None
        self._last: tuple[Tree, Point] | None = None

    def __call__(self, params: Tree, state: Tree, *data: Array) -> tuple[Tree, Tree, Tree]:
        """Return the next parameters and state, and what `f` reported at the given ones.

        The parameters come back as they are where the search is at its end.
        """
        start = self._point_at(params, *data)
        seen: _Seen = start.what  # type: ignore[assignment]
        found, numbers = self._direction(seen.gradient, state["moves"], state["turns"])
        slope, size, total, known = _host(numbers)
        if not math.isfinite(start.value) or not size > self.tolerance:
            self.forgets = False
            return params, state, seen.aux
        if not slope < 0:  # rounding left no way down in what is remembered
            return params, self._forgotten(state, again=known != 0), seen.aux
        first = self.rate * (1.0 if known else min(1.0, 1.0 / total))

        def probe(step: float) -> Point:
            return self._point(seen.vector, found, step, *data)

        noise = 4 * float(array_namespace(found).finfo(found.dtype).eps) * abs(start.value)
        origin = Point(0.0, start.value, slope, seen)
        end = strong_wolfe(probe, origin, first, self.evaluations, noise)
        if end is None or (end.value >= start.value and _size(end) >= size):
            return params, self._forgotten(state, again=known != 0), seen.aux
        self.forgets = False
        there: _Seen = end.what  # type: ignore[assignment]
        moves, turns, count = self._remembered(
            *(state["moves"], state["turns"], state["count"]),
            *(seen.vector, there.vector, seen.gradient, there.gradient),
        )
        new = self._tree(there.vector)
        self._last = new, end
        return new, {**state, "moves": moves, "turns": turns, "count": count}, seen.aux

    def seen(self, params: Tree, *data: Array) -> tuple[float, float]:
        """Return the value and the largest absolute value of the gradient at these parameters."""
        point = self._point_at(params, *data)
        return point.value, _size(point)

    def _forgotten(self, state: Tree, *, again: bool) -> Tree:
        """Return the state without what was remembered."""
        self.forgets = again
        zeros = {name: array_namespace(state[name]).zeros_like(state[name]) for name in ("moves", "turns")}
        return {**state, **zeros}

    def _point_at(self, params: Tree, *data: Array) -> Point:
        """Return the point of some parameters; that of the last step is known."""
        if self._last is not None and self._last[0] is params:
            return self._last[1]
        arrays, structure = flatten(params)
        self._structure = structure, [(tuple(p.shape), p.dtype) for p in arrays]
        vector = _vector(arrays)
        point = self._point(vector, array_namespace(vector).zeros_like(vector), 0.0, *data)
        self._last = params, point
        return point

    def _point(self, vector: Array, direction: Array, step: float, *data: Array) -> Point:
        xp = array_namespace(vector)
        length = xp.full((), step, dtype=vector.dtype, device=device_of(vector))
        numbers, *seen = self._probe(vector, direction, length, *data)
        value, slope = _host(numbers)
        return Point(step, value, slope, _Seen(*seen))

    def _evaluated(
        self, vector: Array, direction: Array, step: Array, *data: Array
    ) -> tuple[Array, Array, Array, Tree]:
        """Return value and slope at a point, the point, the gradient, and what is reported."""
        xp = array_namespace(vector)
        there = xp.add(vector, xp.multiply(direction, step))
        (value, aux), grads = self._gradient(self._tree(there), *data)
        gradient = _vector(leaves(grads))
        slope = xp.sum(xp.multiply(gradient, direction))
        return xp.stack([xp.astype(value, slope.dtype), slope]), there, gradient, aux

    def _tree(self, vector: Array) -> Tree:
        xp = array_namespace(vector)
        structure, kinds = self._structure
        arrays, begin = [], 0
        for shape, dtype in kinds:
            end = begin + math.prod(shape)
            array = xp.reshape(vector[begin:end], shape)
            arrays.append(array if dtype == vector.dtype else xp.astype(array, dtype))
            begin = end
        return unflatten(structure, arrays)


def _size(point: Point) -> float:
    """Return the largest absolute value in the gradient of a point."""
    gradient = point.what.gradient  # type: ignore[attr-defined]
    xp = array_namespace(gradient)
    return float(backend_of(gradient).to_host(xp.max(xp.abs(gradient))))


def _host(numbers: Array) -> list[float]:
    """Read a few numbers, in one transfer."""
    return [float(number) for number in backend_of(numbers).to_host(numbers)]


def _vector(arrays: list[Array]) -> Array:
    """Return arrays as one vector, in the dtype of the first."""
    xp, dtype = array_namespace(arrays[0]), arrays[0].dtype
    flat = [xp.reshape(x if x.dtype == dtype else xp.astype(x, dtype), (-1,)) for x in arrays]
    return xp.concat(flat) if len(flat) > 1 else flat[0]


def _direction(gradient: Array, moves: Array, turns: Array) -> tuple[Array, Array]:
    """Return the way down by the two loops, and: its slope, sizes of the gradient, whether much is known."""
    xp = array_namespace(gradient)
    products = xp.sum(xp.multiply(moves, turns), axis=1)
    one, zero = xp.ones_like(products), xp.zeros_like(products)
    known = xp.greater(products, 0.0)
    shares = xp.where(known, xp.divide(one, xp.where(known, products, one)), zero)
    way, parts = gradient, []
    for i in reversed(range(moves.shape[0])):
        part = xp.multiply(shares[i, ...], xp.sum(xp.multiply(moves[i, ...], way)))
        way = xp.subtract(way, xp.multiply(turns[i, ...], part))
        parts.append(part)
    square = xp.sum(xp.square(turns[-1, ...]))
    full = xp.greater(square, 0.0)
    safe = xp.where(full, square, xp.ones_like(square))
    way = xp.multiply(way, xp.where(full, xp.divide(products[-1, ...], safe), xp.ones_like(square)))
    for i in range(moves.shape[0]):
        part = xp.multiply(shares[i, ...], xp.sum(xp.multiply(turns[i, ...], way)))
        way = xp.add(way, xp.multiply(moves[i, ...], xp.subtract(parts.pop(), part)))
    down, sizes = xp.negative(way), xp.abs(gradient)
    slope = xp.sum(xp.multiply(down, gradient))
    return down, xp.stack([slope, xp.max(sizes), xp.sum(sizes), products[-1, ...]])


def _remembered(
    moves: Array, turns: Array, count: Array, x: Array, new_x: Array, g: Array, new_g: Array
) -> tuple[Array, Array, Array]:
    """Return what is remembered after a step; one that shows no curvature is not."""
    xp = array_namespace(x)
    move, turn = xp.subtract(new_x, x), xp.subtract(new_g, g)
    curved = xp.greater(
        xp.sum(xp.multiply(move, turn)), xp.multiply(xp.abs(xp.sum(xp.multiply(move, g))), 1e-10)
    )
    kept = [
        xp.where(curved, xp.concat([rows[1:, ...], xp.expand_dims(row, axis=0)]), rows)
        for rows, row in ((moves, move), (turns, turn))
    ]
    return kept[0], kept[1], xp.add(count, 1.0)
