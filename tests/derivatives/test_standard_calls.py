"""Every spelling that the standard allows, on plain and on traced arrays: values, shapes and dtypes alike.

array-api-strict says what is right.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bpcore.derivatives.namespaces.namespace import namespace
from bpcore.derivatives.transforms.gradients import vjp
from bpcore.ground.registry import backend as open_backend
from bpcore.words.trees import leaves

F = [[3.5, -1.25, 2.0], [0.5, 5.0, -4.0]]
TIES = [2.0, -1.0, 2.0, 0.0, -1.0]
C = [[1.5 + 2.0j, -0.5 - 1.0j], [2.0 - 0.25j, -1.0 + 3.0j]]
I = [[3, -1, 2], [0, 5, -4]]  # noqa: E741


Seen = list[tuple[str, list[Any]]]


class Given:
    """What a call is made with: floats `x`, a vector `v`, complex `c`, whole numbers `i`."""

    def __init__(self, backend: Any, xp: Any, x: Any, v: Any, c: Any) -> None:
        self.backend, self.xp, self.x, self.v, self.c = backend, xp, x, v, c
        self.wide, self.narrow = backend.backend.dtype(backend.float), backend.backend.dtype("float32")

    def whole(self, data: Any) -> Any:
        return self.backend.array(data, "int32")

    @property
    def i(self) -> Any:
        return self.whole(I)

    def floats(self, data: Any, dtype: str | None = None) -> Any:
        return self.backend.array(data, dtype)


CALLS: dict[str, tuple[Callable[[Given], Any], ...]] = {
    "all": (lambda o: o.xp.all(o.xp.greater(o.x, 0.0), axis=(0, 1), keepdims=True),),
    "any": (lambda o: o.xp.any(o.xp.greater(o.x, 0.0), axis=1),),
    "argmax": (lambda o: o.xp.argmax(o.x), lambda o: o.xp.argmax(o.x, axis=0, keepdims=True)),
    "argmin": (lambda o: o.xp.argmin(o.x), lambda o: o.xp.argmin(o.x, axis=-1)),
    "argsort": (
        lambda o: o.xp.argsort(o.x),
        lambda o: o.xp.argsort(o.v, descending=True, stable=True),
        lambda o: o.xp.argsort(o.v, stable=True),
        lambda o: o.xp.argsort(o.x, axis=0, stable=False),
    ),
    "asarray": (
        lambda o: o.xp.asarray(o.x),
        lambda o: o.xp.asarray(o.x, copy=True),
        lambda o: o.xp.asarray(o.x, copy=False),
        lambda o: o.xp.asarray(o.x, dtype=o.narrow, device=o.x.device),
    ),
    "astype": (
        lambda o: o.xp.astype(o.x, o.narrow),
        lambda o: o.xp.astype(o.x, o.x.dtype, copy=False),
        lambda o: o.xp.astype(o.x, o.narrow, device=o.x.device),
        lambda o: o.xp.astype(o.x, o.c.dtype),
        lambda o: o.xp.astype(o.x, o.i.dtype),
    ),
    "broadcast_arrays": (lambda o: o.xp.broadcast_arrays(o.x, o.x[0, :], o.x[:, 1:2]),),
    "broadcast_to": (
        lambda o: o.xp.broadcast_to(o.x, (2, 2, 3)),
        lambda o: o.xp.broadcast_to(o.x, shape=(2, 2, 3)),
    ),
    "clip": (
        lambda o: o.xp.clip(o.x, -1.0, 2.0),
        lambda o: o.xp.clip(o.x, max=2.0),
        lambda o: o.xp.clip(o.x, min=-1.0, max=None),
        lambda o: o.xp.clip(o.x, -1, 2),
        lambda o: o.xp.clip(o.x),
        lambda o: o.xp.clip(o.x, min=o.xp.negative(o.xp.abs(o.x[0, :])), max=o.x[1:, 1:2]),
        lambda o: o.xp.clip(o.xp.astype(o.x, o.narrow), max=o.x[1:, 1:2]),
        lambda o: o.xp.clip(o.i, -1, 3),
    ),
    "concat": (
        lambda o: o.xp.concat([o.x, o.x], axis=-1),
        lambda o: o.xp.concat((o.x, o.x[:1, :])),
        lambda o: o.xp.concat([o.x, o.v], axis=None),
    ),
    "count_nonzero": (
        lambda o: o.xp.count_nonzero(o.x),
        lambda o: o.xp.count_nonzero(o.v, axis=0, keepdims=True),
        lambda o: o.xp.count_nonzero(o.x, axis=(0, 1)),
    ),
    "cumulative_prod": (
        lambda o: o.xp.cumulative_prod(o.v),
        lambda o: o.xp.cumulative_prod(o.x, axis=-1, include_initial=True),
        lambda o: o.xp.cumulative_prod(o.x, axis=0, dtype=o.narrow),
    ),
    "cumulative_sum": (
        lambda o: o.xp.cumulative_sum(o.v),
        lambda o: o.xp.cumulative_sum(o.x, axis=-1, include_initial=True),
        lambda o: o.xp.cumulative_sum(o.x, axis=0, dtype=o.narrow),
    ),
    "diff": (
        lambda o: o.xp.diff(o.x),
        lambda o: o.xp.diff(o.x, axis=0, prepend=None),
        lambda o: o.xp.diff(o.v, n=2),
        lambda o: o.xp.diff(o.v, n=0),
        lambda o: o.xp.diff(o.x, n=2, prepend=o.x[:, :1], append=o.x[:, 1:]),
    ),
    "expand_dims": (
        lambda o: o.xp.expand_dims(o.x, 0),
        lambda o: o.xp.expand_dims(o.x, axis=-1),
        lambda o: o.xp.expand_dims(o.x, (0, -1)),
        lambda o: o.xp.expand_dims(o.x, axis=(1, 3)),
    ),
    "flip": (lambda o: o.xp.flip(o.x), lambda o: o.xp.flip(o.x, axis=(0, 1))),
    "full": (lambda o: o.xp.full((2, 3), o.v[0, ...]), lambda o: o.xp.full(2, o.v[0, ...], dtype=o.narrow)),
    "full_like": (
        lambda o: o.xp.full_like(o.x, 2.5),
        lambda o: o.xp.full_like(o.x, fill_value=2.5, dtype=o.narrow),
    ),
    "isin": (
        lambda o: o.xp.isin(o.i, o.whole([2, 5])),
        lambda o: o.xp.isin(o.i, 5),
    ),
    "linspace": (
        lambda o: o.xp.linspace(o.v[1, ...], o.v[0, ...], 5),
        lambda o: o.xp.linspace(o.v[0, ...], 1.0, num=3, endpoint=False),
        lambda o: o.xp.linspace(0.0, o.v[0, ...], 1),
    ),
    "meshgrid": (
        lambda o: o.xp.meshgrid(o.v, o.x[0, :]),
        lambda o: o.xp.meshgrid(o.v, o.x[0, :], o.x[1, :], indexing="ij"),
        lambda o: o.xp.meshgrid(o.v, o.x[0, :], o.x[1, :2]),
        lambda o: o.xp.meshgrid(o.v),
        lambda o: o.xp.meshgrid(),
    ),
    "moveaxis": (lambda o: o.xp.moveaxis(o.x, 0, -1), lambda o: o.xp.moveaxis(o.x, (0, 1), (1, 0))),
    "nonzero": (lambda o: o.xp.nonzero(o.xp.greater(o.x, 0.0)),),
    "permute_dims": (
        lambda o: o.xp.permute_dims(o.x, (1, 0)),
        lambda o: o.xp.permute_dims(o.x, axes=(-1, 0)),
    ),
    "prod": (
        lambda o: o.xp.prod(o.x),
        lambda o: o.xp.prod(o.x, axis=(0, 1), keepdims=True),
        lambda o: o.xp.prod(o.x, axis=-1, dtype=o.narrow),
    ),
    "repeat": (
        lambda o: o.xp.repeat(o.x, 2),
        lambda o: o.xp.repeat(o.x, 3, axis=-1),
        lambda o: o.xp.repeat(o.x, o.whole([2, 0, 1]), axis=1),
        lambda o: o.xp.repeat(o.v, o.whole([2, 0, 1, 1, 3])),
    ),
    "reshape": (
        lambda o: o.xp.reshape(o.x, (-1,)),
        lambda o: o.xp.reshape(o.x, shape=(3, 2), copy=True),
    ),
    "roll": (
        lambda o: o.xp.roll(o.x, 2),
        lambda o: o.xp.roll(o.x, shift=1, axis=-1),
        lambda o: o.xp.roll(o.x, (1, -1), axis=(0, 1)),
    ),
    "searchsorted": (
        lambda o: o.xp.searchsorted(o.xp.sort(o.v), o.x),
        lambda o: o.xp.searchsorted(o.v, o.x, side="right", sorter=o.xp.argsort(o.v)),
        lambda o: o.xp.searchsorted(o.xp.sort(o.v), 0.5),
    ),
    "sign": (lambda o: o.xp.sign(o.x), lambda o: o.xp.sign(o.c)),
    "sort": (
        lambda o: o.xp.sort(o.x),
        lambda o: o.xp.sort(o.x, axis=0, descending=True),
        lambda o: o.xp.sort(o.v, stable=False),
    ),
    "squeeze": (
        lambda o: o.xp.squeeze(o.x[:1, :], 0),
        lambda o: o.xp.squeeze(o.x[:1, :1], axis=(0, -1)),
    ),
    "stack": (lambda o: o.xp.stack((o.x, o.x), axis=-1), lambda o: o.xp.stack([o.x])),
    "std": (lambda o: o.xp.std(o.x, axis=(0, 1), correction=1.0), lambda o: o.xp.std(o.x, keepdims=True)),
    "sum": (lambda o: o.xp.sum(o.x, axis=0, dtype=o.narrow), lambda o: o.xp.sum(o.c, axis=(0, 1))),
    "take": (lambda o: o.xp.take(o.x, o.whole([1, 0, 1]), axis=1), lambda o: o.xp.take(o.v, o.whole([1, 0]))),
    "take_along_axis": (
        lambda o: o.xp.take_along_axis(o.x, o.xp.argsort(o.x)),
        lambda o: o.xp.take_along_axis(o.x, o.whole([[1, 0, 1]]), axis=0),
        lambda o: o.xp.take_along_axis(o.x, o.whole([[-1], [0]]), axis=-1),
        lambda o: o.xp.take_along_axis(o.x, o.whole([[2, 0, 1, 1]]), axis=1),
    ),
    "tile": (
        lambda o: o.xp.tile(o.x, (2, 2)),
        lambda o: o.xp.tile(o.x, (2,)),
        lambda o: o.xp.tile(o.v, (2, 1, 3)),
        lambda o: o.xp.tile(o.x, ()),
    ),
    "tril": (lambda o: o.xp.tril(o.x), lambda o: o.xp.tril(o.x, k=1)),
    "triu": (lambda o: o.xp.triu(o.x), lambda o: o.xp.triu(o.x, k=-1)),
    "unique_all": (lambda o: o.xp.unique_all(o.v),),
    "unique_counts": (lambda o: o.xp.unique_counts(o.v),),
    "unique_inverse": (lambda o: o.xp.unique_inverse(o.v),),
    "unique_values": (lambda o: o.xp.unique_values(o.v),),
    "unstack": (lambda o: o.xp.unstack(o.x), lambda o: o.xp.unstack(o.x, axis=-1)),
    "var": (lambda o: o.xp.var(o.x, axis=1, correction=1), lambda o: o.xp.var(o.x)),
}
AXES = ("numpy", "numpy:readonly", "strict", "strict:device1", "strict:no_x64", "torch", "jax", "cupy")
OURS = {"full", "linspace"}  # the standard has them of Python numbers; traced arrays are ours


def _inputs(backend: Any) -> tuple[Any, Any, Any]:
    wide = "complex128" if backend.float == "float64" else "complex64"
    return backend.array(F), backend.array(TIES), backend.array(C, wide)


def _seen(backend: Any, result: Any) -> Seen:
    """Return dtypes and values, in order."""
    host = [backend.host(y) for y in leaves(result)]
    return [(str(y.dtype), y.tolist()) for y in host]


def _compare(got: Seen, wanted: Seen) -> None:
    for (dtype, values), (right, exact) in zip(got, wanted, strict=True):
        assert dtype == right or (dtype, right) == ("int32", "int64")  # for places
        np.testing.assert_allclose(np.asarray(values), np.asarray(exact), rtol=1e-6)


@pytest.mark.axes(*AXES)
@pytest.mark.parametrize("name", CALLS)
def test_traced_arrays_compute_what_plain_ones_do(backend: Any, name: str) -> None:
    for call in CALLS[name]:
        kinds: list[type] = []

        def traced(*inputs: Any, call: Callable[[Given], Any] = call, kinds: list[type] = kinds) -> Any:
            result = call(Given(backend, backend.xp, *inputs))
            kinds.append(type(result))
            return list(result) if isinstance(result, tuple) else result

        inputs = _inputs(backend)
        seen = _seen(backend, vjp(traced, *inputs)[0])
        if name not in OURS:
            plain = call(Given(backend, backend.xp, *inputs))
            _compare(seen, _seen(backend, plain))
            assert issubclass(kinds[0], tuple) == isinstance(plain, tuple)


@pytest.mark.axes("numpy", "torch", "jax", "cupy")
@pytest.mark.parametrize("name", sorted(CALLS.keys() - OURS))
def test_libraries_compute_what_the_referee_does(backend: Any, name: str) -> None:
    found = open_backend("strict")
    referee = type(backend)("strict", found, namespace(found))
    for call in CALLS[name]:
        got = _seen(backend, call(Given(backend, backend.xp, *_inputs(backend))))
        wanted = _seen(referee, call(Given(referee, referee.xp, *_inputs(referee))))
        _compare(got, wanted)


SPECIAL = (0.0, -0.0, 1.0, -1.0, float("inf"), -float("inf"), float("nan"), 0.5)


@pytest.mark.axes("numpy", "strict")
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
@pytest.mark.parametrize("name", ["expm1", "tanh", "sign"])
def test_special_complex_numbers_have_the_librarys_own_bits(backend: Any, name: str) -> None:
    """What the public suite finds wrong in these is the library's: docs/conformance.md."""
    z = backend.array([complex(a, b) for a in SPECIAL for b in SPECIAL], "complex128")
    ours = backend.host(getattr(backend.xp, name)(z))
    bare = backend.host(getattr(backend.backend.namespace, name)(z))
    assert ours.tobytes() == bare.tobytes()
