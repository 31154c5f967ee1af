"""What is carried comes back in its own memory; everything else is as if nothing were carried."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.program.compiled import compile as compile_
from bpcore.words.errors import OptionError, RecordError, ShapeError
from bpcore.words.trees import leaves


def falling(backend: Any) -> Any:
    """Return a step with two trees that are carried, what it takes, and what it is given each time."""
    xp = backend.xp

    def step(params: Any, state: Any, x: Any) -> Any:
        def loss(params: Any) -> Any:
            return xp.mean(xp.square(xp.matmul(x, params["w"]) + params["b"]))

        value, grads = bp.value_and_grad(loss)(params)
        velocity = {name: 0.5 * state["v"][name] + grads[name] for name in params}
        after = {name: params[name] - 0.125 * velocity[name] for name in params}
        return (
            after,
            {"v": velocity, "count": state["count"] + 1.0},
            {"loss": value, "largest": xp.max(params["w"])},
        )

    w, b = backend.array([[1.0, -2.0], [0.5, 3.0]]), backend.array([0.25, -0.5])
    zeros = {"w": backend.array([[0.0, 0.0], [0.0, 0.0]]), "b": backend.array([0.0, 0.0])}
    return step, {"w": w, "b": b}, {"v": zeros, "count": backend.array(0.0)}


def batch(backend: Any, number: int, samples: int = 3) -> Any:
    return backend.array(np.sin(np.arange(2.0 * samples) + number).reshape(samples, 2).tolist())


def near(backend: Any, one: Any, other: Any) -> None:
    for a, b in zip(leaves(one), leaves(other), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(
            backend.host(a), backend.host(b), rtol=100 * backend.eps, atol=10 * backend.eps
        )


def test_steps_that_carry_are_steps(backend: Any) -> None:
    step, *eager = falling(backend)
    compiled, carried = compile_(step, carry=2), falling(backend)[1:]
    for number in range(4):
        x = batch(backend, number)
        *eager, wanted = step(*eager, x)
        *carried, report = compiled(*carried, x)
        near(backend, carried, eager)
        near(backend, report, wanted)
    assert compiled.compilations == 1


def test_what_is_not_carried_is_kept(backend: Any) -> None:
    step, params, state = falling(backend)
    compiled = compile_(step, carry=2)
    reports = []
    for number in range(3):
        params, state, report = compiled(params, state, batch(backend, number))
        reports.append((report, [float(backend.host(y)) for y in leaves(report)]))
    for report, values in reports:
        assert [float(backend.host(y)) for y in leaves(report)] == values


def test_a_ragged_last_batch_goes_on_with_the_same_arrays(backend: Any) -> None:
    step, *eager = falling(backend)
    compiled, carried = compile_(step, carry=2), falling(backend)[1:]
    for number, samples in enumerate((3, 3, 2, 3, 2)):
        x = batch(backend, number, samples)
        *eager, _ = step(*eager, x)
        *carried, _ = compiled(*carried, x)
        near(backend, carried, eager)
    assert compiled.compilations == 2


def test_another_array_in_place_of_one_that_came_back(backend: Any) -> None:
    step, params, state = falling(backend)
    compiled = compile_(step, carry=2)
    params, state, _ = compiled(params, state, batch(backend, 0))
    fresh = {"w": backend.array([[4.0, 1.0], [2.0, 0.5]]), "b": backend.array([1.0, 2.0])}
    kept = {
        "count": backend.array(7.0),
        "v": {name: backend.xp.asarray(v, copy=True) for name, v in state["v"].items()},
    }
    wanted = step(
        {name: backend.xp.asarray(p, copy=True) for name, p in fresh.items()}, kept, batch(backend, 1)
    )
    got = compiled(fresh, {"count": backend.array(7.0), "v": state["v"]}, batch(backend, 1))
    near(backend, got, wanted)


def test_carried_arrays_change_places(backend: Any) -> None:
    xp = backend.xp

    def turn(pair: Any, x: Any) -> Any:
        return (pair[1], pair[0]), (xp.sum(pair[0]) + x, pair[1])

    compiled = compile_(turn, carry=1)
    pair: Any = (backend.array([1.0, 2.0]), backend.array([3.0, 4.0]))
    wanted = [[1.0, 2.0], [3.0, 4.0]]
    for _ in range(3):
        pair, (total, kept) = compiled(pair, backend.array(0.5))
        assert float(backend.host(total)) == sum(wanted[0]) + 0.5
        assert backend.host(kept).tolist() == wanted[1]
        wanted.reverse()
        assert [backend.host(part).tolist() for part in pair] == wanted
    compiled((pair[1], pair[0]), backend.array(0.5))  # in each other's place
    assert compiled.compilations == 1


def test_a_scan_is_its_steps(backend: Any) -> None:
    step, *one_by_one = falling(backend)
    compiled, together = compile_(step, carry=2), falling(backend)[1:]
    xs = [batch(backend, number) for number in range(4)]
    reports = []
    for x in xs:
        *one_by_one, report = step(*one_by_one, x)
        reports.append(report)
    *together, stacked = compiled.scan(*together, backend.xp.stack(xs))
    near(backend, together, one_by_one)
    near(backend, stacked, {name: backend.xp.stack([r[name] for r in reports]) for name in reports[0]})
    *together, _ = compiled(*together, xs[0])
    *one_by_one, _ = step(*one_by_one, xs[0])
    near(backend, together, one_by_one)
    assert compiled.compilations == 1


def test_a_derivative_goes_through_a_step_and_a_scan(backend: Any) -> None:
    total = compile_(lambda s, x: (s * x, s + x), carry=1)
    xs = backend.array([2.0, 3.0])
    assert float(backend.host(bp.grad(lambda s: total(s, xs[1])[0])(backend.array(5.0)))) == 3.0
    assert float(backend.host(bp.grad(lambda s: total.scan(s, xs)[0])(backend.array(5.0)))) == 6.0
    slope = bp.grad(lambda s: backend.xp.sum(total.scan(s, xs)[1]))(backend.array(5.0))
    assert float(backend.host(slope)) == 3.0


@pytest.mark.parametrize(
    ("f", "args", "said"),
    [
        (lambda s, x: s + x, (1.0, 2.0), "a tuple that begins with 1"),
        (lambda s, x: (s[0], x), ([1.0, 1.0], 2.0), "result 0 of <lambda>"),
        (lambda s, x: ({"a": s["a"], "b": x}, x), ({"a": 1.0}, 2.0), "must be nothing, like argument 0.b"),
        (
            lambda s, x: ({}, x),
            ({"a": 1.0}, 2.0),
            "result 0.a of <lambda> must be float64[], like argument 0.a",
        ),
        (lambda s, x: ([s[0]], x), ((1.0,), 2.0), "result 0 of <lambda> must be a tree (*)"),
    ],
)
def test_what_does_not_come_back_as_it_was_taken_is_named(f: Any, args: Any, said: str) -> None:
    def arrays(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {name: arrays(part) for name, part in tree.items()}
        return tuple(map(arrays, tree)) if isinstance(tree, tuple) else np.asarray(tree)

    with pytest.raises(OptionError) as caught:
        compile_(f, carry=1)(*map(arrays, args))
    assert said in str(caught.value), str(caught.value)


def test_options_are_looked_at() -> None:
    for options in ({"carry": -1}, {"carry": 1.0}, {"uncompilable": "no"}):
        with pytest.raises(OptionError, match=next(iter(options))):
            compile_(lambda x: x, **options)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="carry=0"):
        compile_(lambda x: x).scan(np.ones(3))
    total = compile_(lambda s, x: (s, x), carry=1)
    for xs in (np.asarray(1.0), np.ones((0, 2))):
        with pytest.raises(ShapeError, match="first axis"):
            total.scan(np.asarray(1.0), xs)
    with pytest.raises(ShapeError, match=r"\(2,\), \(3,\)"):
        total.scan(np.asarray(1.0), [np.ones(2), np.ones(3)])


def test_what_cannot_be_recorded_runs_eagerly_where_that_is_allowed() -> None:
    def f(s: Any, x: Any) -> Any:
        return (s + x if float(x) > 0 else s), x

    with pytest.raises(RecordError, match=r"test_carry\.py"):
        compile_(f, carry=1)(np.asarray(0.0), np.asarray(1.0))
    allowed = compile_(f, carry=1, uncompilable="eager")
    with pytest.warns(RuntimeWarning, match=r"f runs uncompiled: .*test_carry\.py"):
        assert allowed(np.asarray(0.0), np.asarray(2.0))[0] == 2.0
    assert allowed(np.asarray(1.0), np.asarray(-2.0))[0] == 1.0  # and says it once
    s, xs = allowed.scan(np.asarray(0.0), np.asarray([1.0, -2.0, 3.0]))
    assert (float(s), xs.tolist()) == (4.0, [1.0, -2.0, 3.0])
    assert allowed.compilations == 0


def test_a_run_that_fails_leaves_nothing_that_another_signature_could_take_for_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    halve = compile_(lambda p, x: (p / x, p), carry=1)
    small, _ = halve(np.ones(1), np.asarray(2.0))
    halve(np.ones(5), np.asarray(2.0))
    entry = list(halve._entries.values())[-1]

    def interrupted(*inputs: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(entry, "run", interrupted)
        with pytest.raises(KeyboardInterrupt):
            halve(np.ones(5), np.asarray(1.0))
    again, _ = halve(small, np.asarray(2.0))
    assert again.tolist() == [0.25]


def test_what_is_carried_may_be_given_as_another_argument_too(backend: Any) -> None:
    def turned(p: Any, x: Any) -> Any:
        q = p * 2.0
        return q, x + q + x

    compiled = compile_(turned, carry=1)
    p, _ = compiled(backend.array([1.0, 2.0]), backend.array([0.0, 0.0]))
    if backend.backend.library == "jax":
        return  # XLA refuses an array that is given up and read
    p, y = compiled(p, p)
    assert backend.host(p).tolist() == [4.0, 8.0]
    assert backend.host(y).tolist() == [8.0, 16.0]


def test_an_uncompiled_step_carries_as_a_compiled_one() -> None:
    wrong = compile_(lambda s, x: (s if float(x) > 0 else -s) + x, carry=1, uncompilable="eager")
    with pytest.warns(RuntimeWarning, match="uncompiled"), pytest.raises(OptionError, match=r"return \(s,\)"):
        wrong(np.ones(3), np.asarray(1.0))
    shorter = compile_(lambda s, x: ((s if float(x) > 0 else -s)[:-1], x), carry=1, uncompilable="eager")
    with pytest.warns(RuntimeWarning, match="uncompiled"), pytest.raises(OptionError, match=r"float64\[3\]"):
        shorter.scan(np.ones(3), np.ones(2))


def test_a_mean_of_nothing_is_not_a_number() -> None:
    xp = bp.namespace("numpy")
    for shape, axis in (((0,), None), ((0, 3), 0)):
        got = compile_(lambda x, axis=axis: xp.mean(x * 2.0, axis=axis) + 1.0)(np.empty(shape))
        assert np.isnan(got).all()


def test_a_scan_returns_what_is_no_array_once(backend: Any) -> None:
    compiled = compile_(lambda s, x: (s + x, 7, s * x), carry=1)
    s, seven, products = compiled.scan(backend.array(1.0), backend.array([1.0, 2.0, 3.0]))
    assert float(backend.host(s)) == 7.0
    assert seven == 7
    assert backend.host(products).tolist() == [1.0, 4.0, 12.0]


def test_an_uncompiled_scan_does_so_too() -> None:
    compiled = compile_(lambda s, x: (s if float(x) > 2 else s + x, 7, s * x), carry=1, uncompilable="eager")
    with pytest.warns(RuntimeWarning, match="runs uncompiled"):
        s, seven, products = compiled.scan(np.asarray(1.0), np.asarray([1.0, 2.0, 3.0]))
    assert (float(s), seven, products.tolist()) == (4.0, 7, [1.0, 4.0, 12.0])
