"""Every digit that the lessons print, beside what `explain` finds: 134 of them, in float64 and exactly."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import bpcore as bp
from bpcore.doors.lessons.course import PARTS
from bpcore.doors.paper.published import verdict

ROWS = json.loads((Path(__file__).parents[2] / "data" / "published.json").read_text(encoding="utf-8"))
MATCHES = {"rounded": ("right", "rounded"), "truncated": ("truncated",), "differs": ("wrong",)}
"""What we call the numbers that are called so there."""

pytestmark = [pytest.mark.needs_float64, pytest.mark.axes("numpy", "strict")]

FIRST = {
    "mazur": {
        "forward/net_h/0": "net_h1",
        "forward/out_h/0": "out_h1",
        "forward/out_h/1": "out_h2",
        "forward/net_o/0": "net_o1",
        "forward/out_o/0": "out_o1",
        "forward/out_o/1": "out_o2",
        "forward/E_o/0": "E_o1",
        "forward/E_o/1": "E_o2",
        "forward/E_total": "E_total",
        "backward/dE_dout_o/0": "dE_total/dout_o1",
        "backward/dout_o_dnet_o/0": "dout_o1/dnet_o1",
        "backward/delta_o/0": "delta_o1",
        "backward/dE_dW2/0/0": "dE_total/dw5",
        "backward/dEo_douth/0/0": "dE_o1/dout_h1",
        "backward/dEo_douth/1/0": "dE_o2/dout_h1",
        "backward/dE_dout_h/0": "dE_total/dout_h1",
        "backward/dout_h_dnet_h/0": "dout_h1/dnet_h1",
        "backward/dE_dW1/0/0": "dE_total/dw1",
    }
}
COURSE = {
    "loss": "L",
    **{
        f"d{of}_d{by}": f"d{over}/d{under}"
        for of, over in (("L", "L"), ("yhat", "y_hat"), ("z2", "z2"), ("h1", "h1"))
        for by, under in (
            ("yhat", "y_hat"),
            *((one, one) for one in ("w1", "w2", "w3", "z1", "z2", "h1")),
        )
    },
}


def mazur(path: str) -> tuple[str, str]:
    """Return name and state of a number of Mazur's."""
    if path.startswith("step0/"):
        return FIRST["mazur"][path.removeprefix("step0/")], ""
    order = re.search("simultaneous|sequential", path)[0]  # type: ignore[index]
    weight = re.search(r"after_1/params/W(\d)/(\d)/(\d)", path)
    if weight:  # the lesson's W[out][in], numbered row by row
        layer, row, column = map(int, weight.groups())
        return f"w{4 * (layer - 1) + 2 * row + column + 1}+", ""
    error = re.search(r"E_total/(\d+)", path)
    count, name = (error[1], "E_total") if error else ("10000", f"out_o{int(path[-1]) + 1}")
    return name, f"after {count} update{'s' * (count != '1')}, {order}"


def linear(path: str) -> tuple[str, str]:
    beyond = {
        "extra/L1_residual": ("y - y_hat", "after 1 update"),
        "extra/L1_residual_squared": ("(y - y_hat)^2", "after 1 update"),
        "extra/w2_plus_0_1/y_hat": ("y_hat", "w2 = 0.6"),
        "extra/w2_plus_0_1/loss": ("L", "w2 = 0.6"),
        "extra/w2_plus_0_1/loss_drop": ("drop of L", "w2 = 0.6"),
        "extra/w2_plus_0_1/first_order_prediction": ("first-order change of L", "w2 = 0.6"),
        "extra/y_hat_at_w1_3_391_w2_2_949": ("y_hat", "w1 = 3.391, w2 = 2.949"),
    }
    if path in beyond:
        return beyond[path]
    _, count, name = path.split("/")
    states = {"0": "", "1": "after 1 update", "10": "after 10 updates"}
    return COURSE.get(name, name), states[count]


def sigmoid(path: str) -> tuple[str, str]:
    beyond = {
        "extra/error_decrease_after_one_step": ("decrease of L", "after 1 update"),
        "extra/predicted_loss_change_if_w3_plus_0_1": ("first-order change of L", "w3 = 0.6"),
        "runs/lr_10_correct/1/w3": ("w3", "rate 10, every weight with its own gradient, after 1 update"),
    }
    if path in beyond:
        return beyond[path]
    _, run, count, name = path.split("/")
    if run == "lr_0.1":
        return COURSE.get(name, name), {"0": "", "1": "after 1 update"}[count]
    return COURSE.get(
        name, name
    ), f"rate 10, w3 updated with dL/dw2, after {count} update{'s' * (count != '1')}"


def calculus(path: str) -> tuple[str, str]:
    names = {
        "cubic/fprime_x": ("df/dx", ""),
        "cubic/f_x": ("f", ""),
        "cubic/f_x_plus_dx": ("f", "after the step"),
        "paraboloid/gradient/0": ("df/dx", ""),
        "paraboloid/gradient/1": ("df/dy", ""),
        "paraboloid/f1": ("f", "after the step"),
        "descent_toy/after_gradient_plus_2": ("w+", ""),
        "descent_toy/after_gradient_minus_3": ("w+", "with a gradient of -3"),
    }
    same = {"delta_f": "change of f", "linear_prediction": "first-order change of f"}
    return names.get(path) or (same[path.rpartition("/")[2]], "after the step")


def logic5(path: str) -> tuple[str, str]:
    _, function, year, _, place = path.split("/")
    return f"output_{int(place) + 1}", f"{function}, {year[1:]}, output of the last forward pass, rounded"


def spiral(path: str) -> tuple[str, str]:
    quantity, epoch = path.split("/")[-2:]
    return {"loss": "L"}.get(quantity, quantity), f"at epoch {epoch}, rate 0.5"


PLACES = {
    "mazur": (mazur, "mazur", ""),
    "course_linear": (linear, "course", "linear"),
    "course_sigmoid": (sigmoid, "course", "sigmoid"),
    "course_calculus": (calculus, "course", ""),
    "logic5": (logic5, "svpino", ""),
    "spiral": (spiral, "spiral", ""),
}


@cache
def published(backend: Any, lesson: str, part: str) -> dict[tuple[str, str, str], Any]:
    explanation = bp.explain(lesson, backend=backend, **({"part": part} if part else {}))
    return {(row.name, row.state, row.text): row for row in explanation.published}


def test_there_are_134() -> None:
    assert len(ROWS) == 134


@pytest.mark.parametrize("example", PLACES)
def test_every_published_number(backend: Any, example: str) -> None:
    place, lesson, part = PLACES[example]
    rows = [row for row in ROWS if row["example"] == example]
    assert rows
    for row in rows:
        name, state = place(row["path"])
        its_part = (
            row["path"].partition("/")[0].removesuffix("_toy") if example == "course_calculus" else part
        )
        found = published(backend.backend, lesson, its_part)[name, state, row["published"]]
        # at rate 0.5 rounding has grown to 4e-10 by epoch 100
        exact = pytest.approx(row["exact"], rel=1e-13 if example != "spiral" else 1e-9, abs=1e-17)
        assert found.value == exact, row["path"]
        assert found.verdict in MATCHES[row["match"]], row["path"]


@pytest.mark.parametrize("name", ["mazur", "svpino", "spiral", *PARTS])
def test_every_row_is_printed_with_its_verdict(name: str) -> None:
    explanation = bp.explain("course", part=name) if name in PARTS else bp.explain(name)
    _, _, text = str(explanation).partition("Published digits")
    for row in explanation.published:
        line = next(
            line
            for line in text.splitlines()
            if line.startswith(f"  {row.name}{', ' + row.state if row.state else ''} ")
            and f" {row.text} " in line
        )
        assert f"  {row.verdict}" in line
        assert row.note in line


def test_what_digits_are() -> None:
    for text, value, word in (
        ("0.3775", 0.3775, "right"),
        ("0.3775", 0.37754066879814546, "rounded"),
        ("-0.01318", -0.013187697337488319, "truncated"),
        ("107.88", 107.76294432, "wrong"),
        ("0.5", 0.25, "wrong"),
        ("0.3", 0.25, "rounded"),  # half up, as by hand
        ("4", 3.9999999999999996, "right"),
    ):
        assert verdict(text, value) == word, text
