"""Products on a CUDA device, again and again: the same bits. Skipped where there is none.

Algorithms that cut a sum are taken with ``deterministic=True`` where the parts are added in a step of their
own. That its order is the same each time is what NVIDIA's documentation lets expect; here it is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bpcore_cupy import offered
from bpcore_cupy.products import Handle, Plan, Prepared
from bpcore_cupy.trial import Trial, wrong
from bpcore_cupy.tuning import Tuning

Axis = Any
pytestmark = [pytest.mark.axes("cupy"), pytest.mark.gpu]

TIMES = 100
NETWORKS = (
    "784-512-512-10@128:float32",
    "784-512-512-10@128:tf32",
    "1024-2048-10@4096:bfloat16",
    "512-10@4096:tf32",
)
PLANS = [plan for network in NETWORKS for plan in offered.step_products(network)]


@pytest.fixture
def handle(backend: Axis) -> Iterator[Handle]:
    import cupy

    cupy.zeros(1)
    with Handle(cupy.cuda.alloc) as handle:
        yield handle
        cupy.cuda.Device().synchronize()


def bits(trial: Trial) -> list[Any]:
    """Return all that a product writes, as bytes on the device."""
    plan = trial.plan
    found = [trial.c]
    found += [trial.vector] if plan.vector and plan.vector.written else []
    found += [trial.aux] if plan.aux and plan.aux.written else []
    return [x.view("uint8") for x in found]


def changes(trial: Trial, other: Trial, prepared: Prepared) -> int:
    """Run a product many times, half of them beside one on another stream; return how many bytes changed."""
    cp = trial.cp
    with trial.stream:
        trial(prepared)
        first = [x.copy() for x in bits(trial)]
        count = cp.zeros((), "int64")
        for number in range(TIMES):
            if number % 2:
                other(prepared)
            trial.c[...] = 0
            trial(prepared)
            for one, wanted in zip(bits(trial), first, strict=True):
                count += cp.sum(one != wanted)
        return int(count)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.text)
def test_each_algorithm_that_may_be_taken_repeats_its_bits(handle: Handle, plan: Plan) -> None:
    import cupy

    algorithms = handle.algorithms(plan)
    if not algorithms:
        pytest.skip("; ".join({offer.why for offer in handle.offers(plan)}) or "nothing is offered")
    with Trial(cupy, handle, plan) as trial, Trial(cupy, handle, plan) as other:
        for algorithm in algorithms:
            prepared = handle.prepare(plan, algorithm=algorithm)
            assert prepared
            assert changes(trial, other, prepared) == 0, algorithm


@pytest.mark.parametrize("plan", PLANS[:10], ids=lambda plan: plan.text)
def test_a_look_at_the_numbers_of_float32(handle: Handle, plan: Plan) -> None:
    import cupy

    prepared = handle.prepare(plan)
    if prepared is None:
        pytest.skip(handle.refused[plan])
    assert wrong(cupy, handle, prepared) == ""


def test_a_look_at_numbers_sees_tf32(handle: Handle) -> None:
    import cupy

    plan = offered.step_products("784-512-512-10@128:tf32")[0]
    prepared = handle.prepare(plan)
    assert prepared
    assert "errs by" in wrong(cupy, handle, prepared)


def test_what_was_tuned_is_taken_again(
    handle: Handle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cupy

    monkeypatch.setenv("BPCORE_CACHE", str(tmp_path))
    plan = offered.step_products("784-512-512-10@128:tf32")[0]
    Tuning(cupy, handle, deterministic=True).choose(plan)
    with Handle(cupy.cuda.alloc) as other:
        Tuning(cupy, other, deterministic=True).choose(plan)
        assert other.chosen == handle.chosen


def test_the_table_is_printed(backend: Axis, capsys: pytest.CaptureFixture[str]) -> None:
    offered.show(["784-512-10@128:tf32"], tune=True)
    assert "taken" in capsys.readouterr().out
