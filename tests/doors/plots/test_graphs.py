"""The computation graph and the network of a step: what is red, and what stands beside it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

import bpcore as bp
from bpcore.doors.paper.line import AFTER, FORWARD, GIVEN, UPDATE, Line
from bpcore.doors.paper.terms import Call, Symbol, Term
from bpcore.doors.plots.canvas import LEARNED_FILL
from bpcore.doors.plots.networks import Spots
from bpcore.doors.plots.quantities import Quantities, in_short
from bpcore.doors.plots.wiring import Wiring
from bpcore.words.errors import OptionError, PaperError

RED = (0.8784313725490196, 0.19215686274509805, 0.19215686274509805, 1.0)


def words(ax: Any) -> list[str]:
    """Return every text of some axes."""
    return [text.get_text() for text in ax.texts]


def test_the_path_of_w5_is_what_lies_between_it_and_the_loss(mazur: Any) -> None:
    found = Quantities.of(mazur)
    assert found.result == "E"
    assert found.path("w5") == {"w5", "net_o1", "out_o1", "E_o1", "E"}
    assert found.path("w1") == {"w1", "net_h1", "out_h1", "E"} | {
        f"{word}_o{n}" for word in ("net", "out", "E") for n in (1, 2)
    }
    assert found.path(None) == frozenset()


def test_what_comes_after_the_step_is_in_no_graph(mazur: Any) -> None:
    later = [
        Line(symbol=Symbol("w5+"), kind=UPDATE, term=Symbol("w5"), value=0.36),
        Line(symbol=Symbol("E+"), kind=AFTER, term=Symbol("w5+"), value=0.29),
    ]
    found = Quantities.of(SimpleNamespace(lines=(*mazur.lines, *later)))
    assert found.result == "E"
    assert len(found.lines) == 25


def test_what_a_step_leaves_as_it_was_is_not_drawn_as_learned(mazur: Any) -> None:
    """Of Mazur's step the biases stay; where there is no step, what there is a derivative by could learn."""
    from matplotlib.colors import to_rgb

    step = Quantities.of(bp.explain("mazur"))
    assert {name for name in step.lines if step.learns(name)} == {f"w{n}" for n in range(1, 9)}
    per_neuron = Quantities.of(bp.explain("mazur", biases="per-neuron"))
    assert per_neuron.learns("b_h1")
    assert Quantities.of(mazur).learns("w5")
    boxes = bp.plots.graph(bp.explain("mazur")).patches
    assert [box.get_facecolor()[:3] for box in boxes].count(to_rgb(LEARNED_FILL)) == 8


def test_a_graph_shows_names_values_and_the_derivatives_of_a_path(mazur: Any) -> None:
    ax = bp.plots.graph(mazur, path="w5")
    found = words(ax)
    assert {"net_h1", "0.3775", "E", "0.2984", "w8", "0.55"} <= set(found)
    derivatives = {word for word in found if word.startswith("d")}
    assert derivatives == {"dE/dw5 = 0.08217", "dE/dnet_o1 = 0.1385", "dE/dout_o1 = 0.7414"}
    assert {word for word in found if word.startswith("\u00d7")} == {"\u00d7 0.1868", "\u00d7 0.5933"}
    red = [patch for patch in ax.patches if patch.get_edgecolor() == RED]
    assert len(red) == 5 + 4  # boxes and arrows
    assert ax.get_title() == "How E is computed, and the path of dE/dw5"


def test_a_graph_without_a_path_has_nothing_red(mazur: Any) -> None:
    ax = bp.plots.graph(mazur)
    assert not [patch for patch in ax.patches if patch.get_edgecolor() == RED]
    assert not [word for word in words(ax) if word.startswith("dE/")]
    assert len(words(ax)) == 2 * 25


def test_the_drawing_as_svg_has_its_words_as_words(mazur: Any) -> None:
    text = bp.plots.rendered(bp.plots.graph(mazur, path="w5"), "svg").decode("utf-8")
    for word in ("net_o1", "0.3775", "dE/dw5 = 0.08217"):
        assert f">{word}</text>" in text


def test_what_explain_gives_is_drawn() -> None:
    step = bp.explain(lambda w, x: (w * x - 1) ** 2, 3.0, 2.0, names=("w", "x"), result="L")
    assert {"w", "3", "L", "25", "dL/dw = 20"} <= set(words(bp.plots.graph(step, path="w")))


def test_arrays_are_shown_by_their_shapes() -> None:
    assert in_short(bp.datasets.spiral().x) == "400 x 2"
    assert in_short(0.123456) == "0.1235"
    assert in_short(None) == ""


def test_the_network_is_read_off_the_lines(mazur: Any) -> None:
    wiring = Wiring.of(Quantities.of(mazur))
    assert wiring.inputs == ["i1", "i2"]
    assert {name: (unit.stages, unit.bias, unit.depth) for name, unit in wiring.units.items()} == {
        "net_h1": (["net_h1", "out_h1"], "b1", 1),
        "net_h2": (["net_h2", "out_h2"], "b1", 1),
        "net_o1": (["net_o1", "out_o1"], "b2", 2),
        "net_o2": (["net_o2", "out_o2"], "b2", 2),
    }
    wires = {wire.weight: (wire.source, wire.unit) for wire in wiring.wires}
    assert wires["w3"] == ("i1", "net_h2")
    assert wires["w8"] == ("net_h2", "net_o2")
    assert len(wires) == 8
    assert wiring.rest == ["E_o1", "E_o2", "E"]
    assert not wiring.others


def test_a_network_with_the_path_of_w5(mazur: Any) -> None:
    ax = bp.plots.network(mazur, path="w5")
    found = words(ax)
    assert "w5 = 0.4\ndE/dw5 = 0.08217" in found
    assert "w6 = 0.45" in found
    assert "dE/dout_o1 = 0.7414\ndE/dnet_o1 = 0.1385" in found
    assert "net_h1\n0.3775\nout_h1\n0.5933" in found
    assert "+ b1 = 0.35" in found
    red = [line for line in ax.lines if line.get_color() == "#e03131"]
    assert len(red) == 1
    assert (
        len([line for line in bp.plots.network(mazur, path="w1").lines if line.get_color() == "#e03131"]) == 3
    )


def test_words_at_lines_are_apart() -> None:
    spots = Spots()
    first = spots.take((0.0, 0.0), (3.4, 0.0), "w1 = 0.15", 0.5)
    second = spots.take((0.0, 1.0), (3.4, -1.0), "w2 = 0.25", 0.5)
    assert first == pytest.approx((1.7, 0.0))
    assert abs(first[1] - second[1]) > 0.15
    near_a_circle = spots.take((0.0, 5.0), (3.4, 5.0), "w3 = 0.15", 0.0)
    assert near_a_circle[0] > 0.55 + 0.3


def test_the_loss_over_all_samples_does_not_stand_beside_the_error_of_one() -> None:
    step = bp.explain("svpino", form="elements")
    ax = bp.plots.network(step)
    words = [text.get_text().partition("\n")[0] for text in ax.texts]
    assert "error1" in words
    assert "E" not in words
    ax.get_figure().draw_without_rendering()
    boxes = [text.get_window_extent() for text in ax.texts if " = " in text.get_text()]
    assert len(boxes) == 12
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    for one, other in ((a, b) for i, a in enumerate(boxes) for b in boxes[:i]):
        level = one.x0 < other.x1 and other.x0 < one.x1
        assert not level or min(abs(one.y0 - other.y1), abs(other.y0 - one.y1)) > 5  # in points


def test_of_several_samples_the_first_is_drawn() -> None:
    net = bp.MLP([2, 2, 1], activation="sigmoid")
    step = bp.explain(net, [[0.0, 1.0], [1.0, 0.0]], [[1.0], [0.0]], seed=1)
    ax = bp.plots.network(step)
    assert ax.get_title() == "The network, first sample"
    assert len([line for line in ax.lines]) == 6  # noqa: C416


def test_bad_input(mazur: Any) -> None:
    with pytest.raises(OptionError, match=r'leads to E, was given .w55.\. Did you mean "w5"'):
        bp.plots.graph(mazur, path="w55")
    given = [Line(symbol=Symbol(f"x{i}"), kind=GIVEN, value=1.0) for i in range(151)]
    with pytest.raises(PaperError, match="computes nothing"):
        bp.plots.graph(SimpleNamespace(lines=tuple(given)))
    term: Term = Symbol("x0")
    for line in given[1:]:
        term = Call("add", (term, line.symbol))
    total = Line(symbol=Symbol("s"), kind=FORWARD, term=term, value=151.0)
    with pytest.raises(PaperError, match="the graph has 152 nodes, more than the 150"):
        bp.plots.graph(SimpleNamespace(lines=(*given, total)))
    with pytest.raises(PaperError, match="no weight that multiplies one number"):
        bp.plots.network(SimpleNamespace(lines=(*given, total)))
