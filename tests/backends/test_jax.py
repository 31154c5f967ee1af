"""What is JAX's own: 64 bits that can be switched, arrays that are promises, and jit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore import grad, jacobian
from bpcore.ground.registry import backend as open_backend
from bpcore.machine.step import make_step
from bpcore.program.compiled import compile as compiled
from bpcore.program.record import record
from bpcore.words.errors import BackendUnusable, OptionError, RecordError
from bpcore.words.trees import leaves, tree_map

Axis = Any
pytestmark = pytest.mark.axes("jax", "jax:jit")


@pytest.fixture
def narrow(backend: Axis) -> Iterator[Any]:
    """Give the backend while JAX's 64-bit mode is off."""
    import jax

    jax.config.update("jax_enable_x64", False)
    yield backend.backend
    jax.config.update("jax_enable_x64", True)


def test_the_64_bit_mode_is_asked_when_it_matters(backend: Axis, narrow: Any) -> None:
    assert not narrow.float64
    import jax

    jax.config.update("jax_enable_x64", True)
    assert narrow.float64


def test_float64_is_refused_with_what_to_switch_on(narrow: Any) -> None:
    for take in (narrow.asarray, open_backend("jax:cpu").asarray):
        with pytest.raises(OptionError) as caught:
            take([1.0], dtype=narrow.dtype("float64"))
        assert 'jax.config.update("jax_enable_x64", True)' in str(caught.value)
        assert "\n" not in str(caught.value)


def test_data_of_64_bits_is_narrowed_only_where_nobody_asked(narrow: Any) -> None:
    assert narrow.asarray(np.asarray([0.1])).dtype == np.float32
    assert narrow.asarray([0.1]).dtype == np.float32
    assert narrow.asarray(np.asarray([7])).dtype == np.int32
    with pytest.raises(OptionError, match="32 bits"):
        narrow.asarray([2**40])


def test_what_comes_in_is_not_weakly_typed(backend: Axis) -> None:
    for data in (1.0, [1.0], np.float64(1.0), np.ones(1)):
        assert not backend.backend.asarray(data).weak_type


@pytest.mark.parametrize("name", ["jax:tpu", "jax:cpu:99", "jax:0", "jax:gpux"])
def test_a_device_that_is_not_there_is_refused(backend: Axis, name: str) -> None:
    with pytest.raises(BackendUnusable, match=r"finds no device .*JAX has cpu:0"):
        open_backend(name)


def test_a_platform_means_its_first_device(backend: Axis) -> None:
    assert open_backend("jax:cpu").device == open_backend("jax:cpu:0").device


def test_gradients_of_every_kind_can_be_jitted(backend: Axis) -> None:
    xp, x = backend.xp, backend.array([0.5, 2.0])

    def f(x: Any) -> Any:
        rows = xp.take(x, xp.arange(2), axis=0)
        return xp.sum(xp.multiply(rows[::-1], xp.exp(x)))

    for transformed in (
        grad(f),
        jacobian(lambda x: xp.multiply(x, f(x))),
        grad(lambda x: xp.sum(grad(f)(x))),
    ):
        found, right = backend.host(backend.run(transformed, x)), backend.host(transformed(x))
        np.testing.assert_allclose(found, right, rtol=1e-14)


def test_a_program_is_compiled_once_and_is_jitted(backend: Axis) -> None:
    slope = compiled(grad(lambda x: backend.xp.sum(x**3)))
    x = backend.array([1.0, 2.0])
    assert slope(x).tolist() == slope(x).tolist() == [3.0, 12.0]
    assert slope.compilations == 1
    program = slope.program(x)
    assert hasattr(backend.backend.compile(program, backend.functions, {}), "lower")


def test_waiting_waits_for_every_array(backend: Axis) -> None:
    y = backend.functions.matmul(backend.array(np.ones((400, 400))), backend.array(np.ones((400, 400))))
    backend.backend.synchronize()
    assert y.is_ready()


# -- the lowering: donated, in one loop, recorded on stand-ins -----------------------------------------------

NET = bp.Chain(bp.Linear(5), bp.Tanh(), bp.Linear(3))


def training(optimizer: Any, put: Callable[[Any], Any]) -> tuple[Any, Any, Any, Callable[..., Any]]:
    """Return a step, parameters, state, and a function of a number to a batch."""
    params = NET.init(bp.key(3, backend="numpy"), (6,), dtype=np.float64)
    state = optimizer.init(params)

    def batch(number: int, samples: int = 8) -> Any:
        x = np.sin(np.arange(6.0 * samples) * (number + 1)).reshape(samples, 6)
        return tree_map(put, (x, np.arange(samples) % 3))

    step = make_step(NET, bp.CrossEntropy(), optimizer)
    return step, tree_map(put, params), tree_map(put, state), batch


def on(backend: Axis) -> Callable[[Any], Any]:
    return lambda x: backend.array(np.array(x), str(x.dtype))


@pytest.fixture
def compilations(backend: Axis) -> Iterator[list[str]]:
    """Give the list of what XLA has compiled since."""
    import jax

    events: list[str] = []

    def listen(event: str, duration: float, **more: Any) -> None:
        if "backend_compile" in event:
            events.append(event)

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield events
    jax.monitoring.unregister_event_duration_listener(listen)


def pointers(tree: Any) -> set[int]:
    return {x.unsafe_buffer_pointer() for x in leaves(tree)}


@pytest.mark.parametrize("optimizer", [bp.SGD(0.125), bp.Momentum(0.125), bp.Adam(0.0625)])
def test_steps_and_loops_make_numpys_numbers(backend: Axis, optimizer: Any) -> None:
    step, *carried, batch = training(optimizer, np.asarray)
    wanted = []
    for number in range(4):
        *carried, report = step(*carried, batch(number))
        wanted.append(float(report["loss"]))
    step, *stepped, batch = training(optimizer, on(backend))
    looped = list(stepped)
    run, losses = compiled(step, carry=2), []
    for number in range(4):
        *stepped, report = run(*stepped, batch(number))
        losses.append(float(report["loss"]))
    xp = backend.functions
    stacked = tree_map(lambda *column: xp.stack(column), *[batch(number) for number in range(4)])
    *looped, reports = compiled(step, carry=2).scan(*looped, stacked)
    assert reports["loss"].shape == (4,)
    np.testing.assert_allclose(losses, wanted, rtol=1e-13)
    np.testing.assert_allclose(backend.host(reports["loss"]), wanted, rtol=1e-13)
    for found in (stepped, looped):
        for x, y in zip(leaves(found), leaves(carried), strict=True):
            np.testing.assert_allclose(backend.host(x), y, rtol=1e-11, atol=1e-13)


def test_carried_arrays_are_donated_and_the_first_ones_are_the_users(backend: Axis) -> None:
    step, params, state, batch = training(bp.Adam(0.0625), on(backend))
    before = tree_map(lambda x: backend.host(x).copy(), (params, state))
    run = compiled(step, carry=2)
    first = run(params, state, batch(0))
    places, report = pointers(first[:2]), first[2]
    loss = float(report["loss"])
    second = run(*first[:2], batch(1))
    assert all(x.is_deleted() for x in leaves(first[:2]))
    assert len(pointers(second[:2]) & places) >= len(places) // 2  # their memory is used again
    for x, y in zip(leaves((params, state)), leaves(before), strict=True):
        assert backend.host(x).tolist() == y.tolist()
    assert float(report["loss"]) == loss  # and what is not carried stays
    assert float(second[2]["loss"]) != loss


def test_a_ragged_batch_a_rate_and_an_epoch_compile_nothing_new(
    backend: Axis, compilations: list[str]
) -> None:
    step, params, state, batch = training(bp.Momentum(0.125), on(backend))
    batches = [batch(number, samples) for number, samples in enumerate((8, 8, 5))]
    rates = [backend.array(0.1 / (epoch + 1)) for epoch in range(4)]
    run = compiled(step, carry=2)
    for epoch in range(4):
        for data in batches:
            params, state, _ = run(params, state, data)
        if not epoch:
            compilations.clear()
        state = {**state, "rate": rates[epoch]}
    assert compilations == []
    assert run.compilations == 2
    jitted = [backend.backend.compile(run.program(params, state, data), backend.functions, {}).jitted
              for data in batches[:1]]  # fmt: skip
    assert jitted[0]._cache_size() == 0
    assert [entry.run.jitted._cache_size() for entry in run._entries.values()] == [1, 1]  # type: ignore[union-attr]


def test_a_loop_of_another_length_is_one_more_compilation_and_one_of_the_same_is_none(
    backend: Axis, compilations: list[str]
) -> None:
    run, total = compiled(lambda s, x: (s + x, s * x), carry=1), backend.array(0.0)
    three = [backend.array([1.0, 2.0, k]) for k in (3.0, 4.0, 5.0)]
    total, products = run.scan(total, three[0])
    assert backend.host(products).tolist() == [0.0, 2.0, 9.0]
    compilations.clear()
    for x in three[1:]:
        total, _ = run.scan(total, x)
    assert float(total) == 6.0 + 7.0 + 8.0
    assert compilations == []


def test_carried_arrays_that_change_places_come_twice_or_are_somebody_elses(backend: Axis) -> None:
    run = compiled(lambda a, b, x: (b, x, a + b), carry=2)
    a, b, x = (backend.array([float(k), 0.5]) for k in range(3))
    one = run(a, b, x)
    assert [y.tolist() for y in one] == [[1.0, 0.5], [2.0, 0.5], [1.0, 1.0]]
    two = run(one[0], one[0], x)  # each array can be donated once
    assert [y.tolist() for y in two[:2]] == [[1.0, 0.5], [2.0, 0.5]]
    three = run(two[1], two[0], x)
    assert [y.tolist() for y in three[:2]] == [[1.0, 0.5], [2.0, 0.5]]
    run(*three[:2], x)
    assert x.tolist() == [2.0, 0.5]  # it came back as what is carried, and was not given up


def test_an_array_that_is_given_up_may_be_data_in_the_same_call(backend: Axis) -> None:
    run = compiled(lambda s, t, data: (data["x"] + s, t, data["x"] * t), carry=2)
    s, t, _ = run(*(backend.array([float(k)]) for k in range(2)), {"x": backend.array([2.0])})
    s, t, product = run(s, t, {"x": s})
    s, t, product = run(t, s, {"x": t})
    assert [y.tolist() for y in (s, t, product)] == [[2.0], [4.0], [4.0]]
    rows = backend.array([1.0, 2.0])
    run = compiled(lambda s, x: (s + x, s * x), carry=1)
    rows, _ = run.scan(rows, rows)
    rows, products = run.scan(rows, rows)
    assert rows.tolist() == [13.0, 14.0]
    assert products.tolist() == [[16.0, 20.0], [40.0, 45.0]]


def test_the_text_is_that_of_the_function_that_is_jitted(backend: Axis) -> None:
    x = backend.array([1.0])
    for carry in range(2):
        text = compiled(lambda s, x: (s + x, s), carry=carry).source(x, x)
        assert text == "def program(v0, v1):\n    v2 = add(v0, v1)\n    return (v2, v0, )\n"


def test_weak_dtypes_stay_so_and_compile_once(backend: Axis, compilations: list[str]) -> None:
    import jax.numpy as jnp

    run = compiled(lambda rate, p, x: (rate, p - rate * x), carry=2)
    rate, p, x = jnp.asarray(0.5), backend.array([1.0], "float32"), backend.array([1.0], "float32")
    assert rate.weak_type
    rate, p = run(rate, p, x)
    compilations.clear()
    for _ in range(3):
        rate, p = run(rate, p, x)
    assert p.tolist() == [-1.0]
    assert compilations == []


def test_a_carried_step_inside_of_jit(backend: Axis) -> None:
    import jax

    run = compiled(lambda s, x: (s + x, s * x), carry=1)
    s, x = backend.array([1.0, 2.0]), backend.array([3.0, 4.0])
    found = jax.jit(lambda s, x: run(*run(s, x)[:1], x))(s, x)
    assert [y.tolist() for y in found] == [[7.0, 10.0], [12.0, 24.0]]
    assert s.tolist() == [1.0, 2.0]
    assert not any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(run._shared))


def test_recording_compiles_nothing_but_constants(backend: Axis, compilations: list[str]) -> None:
    step, params, state, batch = training(bp.Adam(0.0625), on(backend))
    data = batch(0, 7)
    compilations.clear()
    program = record(step, params, state, data)
    assert len(compilations) <= 1  # the class numbers that the loss compares with
    assert len(program.equations) > 50
    for constant in program.constants.values():
        assert not constant.is_deleted()
        assert backend.host(constant).tolist() == [0, 1, 2]


def test_what_reads_a_value_is_told_its_line_on_stand_ins_too(backend: Axis) -> None:
    xp, x = backend.xp, backend.array([1.0, -2.0])

    def reads(x: Any) -> Any:
        y = xp.sum(x)
        return x if y > 0 else -x

    with pytest.raises(
        RecordError, match=rf"bool\(\) reads .*test_jax.py:{reads.__code__.co_firstlineno + 2}"
    ):
        record(reads, x)
    with pytest.raises(RecordError, match=r"nonzero\(\) reads .*test_jax.py"):
        record(lambda x: xp.nonzero(x)[0], x)


def test_values_that_are_no_arguments_may_be_read_while_recording(backend: Axis) -> None:
    xp, constant = backend.xp, backend.array([1.0, 2.0])

    def of_arguments(x: Any) -> Any:
        return x * float(constant[1])

    def of_what_it_makes(x: Any) -> Any:
        limits = backend.functions.asarray(constant * 2.0)
        return x * float(limits[0]) if bool(xp.all(xp.greater(constant, 0.5))) else x

    x = backend.array([3.0, 5.0])
    for f in (of_arguments, of_what_it_makes):
        assert compiled(f)(x).tolist() == [6.0, 10.0]


def test_an_option_that_is_an_array_made_on_the_way_is_no_stand_in(backend: Axis) -> None:
    xp, outer = backend.xp, backend.array(2.0)
    run = compiled(lambda x: xp.pad(x, (0, 1), constant_values=backend.functions.asarray(outer * 3.0)))
    for _ in range(2):
        assert run(backend.array([1.0])).tolist() == [1.0, 6.0]


def test_constants_are_arrays_and_no_stand_ins(backend: Axis) -> None:
    xp, outer = backend.xp, backend.array([[1.0, 2.0]])

    def f(x: Any) -> Any:
        inner = backend.functions.asarray(outer * 3.0)
        return xp.clip(x, min=backend.functions.asarray(outer[0, 0]), max=4.0) * inner + outer, inner

    run, x = compiled(f), backend.array([[0.5, 9.0]])
    for _ in range(2):
        y, inner = run(x)
        assert y.tolist() == [[4.0, 26.0]]
        assert inner.tolist() == [[3.0, 6.0]]
