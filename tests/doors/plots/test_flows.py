"""Gradient flow and the vanishing chain: what is drawn is what was computed."""

from __future__ import annotations

from typing import Any

import pytest

import bpcore as bp
from bpcore.run.trouble.flow import LayerFlow
from bpcore.words.errors import DataError, OptionError


@pytest.mark.parametrize(("activation", "known"), [("sigmoid", "logistic"), ("tanh", "tanh")])
def test_the_derivatives_of_the_chain(numbers: Any, activation: str, known: str) -> None:
    wanted = numbers("vanishing_chain")[known]
    assert bp.plots.chain_derivatives(activation, 20) == pytest.approx(wanted[:20], rel=1e-13)


def test_ten_sigmoids_beside_their_bound() -> None:
    ax = bp.plots.vanishing_chain()
    chain, bound = ax.lines
    assert f"{chain.get_ydata()[9]:.3g}" == "3.48e-07"
    assert [text.get_text() for text in ax.texts] == ["3.48e-07"]
    assert bound.get_ydata().tolist() == [4.0**-n for n in range(1, 11)]
    assert (chain.get_ydata() < bound.get_ydata()).all()
    assert ax.get_yscale() == "log"


def test_an_activation_without_a_bound_that_is_known() -> None:
    assert len(bp.plots.vanishing_chain("gelu", 3).lines) == 1


def test_flow_by_layer(spiral: Any) -> None:
    flow = bp.gradient_flow(spiral.net, spiral.params, spiral.x, spiral.y, spiral.loss)
    ax = bp.plots.gradient_flow(flow)
    heights = [bar.get_height() for bar in ax.patches]
    assert heights == [layer.weight for layer in flow] + [layer.gradient for layer in flow]
    assert [text.get_text() for text in ax.texts] == [f"ratio\n{layer.ratio:.3g}" for layer in flow]
    assert [label.get_text() for label in ax.get_xticklabels()] == [
        "net[0]\nLinear(16)",
        "net[2]\nLinear(8)",
        "net[4]\nLinear(1)",
    ]
    again = bp.plots.gradient_flow(spiral.net, spiral.params, spiral.x, spiral.y, spiral.loss)
    assert [bar.get_height() for bar in again.patches] == heights


def test_a_network_of_zeros_is_drawn_too() -> None:
    ax = bp.plots.gradient_flow([LayerFlow(name="net[0] a", weight=0.0, gradient=0.0, ratio=float("inf"))])
    assert ax.get_yscale() == "linear"


def test_bad_input() -> None:
    with pytest.raises(DataError, match="no layer has a weight"):
        bp.plots.gradient_flow(())
    with pytest.raises(OptionError, match=r'activation must be one of .* Did you mean "tanh"'):
        bp.plots.vanishing_chain("tan")
    with pytest.raises(OptionError, match="units must be"):
        bp.plots.vanishing_chain(units=0)
