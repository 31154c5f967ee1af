"""What the record says of how a step of ours runs, on the device that stands in for one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

import bpcore as bp
from benchmarks.gpu.how import how_of
from tests.backends.cupy.lowering.outside import OnStandIn


class _Shown(OnStandIn):
    """The stand-in, with what was compiled to be seen from outside."""

    def compile(self, program: Any, functions: Any, shared: Any, /) -> Any:
        found = super().compile(program, functions, shared)
        found.run = self.compiler.compile(program, functions, shared)
        return found


def _trained() -> Any:
    home = _Shown().backend(gathers=True)
    net, optimizer = bp.MLP([6, 8, 2], activation="relu"), bp.Adam(1e-2)
    step = bp.compile(bp.make_step(net, bp.CrossEntropy(), optimizer), carry=2, backend=home)
    x = np.random.default_rng(0).normal(size=(16, 6)).astype("float32")
    params = net.init(bp.key(0), (6,), dtype=np.float32)
    step(params, optimizer.init(params), (x, np.zeros(16, dtype="int64")))
    return step


def test_a_captured_step_is_told_as_such() -> None:
    told = how_of(_trained())
    assert told["how"] == "captured"
    assert f"# {told['launches']} launches" in told["steps"]
    assert told["graphs"] == ["step 0"]
    assert not any("extern" in line for line in told["steps"])


def test_a_step_that_runs_call_by_call_is_told_as_eager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BPCORE_CAPTURE", "0")
    assert how_of(_trained())["how"] == "eager"


def _compiled(*runs: Any) -> Any:
    space = SimpleNamespace(backend=SimpleNamespace(library="cupy"))
    return SimpleNamespace(_entries={i: SimpleNamespace(run=run, space=space) for i, run in enumerate(runs)})


class _Plan(NamedTuple):
    text: str


def _run(*, eager: bool) -> Any:
    handle = SimpleNamespace(chosen={"a": "word"}, refused={_Plan("a product"): "why"})
    return SimpleNamespace(
        captured=SimpleNamespace(eager=eager, at_once=1),
        steps=SimpleNamespace(launches=2),
        machine=SimpleNamespace(_handle=None if eager else handle),
        source="# 2 launches\n  0  a = b\n\nextern",
    )


def test_how_a_step_runs_is_told_by_its_worst_signature() -> None:
    told = how_of(_compiled(_run(eager=False)))
    assert (told["algorithms"], told["refused"]) == ({"a": "word"}, {"a product": "why"})
    assert how_of(_compiled(SimpleNamespace(last=_run(eager=False)), _run(eager=True)))["how"] == "eager"
    assert how_of(_compiled(lambda *inputs: inputs))["how"] == "function by function"
    assert how_of(_compiled())["how"] == "function by function"


def test_of_another_library_it_is_compiled() -> None:
    double = bp.compile(lambda x: 2.0 * x)
    double(np.ones(3))
    assert how_of(double) == {"how": "compiled"}
