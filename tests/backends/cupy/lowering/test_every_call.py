"""Every sample call of every function: lowered, and run on memory of this machine; or refused by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.checks.cases import CASES
from bpcore.derivatives.rules import TABLE
from bpcore.program.program import Program
from bpcore.words.trees import leaves
from bpcore_cupy.lowering.capturable import MAY, MAY_NOT
from bpcore_cupy.lowering.refusal import NotCapturable
from tests.backends.cupy.lowering.host import FUNCTIONS, HostRun

XP = bp.namespace("numpy")


def function_of(call: Any, host: Callable[[Any, str], Any], dtype: str) -> tuple[Any, list[Any]]:
    """Return a call as a function of its arrays alone, and them."""
    args = [host(x, dtype) for x in call.args]
    arrays = [y for x in args for y in (x if isinstance(x, list) else [x]) if isinstance(y, np.ndarray)]
    function: Any = XP
    for part in call.name.split("."):
        function = getattr(function, part)

    def f(*given: Any) -> Any:
        rest = iter(given)
        taken = [
            [next(rest) for _ in x] if isinstance(x, list) else next(rest) if isinstance(x, np.ndarray) else x
            for x in args
        ]
        return function(*taken, **call.named)

    return f, arrays


def outputs(program: Program, arrays: list[Any]) -> list[Any]:
    with np.errstate(all="ignore"):
        return [np.asarray(y) for y in program.function(FUNCTIONS)(*arrays)]


SKIPPED = {"getitem", "slice_scatter", "index_add", "empty_like"}


def known(calls: dict[str, list[Any]]) -> list[Any]:
    return [call for name, of in calls.items() if name not in SKIPPED for call in of if not call.eager]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_call_gives_what_numpy_gives(
    calls: dict[str, list[Any]], host: Callable[[Any, str], Any], dtype: str
) -> None:
    refused, done = set(), 0
    for call in known(calls):
        f, arrays = function_of(call, host, dtype)
        program = bp.record(f, *arrays)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                run = HostRun(program)
                found = run(*arrays)
        except NotCapturable as error:
            refused.add(error.name)
            continue
        done += 1
        eps = 64 * np.finfo(dtype).eps
        for got, wanted in zip(found, outputs(program, arrays), strict=True):
            assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype), call
            np.testing.assert_allclose(got, wanted, rtol=eps, atol=eps, err_msg=str(call))
    assert done > 200
    assert refused <= set(MAY_NOT)


def test_of_every_function_it_is_known_whether_it_may_be_captured() -> None:
    assert not MAY & set(MAY_NOT)
    assert set(MAY_NOT) <= set(TABLE)
    assert set(MAY) <= set(TABLE)


def gradient_of(f: Any, arrays: list[Any]) -> Any:
    """Return the gradients of a weighted sum of a call's result."""
    moved = [i for i, x in enumerate(arrays) if x.dtype.kind == "f"]

    def loss(floats: Any, *others: Any) -> Any:
        rest, own = iter(others), iter(floats)
        y = f(*[next(own) if i in moved else next(rest) for i in range(len(arrays))])
        return XP.sum(XP.multiply(y, XP.add(XP.square(y), 0.5)))

    def g(*given: Any) -> Any:
        floats = [given[i] for i in moved]
        return bp.grad(loss)(floats, *[x for i, x in enumerate(given) if i not in moved])

    return g


def test_every_gradient_is_what_numpy_gives(
    calls: dict[str, list[Any]], host: Callable[[Any, str], Any]
) -> None:
    refused, done = set(), 0
    for call in known(calls):
        f, arrays = function_of(call, host, "float64")
        g = gradient_of(f, arrays)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                program = bp.record(g, *arrays)
        except Exception:  # noqa: BLE001, S112 - of whole numbers, of several results, without a derivative
            continue
        try:
            found = HostRun(program)(*arrays)
        except NotCapturable as error:
            refused.add(error.name)
            continue
        done += 1
        for got, wanted in zip(found, outputs(program, arrays), strict=True):
            assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype), call
            np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-10, err_msg=str(call))
    assert done > 150
    assert refused <= set(MAY_NOT)


def of_case(case: Any) -> tuple[Program, list[Any]] | None:
    """Return a case of the checks, with its gradient, as a Program; None where it has none."""
    numpy = bp.backend("numpy")

    def asarray(data: Any, dtype: str) -> Any:
        return np.asarray(data, dtype)

    call = case.call(XP, numpy, asarray)
    arrays = case.arrays(asarray, "float64")

    def loss(*xs: Any) -> Any:
        ys = leaves(call(*xs))
        ends = [XP.sum(XP.multiply(XP.real(y * y) if y.dtype.kind == "c" else y * y, 0.5)) for y in ys]
        return sum(ends[1:], ends[0])

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bp.record(bp.value_and_grad(loss, argnums=tuple(range(len(arrays)))), *arrays), arrays
    except Exception:  # noqa: BLE001 - of whole numbers, of truth values, of shapes that depend on values
        return None


@pytest.mark.parametrize("name", sorted(set(CASES) - {"empty_like"}))
def test_of_every_case_value_and_gradient_are_what_numpy_gives(name: str) -> None:
    refused: dict[str, str] = {}
    for case in CASES[name][::2]:
        found = of_case(case)
        if found is None:
            continue
        program, arrays = found
        try:
            got = HostRun(program)(*arrays)
        except NotCapturable as error:
            refused[error.name] = error.why
            continue
        for y, wanted in zip(got, outputs(program, arrays), strict=True):
            assert (y.shape, y.dtype) == (wanted.shape, wanted.dtype), case
            np.testing.assert_allclose(y, wanted, rtol=1e-9, atol=1e-9, err_msg=str(case))
    assert refused.keys() <= MAY_NOT.keys()
