"""Curves: axes, validation, and the spike that is seen at rate 0.5."""

from __future__ import annotations

from typing import Any

import pytest

import bpcore as bp
from bpcore.run.trouble.stability import spikes
from bpcore.words.errors import DataError


def test_the_spike_of_the_spiral_is_marked(spiral: Any) -> None:
    ax = bp.plots.loss(spiral.run)
    (spike,) = spikes(spiral.run.history["loss"])
    assert 120 <= spike.start < spike.peak < spike.end <= 160
    assert ax.get_yscale() == "log"
    assert [text.get_text() for text in ax.texts] == [f"epoch {spike.peak}: {spike.height:.3g}"]
    (shade,) = ax.patches
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (spike.start, spike.end)
    (accuracy_shade,) = bp.plots.accuracy(spiral.run).patches
    assert accuracy_shade.get_x() == spike.start


def test_a_calm_curve_has_no_mark() -> None:
    ax = bp.plots.loss({"loss": [3.0, 2.0, 1.0]})
    assert not ax.patches
    assert not ax.texts
    assert ax.get_title() == "Training loss"
    (line,) = ax.lines
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([1, 2, 3], [3.0, 2.0, 1.0])


def test_three_spikes_of_many_are_labelled() -> None:
    losses = [1.0] + [value for height in (2, 5, 3, 4, 6) for value in (float(height), 1.0)]
    ax = bp.plots.loss({"loss": losses})
    assert len(ax.patches) == 5
    assert [text.get_text() for text in ax.texts] == ["epoch 10: 6", "epoch 4: 5", "epoch 8: 4"]


def test_validation_has_a_curve_of_its_own() -> None:
    history = {"loss": [2.0, 1.0], "validation_loss": [2.5, 1.5], "accuracy": [0.5, 1.0]}
    lines = bp.plots.loss(history).lines
    assert [line.get_label() for line in lines] == ["training", "validation"]
    assert lines[1].get_ydata().tolist() == [2.5, 1.5]
    assert len(bp.plots.accuracy(history).lines) == 1


def test_the_axis_of_accuracy_and_of_losses_that_are_0() -> None:
    assert bp.plots.accuracy({"accuracy": [0.1, 0.2]}).get_ylim() == (0, 1.05)
    assert bp.plots.loss({"loss": [1.0, 0.0]}).get_yscale() == "linear"


def test_what_was_not_recorded_is_said() -> None:
    with pytest.raises(DataError, match="there is no accuracy in this history, which holds loss: "):
        bp.plots.accuracy({"loss": [1.0]})
    with pytest.raises(DataError, match="there is no loss in this history, which holds nothing"):
        bp.plots.loss({})
