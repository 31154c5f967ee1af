"""A compiled function that is closed: its memory is freed, whatever stands between, and a call says so."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.ground.precision import Precision
from bpcore.program.results import close_run
from bpcore.program.scoped import scoped
from bpcore.words.errors import StepClosed


@dataclass
class Held:
    """What a backend that holds memory compiles."""

    run: Any
    closed: int = 0

    def __call__(self, *inputs: Any) -> Any:
        return self.run(*inputs)

    def close(self) -> None:
        self.closed += 1


def holding(made: list[Held]) -> Any:
    numpy = bp.backend("numpy")

    def compile(program: Any, functions: Any, shared: Any) -> Held:
        made.append(Held(numpy.compile(program, functions, shared)))
        return made[-1]

    return replace(numpy, compile=compile)


@pytest.mark.parametrize("f", [lambda x: x * 2.0, lambda x: (x * 2.0, "word"), lambda x: x])
def test_every_signature_is_closed_and_a_later_call_is_an_error(f: Any) -> None:
    made: list[Held] = []
    with bp.compile(f, backend=holding(made)) as g:
        for size in (2, 3):
            kept = g(np.ones(size))
    assert [one.closed for one in made] == [1, 1]
    assert np.asarray(kept[0] if isinstance(kept, tuple) else kept).shape == (3,)
    for size in (2, 4):
        with pytest.raises(StepClosed, match=r"the compiled .* was closed, and its memory freed: compile it"):
            g(np.ones(size))
    g.close()
    assert [one.closed for one in made] == [1, 1]


def test_carried_arrays_do_not_lead_around_it() -> None:
    step = bp.compile(lambda s, x: (s + x, s), carry=1)
    total, _ = step(np.zeros(2), np.ones(2))
    step.close()
    with pytest.raises(StepClosed):
        step(total, np.ones(2))
    with pytest.raises(StepClosed):
        step.scan(total, np.ones((3, 2)))
    assert total.tolist() == [1.0, 1.0]


def test_what_runs_in_a_scope_is_closed_through_it() -> None:
    from contextlib import nullcontext

    held = Held(lambda x: [x])
    run = scoped(held, replace(bp.backend("numpy").precision("float32"), scope=nullcontext))
    assert run is not held
    close_run(run)
    assert held.closed == 1
    close_run(None)
    assert isinstance(bp.backend("numpy").precision("float32"), Precision)
