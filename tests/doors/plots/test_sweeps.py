"""Rate sweeps: one start, several rates, and those that diverge."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import DataError

X, Y = np.asarray([[2.0]]), np.asarray([[20.0]])
NET = bp.MLP([1, 1, 1], activation="identity", bias=False)
PARAMS: list[Any] = [{"weight": np.asarray([[2.0]])}, {}, {"weight": np.asarray([[0.5]])}]


@pytest.fixture(scope="module")
def sweep() -> dict[float, list[float]]:
    return bp.plots.rate_sweep(
        NET, (X, Y), rates=[0.001, 0.01, 0.3], loss=bp.SquaredError(half=True), epochs=11, params=PARAMS
    )


def test_each_rate_starts_where_the_others_do(sweep: dict[float, list[float]], numbers: Any) -> None:
    states = numbers("course_linear")["states"]
    assert list(sweep) == [0.001, 0.01, 0.3]
    assert {losses[0] for losses in sweep.values()} == {162.0}
    assert sweep[0.01] == pytest.approx([states[str(n)]["loss"] for n in range(11)], rel=1e-7)
    assert sweep[0.3][-1] == math.inf
    assert len(sweep[0.3]) <= 11


def test_curves_and_where_one_diverged(sweep: dict[float, list[float]]) -> None:
    ax = bp.plots.rates(sweep)
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0].startswith("0.001: ")
    assert labels[2] == "0.3: diverged"
    left = next(epoch for epoch, value in enumerate(sweep[0.3], start=1) if value > 100 * 162.0)
    crosses = [line for line in ax.lines if line.get_marker() == "X"]
    assert [line.get_xdata().tolist() for line in crosses] == [[left]]
    assert ax.get_ylim()[1] == 100 * 162.0
    assert ax.get_yscale() == "log"


def test_last_losses_against_the_rate(sweep: dict[float, list[float]]) -> None:
    ax = bp.plots.final_losses(sweep)
    ends, lost = ax.lines[:2]
    assert ends.get_xdata().tolist() == [0.001, 0.01]
    assert ends.get_ydata().tolist() == [sweep[0.001][-1], sweep[0.01][-1]]
    assert lost.get_xdata().tolist() == [0.3]
    assert [text.get_text() for text in ax.texts] == ["diverged"]
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_runs_and_histories_are_taken_too() -> None:
    ax = bp.plots.rates({0.1: {"loss": [2.0, 1.0]}, 0.2: [2.0, 0.5]})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["0.1: 1", "0.2: 0.5"]
    ax = bp.plots.final_losses({0.1: [2.0, 0.0], 1.0: [2.0, 1.0]})
    assert ax.get_yscale() == "linear"  # 0 is to be seen


@pytest.mark.parametrize("sweep", [{}, {0.1: []}, {0.1: {"accuracy": [1.0]}}])
def test_a_sweep_without_losses(sweep: Any) -> None:
    with pytest.raises(DataError, match="in this sweep: make one with rate_sweep"):
        bp.plots.rates(sweep)
