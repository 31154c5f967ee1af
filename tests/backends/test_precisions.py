"""How the backends compute in a precision: scopes that are entered for each call, and put back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.ground.precision import Precision
from bpcore.program.compiled import Compiled
from bpcore.program.scoped import scoped

NET, LOSS, OPTIMIZER = bp.Linear(2), bp.SquaredError(), bp.SGD(0.1)
X, Y = np.ones((4, 3), np.float32), np.ones((4, 2), np.float32)


def begun(place: Any) -> Any:
    params = NET.init(bp.key(0, backend=place), (3,))
    return params, OPTIMIZER.init(params), (place.asarray(X), place.asarray(Y))


class Spy:
    """A scope that counts."""

    def __init__(self) -> None:
        self.entered = self.inside = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self.entered += 1
        self.inside += 1
        try:
            yield
        finally:
            self.inside -= 1


def spied(**how: Any) -> Any:
    """Return NumPy with a scope around "tf32", and what its `compile` was told."""
    spy, told = Spy(), []
    numpy = bp.backend("numpy")

    def compile(program: Any, functions: Any, shared: dict[str, Any]) -> Any:
        told.append(shared.get("precision"))
        run = numpy.compile(program, functions, shared)

        def inside(*inputs: Any) -> Any:
            assert spy.inside == 1
            return run(*inputs)

        if getattr(run, "again", None) is not None:
            inside.again = run.again  # type: ignore[attr-defined]
        return inside

    return replace(numpy, compile=compile, precisions={"tf32": Precision(scope=spy)}, **how), spy, told


def test_a_compiled_step_runs_in_its_scope() -> None:
    place, spy, told = spied()
    params, state, batch = begun(bp.backend("numpy"))
    step = bp.compile(bp.make_step(NET, LOSS, OPTIMIZER, precision="tf32"), carry=2, backend=place)
    for count in (1, 2, 3):
        params, state, _ = step(params, state, batch)
        assert spy.entered == count
    assert (spy.inside, told) == (0, ["tf32"])


@pytest.mark.parametrize("loop", [None, bp.backend("numpy").loop])
def test_so_does_a_loop(loop: Any) -> None:
    place, spy, told = spied(loop=loop)
    params, state, batch = begun(bp.backend("numpy"))
    step = bp.compile(bp.make_step(NET, LOSS, OPTIMIZER, precision="tf32"), carry=2, backend=place)
    step.scan(params, state, tuple(np.stack([part] * 3) for part in batch))
    assert spy.entered == (3 if loop is None else 1)
    assert (spy.inside, told) == (0, ["tf32"])


def test_and_what_is_called_again() -> None:
    spy = Spy()

    def run(x: int) -> Any:
        return spy.inside, x

    run.again = lambda x: (spy.inside, 2 * x)  # type: ignore[attr-defined]
    run.source = "text"  # type: ignore[attr-defined]
    wrapped: Any = scoped(run, Precision(scope=spy))
    assert (wrapped(3), wrapped.again(3), wrapped.source) == ((1, 3), (1, 6), "text")
    assert scoped(run, Precision()) is run


@pytest.mark.parametrize("carry", [0, 2])
def test_a_function_around_a_step_is_in_its_precision(carry: int) -> None:
    place, spy, told = spied()
    params, state, batch = begun(bp.backend("numpy"))
    step = bp.make_step(NET, LOSS, OPTIMIZER, precision="tf32")

    def around(params: Any, state: Any, batch: Any) -> Any:
        return step(params, state, batch)[:2]

    compiled = bp.compile(around, carry=carry, backend=place)
    for count in (1, 2):
        params, state = compiled(params, state, batch)
        assert spy.entered == count
    if carry:
        compiled.scan(params, state, tuple(np.stack([part] * 3) for part in batch))
    assert (spy.inside, told) == (0, ["tf32"])
    spy.inside = 1  # what is compiled looks at it
    bp.compile(lambda x: bp.array_namespace(x).add(x, 1.0), backend=place)(X)
    assert told == ["tf32", None]


def test_a_compiled_step_tells_the_function_around_it() -> None:
    place, spy, told = spied()
    step = bp.compile(bp.make_step(NET, LOSS, OPTIMIZER, precision="tf32"), carry=2, backend=place)
    bp.compile(lambda *args: step(*args)[2]["loss"], backend=place)(*begun(bp.backend("numpy")))
    assert (spy.entered, told) == (1, ["tf32"])


def test_two_precisions_in_one_function_are_refused() -> None:
    steps = [bp.make_step(NET, LOSS, OPTIMIZER, precision=word) for word in ("float16", "tf32")]

    def both(params: Any, state: Any, batch: Any) -> Any:
        params, _, _ = steps[1](params, state, batch)
        return steps[0](params, state | bp.LossScale().init(params), batch)

    said = "the precision of both must be one for all steps in it, was given 'tf32 and float16'"
    with pytest.raises(bp.OptionError, match=said):
        bp.compile(both)(*begun(bp.backend("numpy")))


def test_float32_enters_none_and_backends_are_told_nothing() -> None:
    place, spy, told = spied()
    step = bp.compile(bp.make_step(NET, LOSS, OPTIMIZER), carry=2, backend=place)
    spy.inside = 1  # what the compiled function looks at
    step(*begun(bp.backend("numpy")))
    assert (spy.entered, told) == (0, [None])


def test_pytorch_has_its_switches_back() -> None:
    torch = pytest.importorskip("torch")
    from bpcore_torch.precisions import MATMUL, PRODUCTS, SUMS

    seen: list[dict[str, Any]] = []

    class Looking(bp.Tanh):
        def apply(self, x: Any) -> Any:
            seen.append({name: getattr(MATMUL, name) for name in (*PRODUCTS, *SUMS)})
            if fails:
                raise ArithmeticError
            return super().apply(x)

    place = bp.backend("torch")
    net = bp.Chain(bp.Linear(2), Looking())
    params = net.init(bp.key(0, backend=place), (3,))
    before = {name: getattr(MATMUL, name) for name in (*PRODUCTS, *SUMS)}
    for word, wanted in (("tf32", PRODUCTS), ("bfloat16", SUMS)):
        for fails in (False, True):
            step = bp.make_step(net, LOSS, OPTIMIZER, precision=word)
            arguments = params, OPTIMIZER.init(params), (place.asarray(X), place.asarray(Y))
            if fails:
                with pytest.raises(ArithmeticError):
                    step(*arguments)
            else:
                step(*arguments)
            assert seen[-1] == before | dict(wanted)
            assert {name: getattr(MATMUL, name) for name in before} == before
    assert place.precision("tf32").plain(torch.device("cpu"))
    assert place.precision("tf32").plain(None)


@pytest.mark.parametrize(("word", "wanted"), [("float32", "HIGHEST"), ("tf32", "HIGH")])
def test_jax_is_told_inside_of_what_it_compiles(word: str, wanted: str) -> None:
    jax = pytest.importorskip("jax")
    from bpcore_jax.precisions import precisions

    place = replace(bp.backend("jax"), precisions=precisions("gpu"))
    step = bp.make_step(NET, LOSS, OPTIMIZER)
    if word != "float32":
        step.precision = word  # type: ignore[attr-defined]  # what make_step writes there
    compiled = bp.compile(step, carry=2, backend=place)
    arguments = begun(bp.backend("jax"))
    entry = compiled._entry(*_flat(compiled, arguments))
    assert entry is not None
    text = str(jax.make_jaxpr(entry.run)(*_flat(compiled, arguments)[0]))
    assert set(re.findall(r"Precision\.(\w+)", text)) == {wanted}
    assert jax.config.jax_default_matmul_precision is None
    assert not precisions("gpu")["tf32"].plain(None)
    assert precisions("tpu")["tf32"].plain(None)
    assert "float32" not in precisions("cpu")


def _flat(compiled: Compiled, arguments: Any) -> Any:
    from bpcore.program.record import arrays_of

    return arrays_of(compiled.f, arguments)


class Switch:
    """What CuPy's module of products has."""

    COMPUTE_TYPE_FP32, COMPUTE_TYPE_TF32 = 4, 7

    def __init__(self) -> None:
        self.set = {"float32": 1, "float16": 1}
        self.get_compute_type = self.set.__getitem__
        self.set_compute_type = self.set.__setitem__


def test_cupy_has_its_switch_back() -> None:
    from bpcore_cupy.precisions import precisions

    switch = Switch()
    cp = SimpleNamespace(_core=SimpleNamespace(_routines_linalg=switch))
    found = precisions(cp, SimpleNamespace(compute_capability="90"))
    for word, dtype, wanted in (("tf32", "float32", 7), ("float16", "float16", 4)):
        scope = found[word].scope
        assert scope is not None
        with scope():
            assert switch.set[dtype] == wanted
        assert switch.set == {"float32": 1, "float16": 1}
    assert not found["tf32"].plain(None)
    assert found["tf32"].plain(SimpleNamespace(compute_capability="75"))
    assert "bfloat16" not in found


def test_numba_has_no_16_bits() -> None:
    pytest.importorskip("llvmlite")
    assert [*bp.backend("numba").precisions] == ["tf32"]
