"""What bpcore asks of a backend. A stranger's plugin is tested by giving it an axis in tests/conftest.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bpcore import grad
from bpcore.derivatives.checks.cases import CASES
from bpcore.derivatives.namespaces.plain import look_up, plain_functions
from bpcore.derivatives.rules import TABLE
from bpcore.ground.registry import backend as open_backend
from bpcore.ground.registry import backend_of
from bpcore.program.record import record
from bpcore.words.errors import MixedArrays, OptionError
from bpcore.words.trees import leaves

Axis = Any

COMPILED = ("jax:jit", "strict:strictest")
"""The axes on which no shape may depend on a value, and no device be named."""

DTYPES = {"jax": ("float32",), "jax:jit": ("float64",)}
"""What JAX compiles for each function, shape and dtype takes its time: one dtype for each of its two axes."""


@pytest.fixture(scope="session")
def reference() -> Any:
    """Bpcore's functions over NumPy: the referee of values."""
    return plain_functions(open_backend("numpy"))


@pytest.mark.parametrize("name", sorted(TABLE))
def test_a_function_has_numpys_values_and_dtypes_and_changes_no_input(
    backend: Axis, name: str, calls: dict[str, Any], build: Any, host: Any, reference: Any
) -> None:
    function = look_up(backend.functions, name)
    for call in calls.get(name, ()):
        if call.eager and backend.name in COMPILED:
            continue
        for dtype in DTYPES.get(backend.name, ("float32", backend.float)):
            args = [build(backend, value, dtype) for value in call.args]
            known = [host(value, dtype) for value in call.args]
            y = run(backend, function, args, call.named)
            wanted = look_up(reference, name)(*known, **call.named)
            agree(backend, call, y, wanted, eps=float(np.finfo(dtype).eps))
            for x, before in zip(args, known, strict=True):
                if isinstance(before, np.ndarray):
                    np.testing.assert_array_equal(backend.host(x), before, err_msg=f"{call} changed an input")


@pytest.mark.parametrize("name", sorted(TABLE))
def test_the_sample_calls_have_numpys_values(backend: Axis, name: str, reference: Any) -> None:
    """What the checks of derivatives call; of a function for JAX, which compiles each, two calls."""
    cases = CASES[name][:2] if backend.name.startswith("jax") else CASES[name]
    numpy, dtype = open_backend("numpy"), backend.float
    for case in cases:
        reads = case.reads or TABLE[name].reads or name == "to_device"
        if (reads and backend.name in COMPILED) or name in NOT_THERE.get(backend.backend.library, ()):
            continue
        call = case.call(backend.functions, backend.backend, backend.array, every=True)
        right = case.call(reference, numpy, np.asarray, every=True)
        y = backend.run(call, *case.arrays(backend.array, dtype, every=True))
        wanted = right(*case.arrays(np.asarray, dtype, every=True))
        if name not in ANY_VALUES:
            coarse = "float32" if name in DEFAULT_DTYPE else dtype
            agree(backend, case, y, wanted, eps=64 * float(np.finfo(coarse).eps))


ANY_VALUES = ("empty_like",)
DEFAULT_DTYPE = ("fft.fftfreq", "fft.rfftfreq")
NOT_THERE = {"strict": ("assign_at", "full_like"), "torch": ("full_like",)}
"""The standard assigns to no arrays of places, and fills with numbers that are no arrays."""


def run(backend: Axis, function: Callable[..., Any], args: list[Any], named: dict[str, Any]) -> Any:
    """Call `function`; what is compiled, on the axis that compiles, sees the arrays as its inputs."""
    places = [i for i, x in enumerate(args) if hasattr(x, "shape") and not isinstance(x, type)]

    def of_arrays(*arrays: Any) -> Any:
        filled = list(args)
        for i, x in zip(places, arrays, strict=True):
            filled[i] = x
        return function(*filled, **named)

    return backend.run(of_arrays, *(args[i] for i in places))


def agree(backend: Axis, call: Any, y: Any, wanted: Any, *, eps: float) -> None:
    """Compare shapes, floats' dtypes, other dtypes' kinds, and values to a few units in the last place."""
    found, right = ([np.asarray(backend_of(z).to_host(z)) for z in leaves(part)] for part in (y, wanted))
    for a, b in zip(found, right, strict=True):
        assert (a.shape, a.dtype.kind) == (b.shape, b.dtype.kind), str(call)
        kept = b.dtype.kind in "fc" and getattr(call, "function", "") not in DEFAULT_DTYPE
        assert not kept or a.dtype == b.dtype, str(call)
        if getattr(call, "name", "") not in ANY_VALUES:
            np.testing.assert_allclose(a, b, rtol=16 * eps, atol=4 * eps, err_msg=str(call))


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("arange", (3,)),
        ("asarray", ([1.0, 2.0],)),
        ("empty", ((2, 3),)),
        ("eye", (2,)),
        ("full", ((2, 3), 1.5)),
        ("linspace", (0.0, 1.0, 3)),
        ("ones", ((2,),)),
        ("zeros", ((2,),)),
    ],
)
def test_what_is_created_lands_on_the_device(backend: Axis, name: str, args: tuple[Any, ...]) -> None:
    here = backend.array([0.0]).device
    dtype = backend.backend.dtype("float32")
    assert getattr(backend.xp, name)(*args).device == here
    for device in (None, here):
        y = getattr(backend.xp, name)(*args, dtype=dtype, device=device)
        assert (y.device, y.dtype) == (here, backend.array([0.0], "float32").dtype)


@pytest.mark.parametrize("name", ["empty_like", "ones_like", "zeros_like"])
def test_what_is_created_like_an_array_is_where_it_is(backend: Axis, name: str) -> None:
    x = backend.array([[1, 2]], "int32")
    y = getattr(backend.xp, name)(x)
    assert (y.device, y.dtype, tuple(y.shape)) == (x.device, x.dtype, (1, 2))
    assert getattr(backend.xp, name)(x, dtype=backend.backend.dtype("float32")).device == x.device


def test_every_dtype_survives_the_way_in_and_out(backend: Axis) -> None:
    device = backend.array([0.0]).device
    claimed = backend.backend.namespace.__array_namespace_info__().dtypes(device=device)
    for name, dtype in claimed.items():
        data = np.asarray([[0, 1, 5], [7, 3, 2]]).astype(name)
        x = backend.backend.asarray(data, dtype=dtype)
        assert x.device == device
        for out in (backend.host(x), backend.host(backend.backend.asarray(data))):
            assert isinstance(out, np.ndarray)
            assert out.dtype == data.dtype
            np.testing.assert_array_equal(out, data)


def test_numbers_lists_and_own_arrays_are_taken_in(backend: Axis) -> None:
    device = backend.array([0.0]).device
    take = backend.backend.asarray
    for data in (2.5, [2.5, 1.0], [[1.0], [2.0]], np.float32(2.5), np.asarray([1.0])):
        x = take(data)
        assert x.device == device
        np.testing.assert_array_equal(backend.host(x), np.asarray(data))
    x = take([1, 2], dtype=backend.backend.dtype("float32"))
    assert (take(x).device, take(x).dtype) == (device, x.dtype)
    np.testing.assert_array_equal(backend.host(take(x, dtype=backend.backend.dtype("int32"))), [1, 2])


def test_awkward_host_arrays_are_taken_in(backend: Axis) -> None:
    readonly = np.asarray([1.0, 2.0], dtype="float32")
    readonly.flags.writeable = False
    backwards = np.asarray([1.0, 2.0], dtype="float32")[::-1]
    foreign = np.asarray([1.0, 2.0], dtype=">f4")
    across = np.asarray([[1.0, 2.0], [3.0, 4.0]], dtype="float32").T
    for data in (readonly, backwards, foreign, across):
        x = backend.backend.asarray(data, dtype=backend.backend.dtype("float32"))
        np.testing.assert_array_equal(backend.host(x), data)


def test_arrays_go_from_library_to_library(backend: Axis) -> None:
    x = backend.array([1.0, 2.0])
    numpy, strict = open_backend("numpy"), open_backend("strict:device1")
    assert numpy.asarray(x).tolist() == [1.0, 2.0]
    there = strict.asarray(x, dtype=strict.dtype("float32"))
    assert there.device == strict.device
    back = backend.backend.asarray(there, dtype=backend.backend.dtype("float32"))
    assert backend.host(back).tolist() == [1.0, 2.0]


def test_an_array_knows_its_backend(backend: Axis) -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(backend_of(x, 2.0).library)  # under jax.jit this is no array yet
        return x

    backend.run(f, backend.array([1.0]))
    assert seen == [backend.backend.library]


def test_a_backend_opened_on_a_device_brings_its_own_arrays_there(backend: Axis) -> None:
    for name in backend.backend.devices:
        place = open_backend(f"{backend.backend.library}:{name}")
        moved = place.asarray(backend.array([1.0], "float32"))
        assert moved.device == place.asarray([1.0]).device
        assert place.to_host(moved).tolist() == [1.0]


def test_arrays_of_two_libraries_are_refused(backend: Axis) -> None:
    other = open_backend("numpy" if backend.backend.library == "strict" else "strict").asarray([1.0])
    with pytest.raises(MixedArrays, match=backend.backend.library):
        backend_of(backend.array([1.0]), other)


def test_64_bit_floats_are_there_or_refused(backend: Axis) -> None:
    dtype = backend.backend.dtype("float64")
    if backend.backend.float64:
        assert backend.host(backend.backend.asarray([1.0], dtype=dtype)).dtype == np.float64
        return
    with pytest.raises(OptionError, match=r"float64.*float32"):
        backend.backend.asarray([1.0], dtype=dtype)
    assert backend.host(backend.backend.asarray(np.asarray([0.1]))).dtype == np.float32


def test_whole_numbers_must_fit(backend: Axis) -> None:
    big = np.asarray([2**40])
    if backend.name == "strict:no_x64":
        with pytest.raises(OptionError, match="32 bits"):
            backend.backend.asarray(big)
    else:
        np.testing.assert_array_equal(backend.host(backend.backend.asarray(big)), big)


def test_gradients_are_the_users_own(backend: Axis) -> None:
    xp = backend.xp

    def f(tree: dict[str, Any]) -> Any:
        both = xp.add(xp.permute_dims(tree["a"], (1, 0)), tree["b"])
        weighted = xp.multiply(xp.add(tree["e"], both), weights)  # one cotangent for three, in one memory
        return xp.add(xp.sum(weighted), xp.add(xp.sum(tree["f"]), xp.add(tree["c"], tree["d"])))

    pair, weights = [[3.0], [4.0]], backend.array([[0.5], [0.25]])
    arrays = {"a": [[1.0, 2.0]], "b": pair, "c": 1.0, "d": 2.0, "e": pair, "f": pair, "unused": [1.0]}
    gradient = grad(f)({name: backend.array(data) for name, data in arrays.items()})
    if backend.backend.library == "jax":
        return  # nobody can write into an array of JAX
    for name, g in gradient.items():
        g[...] = 7.0
        others = {other: h for other, h in gradient.items() if other > name}
        assert all(float(number) < 2.0 for h in others.values() for number in backend.host(h).ravel())
        assert set(backend.host(g).ravel()) == {7.0}


def test_a_compiled_program_gives_the_eager_values(backend: Axis) -> None:
    xp = backend.xp

    def loss(weights: Any, x: Any) -> Any:
        hidden = xp.tanh(xp.add(xp.matmul(x, weights["w"]), weights["b"]))
        return xp.mean(xp.square(xp.subtract(xp.softmax(hidden, axis=-1), 0.25)))

    weights = {"b": backend.array([0.5, -0.5]), "w": backend.array([[1.0, 2.0], [3.0, -4.0], [0.5, 0.25]])}
    x = backend.array([[0.1, 0.2, 0.3], [1.0, -1.0, 0.5]])
    eager = grad(loss)(weights, x)
    program = record(grad(loss), weights, x)
    compiled = backend.backend.compile(program, backend.functions, {})
    for found, right in zip(compiled(weights["b"], weights["w"], x), (eager["b"], eager["w"]), strict=True):
        found, right = backend.host(found), backend.host(right)  # noqa: PLW2901
        np.testing.assert_allclose(found, right, rtol=16 * backend.eps, atol=4 * backend.eps)
        assert found.dtype == right.dtype


def test_waiting_ends(backend: Axis) -> None:
    backend.xp.exp(backend.array([1.0]))
    assert backend.backend.synchronize() is None


def test_devices_are_named(backend: Axis) -> None:
    assert backend.backend.devices
    for device in backend.backend.devices:
        assert open_backend(f"{backend.backend.library}:{device}").name.endswith(device)
