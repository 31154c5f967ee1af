"""The page of an explanation: headings, formulas, numbers, published digits, and names that are no markup."""

from __future__ import annotations

import html
import re
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import bpcore as bp
from bpcore.doors.pages.rendering import mathml, page


def said(formula: str) -> str:
    """Return the characters of a piece of MathML; it is well-formed, or this raises."""
    return "".join(ET.fromstring(formula).itertext())  # noqa: S314 -- our own


def rows(text: str) -> dict[str, list[str]]:
    """Return for each line what it is equal to, step by step, as characters."""
    found = {}
    for name, row in re.findall(r'<tr id="([^"]*)">(.*?)</tr>', text, re.DOTALL):
        found[name] = [said(formula) for formula in re.findall(r"<math.*?</math>", row, re.DOTALL)][1:]
    return found


@pytest.fixture(scope="module")
def mazur() -> str:
    return bp.explain("mazur").html()


def test_every_line_stands_under_its_heading(mazur: str) -> None:
    assert re.findall(r"<h2>(.*?)</h2>", mazur) == [
        *("Given", "Forward", "Backward", "Update", "After the update"),
        *("Computation graph", "Published digits"),
    ]
    assert '<li id="w1">' in mazur
    found = rows(mazur)
    assert list(found)[:2] == ["net_h1", "net_h2"]
    assert found["E_total"] == ["=Eo1+Eo2", "=0.274811083+0.023560026", "=0.298371109"]


def test_the_chain_rule_is_there_as_factors(mazur: str) -> None:
    steps = rows(mazur)["dE_total/dw5"]
    assert steps[0].count("·") == 2
    assert steps[-2:] == ["=0.138498562·0.593269992", "=0.082167041"]


def test_every_formula_is_well_formed() -> None:
    for name in ("svpino", "course", "spiral"):
        formulas = re.findall(r"<math.*?</math>", bp.explain(name).html(), re.DOTALL)
        assert len(formulas) > 50
        for formula in formulas:
            assert "\\" not in said(formula)


def test_published_digits_bear_their_verdict() -> None:
    explanation = bp.explain("course")
    html = explanation.html()
    verdicts = re.findall(r'<span class="mark (\w+)">([^<]*)</span>', html)
    assert [verdict for _, verdict in verdicts] == [row.verdict for row in explanation.published]
    assert {"right", "rounded", "wrong"} <= {colour for colour, _ in verdicts}


def test_names_are_no_markup() -> None:
    explanation = bp.explain(
        lambda x: x * 2, 3.0, names=["<b>&"], result="<i>", title="<script>alert(1)</script>"
    )
    html = explanation.html()
    for markup in ("<b>", "<i>", "<script"):
        assert markup not in html.split("</style>")[1]
    assert "&lt;script&gt;" in html
    assert said(mathml(r"\text{a <b> c}")).replace("\xa0", " ").strip() == "a <b> c"


def test_a_minus_is_a_sign_where_no_operand_stands_before_it() -> None:
    for latex, signs in ((r"= -2", 1), (r"a \cdot \left(-2\right)", 1), ("a - 2", 0)):
        assert mathml(latex).count('form="prefix">&#x02212;') == signs


def test_a_graph_that_nobody_reads_is_left_out() -> None:
    net, x, y = bp.MLP([10, 10, 1], activation="tanh"), np.ones((1, 10)), np.ones((1, 1))
    html = bp.explain(net, x, y).html()
    assert "Computation graph" not in html
    assert "<math" in html


def test_a_value_that_a_template_wants_and_has_not() -> None:
    with pytest.raises(Exception, match="'notes' is undefined"):
        page("explanation.html", title="x", arithmetic="")


def test_what_an_explanation_shows_in_a_template_is_escaped() -> None:
    values: dict[str, Any] = {"arithmetic": "<u>", "notes": ("<s>",), "result": "L", "sections": []}
    html = page("explanation.html", title="t", graph=None, published=[], **values)
    assert "&lt;u&gt;" in html
    assert "&lt;s&gt;" in html


def test_a_long_row_of_numbers_is_broken_into_lines() -> None:
    """A formula does not break by itself: on paper, and in a narrow window, its end would be cut off."""
    page = bp.explain("spiral").html()
    longest = max(map(html.unescape, re.findall(r"<mtext>([^<]*)</mtext>", page)), key=len)
    assert 40 < len(longest) <= 80
    steps = rows(page)["dL/db1"]
    numbers = "".join(steps[steps.index(next(step for step in steps if "[" in step)) :])
    assert numbers.count("0.") == 16
    assert numbers.endswith("]")
