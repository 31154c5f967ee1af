"""One layer on trial: each promise that a layer makes, and how it is tried."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial

from bpcore.derivatives.checks.checking import GradCheck, check_grad
from bpcore.derivatives.namespaces.namespace import array_namespace, device_of
from bpcore.ground.backend import Backend
from bpcore.parts.keys import bits, fold_in, key, permutation
from bpcore.parts.layers import Layer
from bpcore.program.compiled import compile
from bpcore.words.errors import GradientMismatch, LayerError, NotDifferentiable, OptionError
from bpcore.words.protocols import Array, Dtype, Shape, Tree
from bpcore.words.trees import leaves, named_leaves, tree_map

__all__ = ["Trial"]

BATCH = 3
"""Samples that a layer is tried on."""


class Trial:
    """A layer, samples, and what is tried with them."""

    def __init__(self, layer: Layer, shape: Shape, place: Backend, seed: int, x: Array | None) -> None:
        self.layer, self.shape, self.place, self.given = layer, shape, place, x
        self.key = key(seed, backend=place, device=place.device)
        self.widest = "float64" if place.float64 else "float32"
        if x is not None and (len(x) < BATCH or tuple(x.shape[1:]) != shape):
            raise OptionError(
                "x of check_layer", f"shape {tuple(x.shape)}", f"{BATCH} or more samples of {shape}"
            )

    def fail(self, what: str) -> LayerError:
        """Return the error of a broken promise."""
        return LayerError(str(self.layer), what)

    def made(self, dtype: str) -> tuple[Tree, Tree, Array]:
        """Return parameters, state and samples of a dtype."""
        params = self.layer.init(fold_in(self.key, 0), self.shape, dtype=self.place.dtype(dtype))
        x = self.samples(dtype)
        like = next(iter(leaves(params)), x)
        return params, self.layer.init_state(self.shape, like=like), x

    def samples(self, dtype: str) -> Array:
        """Return samples of a dtype; whole numbers where the layer takes them."""
        kind = self.place.dtype("int32" if self.layer.integers else dtype)
        if self.given is not None:
            return self.place.asarray(self.given, dtype=kind, device=device_of(self.key))
        its_key, shape = fold_in(self.key, 1), (BATCH, *self.shape)
        if self.layer.integers:
            return array_namespace(its_key).bitwise_and(bits(its_key, shape), 1)
        return _spread(its_key, shape, kind)

    def run(self, params: Tree, state: Tree, x: Array, *, training: bool) -> tuple[Array, Tree]:
        """Return output and state; a layer that draws is given a key when it learns."""
        its_key = fold_in(self.key, 2)
        forward = partial(self.layer.forward, params, state, x, training=training)
        try:
            found: Tree = forward(key=its_key if training and self.layer.draws else None)
        except (AttributeError, OptionError, TypeError) as error:
            if training and not self.layer.draws and _succeeds(forward, its_key):
                raise self.fail("it draws while it learns: say so, with draws = True") from error
            raise
        if not isinstance(found, tuple) or len(found) != 2:  # noqa: PLR2004
            raise self.fail(f"forward must return a pair (output, state), returned {type(found).__name__}")
        return found

    def parameters(self) -> None:
        """Want arrays of the dtype that is asked for, on the key's device, the same for the same key."""
        for dtype in ("float32", self.widest):
            params, state, _ = self.made(dtype)
            for name, p in (*named_leaves(params), *named_leaves(state, "state")):
                self._alike(f"at the start {name} is", p, dtype)
        first, second = (self.made(self.widest)[0] for _ in range(2))
        if not _equal(first, second):
            raise self.fail("init makes other parameters from the same key: draw from the key alone")

    def _alike(self, what: str, y: Array, dtype: str) -> None:
        """Want an array of a dtype on the key's device."""
        if not hasattr(y, "dtype"):
            raise self.fail(f"{what} a {type(y).__name__}: an array is wanted")
        found = str(y.dtype).rpartition(".")[2]
        if found != dtype and not array_namespace(y).isdtype(y.dtype, "integral"):
            raise self.fail(f"{what} of dtype {found} where {dtype} is wanted: make arrays with dtype=")
        if device_of(y) != device_of(self.key):
            where = f"{device_of(y)} where {device_of(self.key)} is wanted"
            raise self.fail(f"{what} on device {where}: make arrays with device=")

    def outputs(self, dtype: str) -> None:
        """Want outputs of the promised shape, for one sample and for several, learning or not."""
        params, state, x = self.made(dtype)
        promised = tuple(self.layer.output_shape(self.shape))
        for training in (False, True):
            for batch in (x, x[: BATCH - 1, ...]):
                y, _ = self.run(params, state, batch, training=training)
                self._alike("the output is", y, dtype)
                wanted, given = (batch.shape[0], *promised), tuple(y.shape)
                if given != wanted:
                    raise self.fail(f"output_shape promises {wanted} for a batch, the output is {given}")

    def state_keeps_its_shapes(self) -> None:
        """Want a state of the same names, shapes and dtypes after a step, and the same state without one."""
        params, state, x = self.made(self.widest)
        before = _described(state)
        for training in (False, True):
            after = self.run(params, state, x, training=training)[1]
            if _described(after) != before:
                raise self.fail(f"the state {before} becomes {_described(after)}: a step keeps its shapes")
            if not training and not _equal(after, state):
                raise self.fail("the state changes where nothing is learnt: return it as it came")

    def repetition(self) -> None:
        """Want the same numbers again for the same input and key."""
        params, state, x = self.made(self.widest)
        for training in (False, True):
            first, again = (self.run(params, state, x, training=training)[0] for _ in range(2))
            if not _close(first, again):
                do = "draw from the key alone, with draws = True, and keep nothing in the layer"
                raise self.fail(f"it gives other numbers when it is called again: {do}")

    def independence(self) -> None:
        """Want, of the first sample alone, what it gave among others."""
        params, state, x = self.made(self.widest)
        whole, _ = self.run(params, state, x, training=False)
        alone, _ = self.run(params, state, x[:1, ...], training=False)
        if not _close(whole[:1, ...], alone):
            do = "pass independent=False if it must"
            raise self.fail(f"the output of a sample depends on the others of its batch: {do}")

    def replay(self) -> None:
        """Want the same numbers when the layer is recorded and replayed: nothing read, nothing drawn."""
        params, state, x = self.made(self.widest)
        for training in (False, True):
            forward = partial(self.run, training=training)
            eager, replayed = forward(params, state, x), compile(forward)(params, state, x)
            if not _close(eager[0], replayed[0]):
                do = "draw from the key alone, with draws = True"
                raise self.fail(f"it gives other numbers when it is replayed: {do}")

    def gradients(self, rtol: float | None, atol: float | None) -> Iterator[GradCheck]:
        """Compare gradients with differences: as it is used, and as it learns where that differs."""
        params, state, x = self.made(self.widest)
        for training in (False, True) if self.layer.draws or leaves(state) else (False,):

            def output(params: Tree, x: Array = x, training: bool = training) -> Array:  # noqa: FBT001
                return self.run(params, state, x, training=training)[0]

            args = (params,) if self.layer.integers else (params, x)
            try:
                yield check_grad(output, *args, rtol=rtol, atol=atol)
            except (GradientMismatch, NotDifferentiable) as error:
                when = " while it learns" if training else ""
                said = str(error).rstrip(".")
                raise self.fail(f"its gradient{when} is not its slope: {said}") from error


def _succeeds(forward: Callable[..., Tree], key: Array) -> bool:
    """Return whether a key is all that was missing."""
    try:
        forward(key=key)
    except (AttributeError, OptionError, TypeError):
        return False
    return True


def _spread(key: Array, shape: Shape, dtype: Dtype) -> Array:
    """Return numbers evenly spread and shuffled: none is near 0 or near another, where kinks may be."""
    xp, count = array_namespace(key), math.prod(shape)
    places = xp.astype(permutation(key, count), dtype)
    spread = xp.multiply(xp.add(places, 0.75 - count / 2), max(4 / max(count, 1), 0.01))
    return xp.reshape(spread, shape)


def _equal(a: Tree, b: Tree) -> bool:
    pairs = zip(leaves(a), leaves(b), strict=True)
    return all(bool(array_namespace(x).all(array_namespace(x).equal(x, y))) for x, y in pairs)


def _close(a: Array, b: Array) -> bool:
    xp = array_namespace(a)
    tolerance = float(xp.finfo(a.dtype).eps) ** 0.75
    far = xp.greater(xp.abs(xp.subtract(a, b)), xp.add(xp.multiply(xp.abs(b), tolerance), tolerance))
    return not bool(xp.any(far))


def _described(state: Tree) -> str:
    """Return a state's shapes and dtypes as text."""
    return str(tree_map(lambda s: f"{str(s.dtype).rpartition('.')[2]}{list(s.shape)}", state)).replace(
        "'", ""
    )
