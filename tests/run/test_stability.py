"""Spikes of a loss curve: what is one, where it begins, peaks and ends, and what is none."""

from __future__ import annotations

import math

import pytest

from bpcore.run.trouble.stability import Spike, rising, spikes


def test_a_spike_has_a_start_a_peak_and_an_end() -> None:
    losses = [1.0, 0.8, 0.5, 0.6, 2.0, 1.2, 0.5, 0.4]
    assert spikes(losses) == (Spike(start=4, peak=5, end=7, before=0.5, height=2.0),)
    assert rising(losses) == 2


def test_two_spikes_and_a_rise_within_one() -> None:
    losses = [1.0, 3.0, 2.0, 2.5, 0.9, 0.8, 1.6, 0.7]
    found = [(spike.start, spike.peak, spike.end) for spike in spikes(losses)]
    assert found == [(2, 2, 5), (7, 7, 8)]


def test_rounding_is_no_spike() -> None:
    losses = [1e-3 + 1e-16 * (-1) ** i for i in range(50)]
    assert spikes(losses) == ()
    assert rising(losses) > 20
    assert spikes([1.0, 1.04, 0.9]) == ()
    assert len(spikes([1.0, 1.04, 0.9], least=0.01)) == 1


def test_a_plateau_is_no_rise() -> None:
    assert spikes([1.0, 1.0, 1.0, 0.5, 0.5]) == ()
    assert rising([1.0, 1.0, 0.5]) == 0


@pytest.mark.parametrize("losses", [[], [1.0], [1.0, 2.0], [1.0, 2.0, 4.0, 8.0], [1.0, 4.0, 3.9]])
def test_what_never_comes_back_is_no_spike(losses: list[float]) -> None:
    assert spikes(losses) == ()


def test_what_is_still_coming_back_at_the_end_is_one() -> None:
    assert spikes([1.0, 5.0, 2.0]) == (Spike(start=2, peak=2, end=3, before=1.0, height=5.0, back=False),)


def test_losses_that_are_not_finite() -> None:
    assert spikes([1.0, math.inf, 0.5]) == (Spike(start=2, peak=2, end=3, before=1.0, height=math.inf),)
    assert spikes([1.0, 3.0, math.nan, 0.5])[0].height == math.inf
    assert spikes([1.0, 3.0, math.nan, math.nan]) == ()
    assert rising([1.0, math.nan, math.nan]) == 1
    assert rising([1.0, math.inf, math.inf]) == 1


def test_losses_below_zero() -> None:
    assert spikes([-1.0, -0.99, -2.0]) == ()
    assert [spike.start for spike in spikes([-1.0, -0.5, -2.0])] == [2]
