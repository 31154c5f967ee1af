"""Mistakes planted in hand calculations: the first wrong line is found, and its kind is named."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bpcore as bp
from bpcore.doors.paper.arithmetic import Floats

FLOATS = Floats()


def s(x: float) -> float:
    return 1 / (1 + math.exp(-x))


I1, I2, T1, T2 = 0.05, 0.10, 0.01, 0.99
W = dict(
    zip(
        ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"),
        (0.15, 0.2, 0.25, 0.3, 0.4, 0.45, 0.5, 0.55),
        strict=True,
    )
)
H1, H2 = s(W["w1"] * I1 + W["w2"] * I2 + 0.35), s(W["w3"] * I1 + W["w4"] * I2 + 0.35)
NET1 = W["w5"] * H1 + W["w6"] * H2 + 0.6
NET2 = W["w7"] * H1 + W["w8"] * H2 + 0.6
O1, O2 = s(NET1), s(NET2)
D1, D2 = (O1 - T1) * O1 * (1 - O1), (O2 - T2) * O2 * (1 - O2)
NEW5, NEW7 = W["w5"] - 0.5 * D1 * H1, W["w7"] - 0.5 * D2 * H1

MAZUR = [
    ("net_h1", W["w1"] * I1 + W["w3"] * I2 + 0.35, "transposed"),
    ("net_h1", W["w1"] * I1 + W["w2"] * I2, "missing term"),
    ("net_h2", W["w3"] * I1 - W["w4"] * I2 + 0.35, "sign"),
    ("out_h1", 0.3775, "activation left out"),
    ("out_h1", 1 + math.exp(-0.3775), "missing brackets"),
    ("net_o1", W["w5"] * H1 + W["w7"] * H2 + 0.6, "transposed"),
    ("E_o1", (O1 - T1) ** 2, "missing half"),
    ("E_o2", (O2 - T2) / 2, "missing square"),
    ("E_total", ((O1 - T1) ** 2 + (O2 - T2) ** 2) / 4, "mean instead of sum"),
    ("dE_total/dout_o1", T1 - O1, "sign"),
    ("dE_total/dout_o1", 2 * (O1 - T1), "missing half"),
    ("dout_o1/dnet_o1", NET1 * (1 - NET1), "derivative at the input of the activation"),
    ("delta_o1", O1 - T1, "missing derivative of the activation"),
    ("delta_h1", (D1 * W["w5"] - D2 * W["w7"]) * H1 * (1 - H1), "sign"),
    ("out_h1", s(-0.3775), "sign"),
    ("E_o1", (O1 - T2) ** 2 / 2, "another quantity"),
    ("E_o1", (O1 - T1) ** 2 / 4, "half too much"),
    ("dE_total/dout_h1", 2 * (D1 * W["w5"] + D2 * W["w7"]), "missing half"),
    ("net_o1", W["w5"] * 0.3775 + W["w6"] * 0.3925 + 0.6, "activation left out"),
    ("dout_o1/dnet_o1", O1, "missing factor"),
    ("dE_total/dw5", (O1 - T1) * H1, "missing derivative of the activation"),
    ("dE_total/dw6", D2 * H1, "transposed"),
    ("dE_total/dout_h1", D1 * W["w5"] + D2 * W["w6"], "transposed"),
    ("dE_total/dout_h1", D1 * NEW5 + D2 * NEW7, "new instead of old weight"),
    ("dE_total/dout_h1", D1 * W["w5"], "missing term"),
    ("delta_h1", (D1 * W["w5"] + D2 * W["w7"]), "missing derivative of the activation"),
    ("w5+", W["w5"] + 0.5 * D1 * H1, "sign"),
    ("w5+", W["w5"] - D1 * H1, "learning rate left out"),
    ("E_total+", ((O1 - T1) ** 2 + (O2 - T2) ** 2) / 2, "old instead of new weight"),
]

C_H1 = s(-0.5)
C_Y = s(0.5 * C_H1)
C_DZ2 = (C_Y - 1) * C_Y * (1 - C_Y)
SIGMOID = [
    ("z1", 0.1 + 0.6, "sign"),
    ("z2", 0.5 * -0.5, "activation left out"),
    ("L", (C_Y - 1) ** 2, "missing half"),
    ("dL/dy_hat", 1 - C_Y, "sign"),
    ("dL/dz2", C_Y - 1, "missing derivative of the activation"),
    ("dL/dw3", (C_Y - 1) * C_H1, "missing derivative of the activation"),
    ("dL/dw1", C_DZ2 * 0.5, "missing derivative of the activation"),
    ("w3+", 0.5 + 0.1 * C_DZ2 * C_H1, "sign"),
    ("w3+", 0.5 - 0.1 * C_DZ2 * 0.5 * C_H1 * (1 - C_H1) * 2, "another quantity"),  # the notebook's wrong line
    ("y_hat+", C_Y, "old instead of new weight"),
    ("y_hat", 0.45705, "digits slipped"),
]

LINEAR = [
    ("L", (2 - 20) ** 2, "missing half"),
    ("dL/dw2", 72.0, "sign"),
    ("w1+", 2 - 0.01 * -72, "another quantity"),
    ("w2+", 0.5 + 72, "learning rate left out"),
    ("L+", 162.0, "old instead of new weight"),
]


def xor() -> dict[str, Any]:
    """Return svpino's first XOR step, with loops."""
    explanation = bp.explain("svpino", form="elements")
    w1 = [[explanation[f"W1_{i}{j}"] for j in range(1, 5)] for i in (1, 2)]
    w2 = [explanation[f"W2_{j}"] for j in range(1, 5)]
    x, y = [(0, 0), (0, 1), (1, 0), (1, 1)], [0, 1, 1, 0]
    layer = [[s(a * w1[0][j] + b * w1[1][j]) for j in range(4)] for a, b in x]
    out = [s(sum(l * w for l, w in zip(row, w2, strict=True))) for row in layer]  # noqa: E741
    d2 = [-2 * (t - o) * o * (1 - o) for t, o in zip(y, out, strict=True)]
    return {"w1": w1, "w2": w2, "x": x, "y": y, "layer": layer, "out": out, "d2": d2}


def svpino_mistakes() -> list[tuple[str, float, str]]:
    k = xor()
    errors = [t - o for t, o in zip(k["y"], k["out"], strict=True)]
    new2 = [w - sum(k["d2"][n] * k["layer"][n][j] for n in range(4)) for j, w in enumerate(k["w2"])]

    def d1(weights: list[float], n: int, j: int, *, derivative: bool = True) -> float:
        hidden = k["layer"][n][j]
        return k["d2"][n] * weights[j] * (hidden * (1 - hidden) if derivative else 1)

    return [
        ("E", sum(e * e for e in errors) / 4, "mean instead of sum"),
        ("E", sum(e * e for e in errors) / 2, "half too much"),
        ("error2", -errors[1], "sign"),
        ("dE/dz2_1", -2 * errors[0], "missing derivative of the activation"),
        ("dE/dW2_2", -sum(k["d2"][n] * k["layer"][n][1] for n in range(4)), "sign"),
        ("dE/dlayer_21", k["d2"][1] * k["w2"][0], "old instead of new weight"),
        ("dE/dW1_12", sum(d1(k["w2"], n, 1) * k["x"][n][0] for n in range(4)), "old instead of new weight"),
        ("dE/dW1_21", sum(d1(new2, n, 0, derivative=False) * k["x"][n][1] for n in range(4)),
         "missing derivative of the activation"),
        ("W2_3+", k["w2"][2] + sum(k["d2"][n] * k["layer"][n][2] for n in range(4)), "sign"),
    ]  # fmt: skip


def spiral_mistakes() -> list[tuple[str, float, str]]:
    e = bp.explain("spiral", rate=0.2)
    a2, delta, w3, z3 = e["a2"], e["dL/dz3"], e["W3"], e["z3"]
    return [
        ("L", e["L"] * 400, "sum instead of mean"),
        ("dL/dz3_5", delta[4, 0] * 400, "sum instead of mean"),
        ("dL/dz3_7", -delta[6, 0], "sign"),
        ("dL/dW3_1", float((a2[:, 0] * delta[:, 0]).sum()) * 400, "sum instead of mean"),
        ("dL/dz2_1,1", float(delta[0, 0] * w3[0, 0]), "missing derivative of the activation"),
        ("y_hat1", float(z3[0, 0]), "activation left out"),
        ("z3_1", float((a2 @ w3)[0, 0]) * -1, "sign"),
        ("W3_2+", float(w3[1, 0] + 0.2 * e["dL/dW3"][1, 0]), "sign"),
    ]


def found(explanation: Any, name: str, value: float, digits: int) -> Any:
    checked = explanation.check({name: f"{value:.{digits}g}"})
    assert not checked
    assert checked.first.name == name
    assert f"first wrong line: {name} = " in str(checked)
    return checked.first


@pytest.mark.parametrize(("name", "value", "kind"), MAZUR)
def test_mazur(name: str, value: float, kind: str) -> None:
    assert found(bp.explain("mazur"), name, value, 8).kind == kind


@pytest.mark.parametrize(("name", "value", "kind"), SIGMOID)
def test_course_sigmoid(name: str, value: float, kind: str) -> None:
    assert found(bp.explain("course", part="sigmoid"), name, value, 7).kind == kind


@pytest.mark.parametrize(("name", "value", "kind"), LINEAR)
def test_course_linear(name: str, value: float, kind: str) -> None:
    assert found(bp.explain("course", part="linear"), name, value, 7).kind == kind


@pytest.mark.parametrize("number", range(9))
def test_svpino(number: int) -> None:
    name, value, kind = svpino_mistakes()[number]
    assert found(bp.explain("svpino", form="elements"), name, value, 8).kind == kind


@pytest.mark.parametrize("number", range(8))
def test_spiral(number: int) -> None:
    name, value, kind = spiral_mistakes()[number]
    assert found(bp.explain("spiral", rate=0.2), name, value, 8).kind == kind


def test_the_first_wrong_line_and_what_follows_from_it() -> None:
    wrong = (O1 - T1) * H1 * 1.0
    answers = {
        "w5+": f"{W['w5'] - 0.5 * wrong:.9f}",  # given in another order than the lines'
        "net_h1": "0.3775",
        "out_h1": "0.5933",
        "dE_total/dw5": f"{wrong:.9f}",
    }
    checked = bp.check_by_hand(answers)
    assert [one.name for one in checked.findings] == ["net_h1", "out_h1", "dE_total/dw5", "w5+"]
    assert [one.verdict for one in checked.findings] == [
        "right",
        "right",
        "wrong",
        "follows from the wrong line",
    ]
    assert checked.first.name == "dE_total/dw5"


def test_deltas_of_the_opposite_sign_are_a_convention() -> None:
    answers = {"delta_o1": f"{-D1:.9f}", "delta_o2": f"{-D2:.9f}", "dE_total/dw5": f"{D1 * H1:.9f}"}
    checked = bp.explain("mazur").check(answers)
    assert [one.verdict for one in checked.findings] == [*["right, with the opposite sign"] * 2, "right"]
    assert checked
    assert "opposite sign" in str(checked)


def rounded(x: float, digits: int) -> float:
    return float(f"{x:.{digits}g}")


@pytest.mark.parametrize("digits", [3, 4, 5, 6])
@pytest.mark.parametrize("lesson", ["mazur", "sigmoid", "svpino"])
def test_silent_on_part_of_a_sheet_that_was_rounded_line_by_line(lesson: str, digits: int) -> None:
    options = {"sigmoid": {"part": "sigmoid"}, "svpino": {"form": "elements"}}.get(lesson, {})
    explanation = bp.explain("course" if lesson == "sigmoid" else lesson, **options)
    values: dict[Any, float] = {}
    for line in explanation.lines:
        exact = line.value if line.term is None else FLOATS.value(line.term, values)
        values[line.symbol] = exact if line.term is None else rounded(float(exact), digits)
    for kinds in (("gradient",), ("forward", "gradient", "update"), ("update", "after")):
        answers = {
            line.symbol.name: f"{values[line.symbol]:.{digits}g}"
            for line in explanation.lines
            if line.kind in kinds
        }
        checked = explanation.check(answers)
        assert checked, f"{kinds}: {checked}"


def test_a_wrong_answer_on_the_largest_sheet_is_explained_in_seconds() -> None:
    net = bp.MLP([4, 12, 4], activation="tanh", output="sigmoid")
    explanation = bp.explain(net, [[1, 2, 3, 4]], [[1, 0, 0, 1]], rate=0.1)
    began = time.perf_counter()
    assert explanation.check({"L+": f"{explanation['L']:.9f}"}).first.kind == "old instead of new weight"
    assert time.perf_counter() - began < 20  # trying everything anew for every mistake took minutes


def test_rounding_of_one_s_own_is_right() -> None:
    """The course forms z2 from the rounded h1: 0.18875 is no mistake after 0.3775."""
    course = bp.explain("course", part="sigmoid")
    checked = course.check({"h1": "0.3775", "z2": "0.18875"})
    assert [one.verdict for one in checked.findings] == ["right", "right by your own rounding"]
    assert checked
    assert not course.check({"z2": "0.18875"})


LESSONS = {
    "mazur": {},
    "svpino": {"form": "elements"},
    "svpino matrices": {},
    "spiral": {},
    **{part: {"part": part} for part in ("linear", "sigmoid", "cubic", "paraboloid", "chain", "descent")},
}


@settings(max_examples=60, deadline=None)
@given(
    lesson=st.sampled_from(sorted(LESSONS)), digits=st.integers(3, 17), seed=st.randoms(use_true_random=False)
)
def test_silent_on_right_answers(lesson: str, digits: int, seed: Any) -> None:
    name = "course" if "part" in LESSONS[lesson] else lesson.split(maxsplit=1)[0]
    explanation = bp.explain(name, **LESSONS[lesson])
    single = [line for line in explanation.lines if getattr(line.value, "shape", ()) == ()]
    chosen = seed.sample(single, min(len(single), 12))
    answers = {line.symbol.name: f"{line.value:.{digits}g}" for line in chosen}
    checked = explanation.check(answers)
    assert checked, str(checked)
    assert "right" in str(checked)
