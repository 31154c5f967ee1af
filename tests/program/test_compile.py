"""`compile`: one compilation for each signature, and none for another value."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.transforms.gradients import grad, value_and_grad
from bpcore.program.compiled import compile as compile_
from bpcore.words.errors import BackendMissing, OptionError
from bpcore.words.trees import leaves

XP = bp.namespace("numpy")


def test_another_value_is_not_another_compilation(backend: Any) -> None:
    compiled = compile_(grad(lambda x: backend.xp.sum(x * x)))
    assert compiled.compilations == 0
    for data in ([1.0, 2.0], [3.0, 4.0], [5.0, 6.0]):
        assert backend.host(compiled(backend.array(data))).tolist() == [2 * value for value in data]
    assert compiled.compilations == 1


def test_another_signature_is_another_compilation(backend: Any) -> None:
    compiled = compile_(lambda tree: backend.xp.sum(tree["x"]) * 2.0)
    signatures: list[Any] = [
        {"x": backend.array([1.0, 2.0])},
        {"x": backend.array([1.0, 2.0, 3.0])},
        {"x": backend.array([[1.0, 2.0]])},
        {"x": backend.array(1.0)},
        {"x": backend.array([1.0, 2.0]), "y": backend.array([1.0])},
        {"x": backend.array([1.0, 2.0]), "y": None},
    ]
    if backend.float == "float64":
        signatures.append({"x": backend.array([1.0, 2.0], "float32")})
    for count, tree in enumerate(signatures, start=1):
        compiled(tree)
        assert compiled.compilations == count
        compiled(tree)
        assert compiled.compilations == count


def test_a_function_runs_once_for_each_signature() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(x.shape)
        return x + 1.0

    compiled = compile_(f)
    for length in (1, 2, 1, 2, 1):
        compiled(np.ones(length))
    assert calls == [(1,), (2,)]


def test_python_floats_are_arrays_beside_the_others(backend: Any) -> None:
    def f(x: Any, rate: Any) -> Any:
        return x - rate * x

    compiled = compile_(f)
    x = backend.array([1.0, 2.0], "float32")
    for rate in (0.5, 0.25):
        got = compiled(x, rate)
        assert got.dtype == x.dtype
        assert got.device == x.device
        assert backend.host(got).tolist() == [1 - rate, 2 - 2 * rate]
    assert compiled.compilations == 1
    assert str(compiled.program(x, 0.5)).splitlines()[1].split()[1] == "float32[]"


def test_python_floats_alone() -> None:
    compiled = compile_(value_and_grad(lambda x, y: x**2 * y, argnums=(0, 1)))
    for x, y in ((3.0, 4.0), (1.0, 2.0)):
        value, (g, h) = compiled(x, y)
        assert (float(value), float(g), float(h)) == (x * x * y, 2 * x * y, x * x)
    assert compiled.compilations == 1


def test_what_is_no_array_is_bound_first() -> None:
    def f(x: Any, times: int) -> Any:
        return x**times

    compiled = compile_(functools.partial(f, times=3))
    assert compiled(np.asarray([2.0])).tolist() == [8.0]


def test_one_compiled_function_on_two_libraries() -> None:
    strict = pytest.importorskip("array_api_strict")
    compiled = compile_(lambda x: x * 2.0)
    assert type(compiled(np.asarray([1.0]))) is np.ndarray
    assert type(compiled(strict.asarray([1.0]))) is type(strict.asarray([1.0]))
    assert compiled.compilations == 2


def test_each_device_has_its_own() -> None:
    strict = pytest.importorskip("array_api_strict")
    first, second = (strict.asarray([1.0], device=strict.Device(name)) for name in ("CPU_DEVICE", "device1"))
    compiled = compile_(lambda x: x * 2.0)
    assert compiled(first).device == first.device
    assert compiled(second).device == second.device
    assert compiled.compilations == 2


def test_compiled_inside_of_compiled(backend: Any) -> None:
    inner = compile_(backend.xp.sin)
    outer = compile_(lambda x: backend.xp.sum(inner(x) * x))
    x = backend.array([0.5, 1.5])
    wanted = np.sum(np.sin([0.5, 1.5]) * np.asarray([0.5, 1.5]))
    assert float(backend.host(outer(x))) == pytest.approx(wanted, rel=8 * backend.eps)
    assert inner.compilations == 0  # it was recorded as a part of the outer one
    names = [equation.function.name for equation in outer.program(x).equations]
    assert names == ["sin", "multiply", "sum"]


def test_compiled_inside_of_two_gradients(backend: Any) -> None:
    cube = compile_(lambda x: x * x * x)
    assert float(backend.host(grad(grad(cube))(backend.array(2.0)))) == 12.0
    assert cube.compilations == 0
    assert float(backend.host(compile_(grad(grad(cube)))(backend.array(2.0)))) == 12.0


def test_a_compiled_function_keeps_its_name_and_words() -> None:
    def f(x: Any) -> Any:
        """Say what it does."""
        return x

    assert compile_(f).__name__ == "f"
    assert compile_(f).__doc__ == "Say what it does."
    assert grad(compile_(f)).__name__ == "f"


def test_results_of_two_calls_are_two(backend: Any) -> None:
    compiled = compile_(grad(lambda x: backend.xp.sum(x * x)))
    first = compiled(backend.array([1.0, 2.0]))
    compiled(backend.array([3.0, 4.0]))
    assert backend.host(first).tolist() == [2.0, 4.0]


SHARING: dict[str, Any] = {
    "one cotangent for both": grad(lambda p: XP.sum(p[0] + p[1])),
    "views": lambda p: (p[0].T, XP.reshape(p[1], (-1,)), XP.broadcast_to(p[0], (2, 1, 2))),
    "one result twice": lambda p: [XP.exp(p[0])] * 2,
    "a result and its view": lambda p: [y := XP.exp(p[0]), y.T, y[0, ...]],
    "a cast to its own dtype": lambda p: [XP.astype(p[0], np.float64, copy=False)],
    "a parameter after a step": lambda p: [x - 0.1 * x for x in p],
}


@pytest.mark.parametrize("name", SHARING)
def test_results_can_be_written_and_share_no_memory(name: str) -> None:
    x = [np.asarray([[1.0, 2.0]]), np.asarray([[3.0, 4.0]])]
    compiled = compile_(SHARING[name])
    results = leaves(compiled(x))
    assert len(results) == len(leaves(SHARING[name](x)))
    for got, wanted in zip(results, leaves(SHARING[name](x)), strict=True):
        assert got.tolist() == wanted.tolist()
        assert got.flags.writeable
    for one, other in combinations([*results, *x], 2):
        assert not np.shares_memory(one, other)


@pytest.mark.axes("torch")
def test_results_share_no_memory_on_torch(backend: Any) -> None:
    """Where ``positive`` gives back what it was given."""
    xp, x = backend.xp, backend.array([1.0, 2.0])
    compiled = compile_(
        lambda x: [y := xp.exp(x), xp.positive(y), xp.positive(x), xp.concat([y]), xp.astype(y, y.dtype)]
    )
    pointers = [result.data_ptr() for result in [x, *compiled(x)]]
    assert len(set(pointers)) == len(pointers)


def test_a_gradient_of_no_axes_is_an_array() -> None:
    g = compile_(grad(lambda x: x * x))(np.asarray(3.0))
    assert type(g) is np.ndarray
    assert g.flags.writeable


def test_it_is_public() -> None:
    assert bp.compile is compile_


@pytest.mark.parametrize("name", ["jax", "strict", "torch"])
def test_who_compiles_must_have_the_arrays(name: str) -> None:
    pytest.importorskip({"strict": "array_api_strict"}.get(name, name))
    compiled = compile_(lambda x: x * 2.0, backend=name)
    with pytest.raises(
        OptionError, match=f"one for its arrays, which are numpy's, was given '{name}'. Bring"
    ):
        compiled(np.ones(2))
    with pytest.raises(OptionError, match=f"which are {name}'s, was given 'numpy'"):
        compile_(lambda x: x * 2.0, backend="numpy")(bp.backend(name).asarray([1.0]))


def test_what_is_like_a_dict_is_none() -> None:
    given = OrderedDict(a=np.ones(2), b=np.ones(2))
    with pytest.raises(
        OptionError, match=r"argument 1 of .* was given 'OrderedDict'. A tree is made of dict"
    ):
        compile_(lambda x, p: x + p["a"])(np.ones(2), given)


def test_uncompiled_is_said_once_and_at_the_line_of_the_call() -> None:
    compiled = compile_(lambda x: x if x[0] > 0 else -x, uncompilable="eager")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for length in (2, 3, 2, 4):
            assert compiled(-np.ones(length)).tolist() == [1.0] * length
    assert [one.filename for one in said] == [__file__]


@pytest.mark.parametrize("asked", [None, True, False])
def test_a_backend_is_told_whether_products_must_be_deterministic(asked: Any) -> None:
    told = []

    def spy(program: Any, functions: Any, shared: Any) -> Any:
        told.append(shared.get("deterministic"))
        return program.function(functions)

    backend = replace(bp.backend("numpy"), compile=spy)
    bp.compile(lambda x: x + 1.0, backend=backend, deterministic=asked)(np.ones(2))
    assert told == [asked]


def test_deterministic_is_yes_no_or_left_out() -> None:
    with pytest.raises(OptionError, match="deterministic must be True, False or None, was given 'no'"):
        bp.compile(lambda x: x, deterministic="no")  # type: ignore[arg-type]


def test_a_backend_that_is_none_is_told_before_the_first_call() -> None:
    with pytest.raises(BackendMissing, match='Did you mean "cupy"'):
        compile_(lambda x: x, backend="cuppy")
    with pytest.raises(OptionError, match="a name"):
        compile_(lambda x: x, backend=3)  # type: ignore[arg-type]
    compile_(lambda x: x, backend="numba")  # opened when it is called
