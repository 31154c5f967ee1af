"""The loss scale, beside that of PyTorch: which steps are taken, and what the scale does then."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.machine.loss_scale import LEAST, MOST
from bpcore.words.errors import OptionError, ShapeError
from bpcore.words.trees import leaves, tree_map

BAD = (math.inf, -math.inf, math.nan)


def updated(scaling: bp.LossScale, optimizer: Any, params: Any, state: Any, grads: Any) -> Any:
    """Return the same for unscaled gradients, which are scaled here as a loss would be."""
    with np.errstate(invalid="ignore"):
        grads = tree_map(lambda g: g * state["loss_scale"], grads)
        return scaling.update(optimizer, params, grads, state, {})


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.sampled_from([1.0, -0.5, *BAD]), max_size=8),
    init=st.sampled_from([1.0, 1024.0, 65536.0]),
    interval=st.integers(1, 4),
    growth=st.sampled_from([2.0, 4.0]),
    backoff=st.sampled_from([0.5, 0.25]),
)
def test_as_torch_does(steps: Any, init: float, interval: int, growth: float, backoff: float) -> None:
    torch = pytest.importorskip("torch")
    named = {"init_scale": init, "growth_factor": growth, "backoff_factor": backoff}
    scaling, scaler = (
        bp.LossScale(**named, growth_interval=interval),
        torch.amp.GradScaler("cpu", **named, growth_interval=interval),
    )
    optimizer = bp.Momentum(0.25, momentum=0.5)
    params: Any = {"w": np.asarray([1.0, 2.0], np.float32)}
    state = optimizer.init(params) | scaling.init(params)
    p = torch.tensor([1.0, 2.0], requires_grad=True)
    other = torch.optim.SGD([p], lr=0.25, momentum=0.5)
    for g in steps:
        scale = float(state["loss_scale"])
        taken = math.isfinite(g)
        params, state, told = updated(
            scaling, optimizer, params, state, {"w": np.asarray([g, 1], np.float32)}
        )
        p.grad = torch.tensor([g, 1.0]) * scaler.scale(torch.tensor(1.0))
        scaler.step(other)
        scaler.update()
        assert float(told["loss_scale"]) == scale
        assert float(told["skipped"]) == (not taken)
        assert float(state["loss_scale"]) == scaler.get_scale()
        assert params["w"].tolist() == p.detach().tolist()
    assert float(state["count"]) == sum(map(math.isfinite, steps))


@given(st.lists(st.booleans(), max_size=30))
@settings(max_examples=40, deadline=None)
def test_a_skipped_step_changes_nothing_but_the_scale(good: list[bool]) -> None:
    scaling, optimizer = bp.LossScale(init_scale=4.0), bp.Adam(0.1, averaging=0.9)
    params: Any = [{"w": np.ones((2, 2), np.float32)}, {}]
    state = optimizer.init(params) | scaling.init(params)
    for taken in good:
        grads = [{"w": np.full((2, 2), 1.0 if taken else math.nan, np.float32)}, {}]
        moved, after, _ = updated(scaling, optimizer, params, state, grads)
        own = {"loss_scale", "steady"}
        rest = [{name: tree for name, tree in s.items() if name not in own} for s in (state, after)]
        same = all(bool((a == b).all()) for a, b in zip(leaves(rest[0]), leaves(rest[1]), strict=True))
        assert taken != same
        assert taken != bool((moved[0]["w"] == params[0]["w"]).all())
        assert all(bool(np.isfinite(x).all()) for x in leaves((moved, after)))
        params, state = moved, after


def test_it_stays_within_its_bounds() -> None:
    params = {"w": np.ones(1, np.float32)}
    for start, g, end in ((2.0**-15, math.inf, LEAST), (2.0**31, 0.0, MOST)):
        scaling = bp.LossScale(init_scale=start, growth_interval=1)
        state = bp.SGD(0.1).init(params) | scaling.init(params)
        for _ in range(4):
            grads = {"w": np.full(1, g, np.float32)}
            _, state, _ = updated(scaling, bp.SGD(0.1), params, state, grads)
        assert float(state["loss_scale"]) == end


def test_powers_of_two_round_nothing() -> None:
    """Gradients that float16 has not, scaled into its range and back, are the same bits."""
    params = {"w": np.ones(1, np.float32)}
    state = bp.SGD(1.0).init(params) | bp.LossScale().init(params)
    tiny = {"w": np.asarray([2.0**-26], np.float32)}
    moved, _, _ = updated(bp.LossScale(), bp.SGD(1.0), {"w": np.zeros(1, np.float32)}, state, tiny)
    assert float(moved["w"][0]) == -(2.0**-26)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"init_scale": 0.0}, "init_scale of LossScale must be a number from 2"),
        ({"growth_factor": 0.5}, "growth_factor of LossScale must be a number, 1 or more"),
        ({"backoff_factor": 1.0}, "backoff_factor of LossScale must be a number above 0 and below 1"),
        ({"growth_interval": 0}, "growth_interval of LossScale must be a whole number, 1 or more"),
    ],
)
def test_what_is_refused(named: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionError, match=said):
        bp.LossScale(**named)


def test_no_parameters() -> None:
    with pytest.raises(ShapeError, match="LossScale wants parameters"):
        bp.LossScale().init({})


def test_an_interval_that_no_float32_counts_to_is_refused() -> None:
    assert bp.LossScale(growth_interval=2**24).growth_interval == 2**24
    for interval in (2**24 + 1, 10**400):
        with pytest.raises(OptionError, match=r"growth_interval of LossScale must be .* to 2\*\*24"):
            bp.LossScale(growth_interval=interval)
