"""Subjects of pictures: the notebook's spiral, and Mazur's step written by hand, apart from `explain`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.doors.paper.line import FORWARD, GIVEN, GRADIENT, SLOPE, Line
from bpcore.doors.paper.terms import Call, Number, Symbol, Term

DATA = Path(__file__).parents[2] / "data"

FIRST = {"i1": 0.05, "i2": 0.1, "w1": 0.15, "w2": 0.2, "w3": 0.25, "w4": 0.3, "b1": 0.35}
SECOND = {"w5": 0.4, "w6": 0.45, "w7": 0.5, "w8": 0.55, "b2": 0.6, "t1": 0.01, "t2": 0.99}


@pytest.fixture(autouse=True)
def _drawing() -> None:
    pytest.importorskip("matplotlib")


@pytest.fixture(scope="session")
def numbers() -> Any:
    """Return the function that reads the numbers of one example."""
    return lambda name: json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def spiral(numbers: Any) -> SimpleNamespace:
    """Return the notebook's data, network and start, samples as rows, and 160 epochs at its rate."""
    known = numbers("spiral")
    x, y = np.asarray(known["X"]).T, np.repeat([0.0, 1.0], 200)[:, None]
    params: list[Any] = []
    for name in ("W1", "W2", "W3"):
        weight = np.asarray(known["initial"][name]).T
        params += [{"weight": weight, "bias": np.zeros(weight.shape[1])}, {}]
    given = {"net": bp.MLP([2, 16, 8, 1], activation="tanh"), "loss": bp.BinaryCrossEntropy()}
    run = bp.fit(
        given["net"],
        (x, y),
        loss=given["loss"],
        optimizer=bp.SGD(0.5),
        epochs=160,
        params=params[:-1],
        progress=None,
    )
    return SimpleNamespace(x=x, y=y, params=params[:-1], run=run, **given)


class Hand:
    """A step written by hand, line by line."""

    def __init__(self, **given: float) -> None:
        self.values = dict(given)
        self.lines = [Line(symbol=Symbol(name), kind=GIVEN, value=value) for name, value in given.items()]

    def forward(self, name: str, term: Term, value: float) -> None:
        self.values[name] = value
        self.lines.append(Line(symbol=Symbol(name), kind=FORWARD, term=term, value=value))

    def weighted(self, name: str, *pairs: str, bias: str) -> None:
        """Add the sum of products, as ``w1*i1``, and a bias."""
        term: Term = Symbol(bias)
        value = self.values[bias]
        for a, b in (pair.split("*") for pair in pairs):
            term = Call("add", (Call("multiply", (Symbol(a), Symbol(b))), term))
            value += self.values[a] * self.values[b]
        self.forward(name, term, value)

    def logistic(self, name: str, of: str) -> None:
        self.forward(name, Call("expit", (Symbol(of),)), 1 / (1 + math.exp(-self.values[of])))

    def derivative(self, kind: str, means: str, value: float, name: str = "") -> None:
        self.lines.append(
            Line(symbol=Symbol(name or means), kind=kind, term=Number(1.0), means=means, value=value)
        )


@pytest.fixture
def mazur() -> SimpleNamespace:
    """Mazur's step, with the gradients that are asked for in tests."""
    step = Hand(**FIRST, **SECOND)
    step.weighted("net_h1", "w1*i1", "w2*i2", bias="b1")
    step.weighted("net_h2", "w3*i1", "w4*i2", bias="b1")
    step.logistic("out_h1", "net_h1")
    step.logistic("out_h2", "net_h2")
    step.weighted("net_o1", "w5*out_h1", "w6*out_h2", bias="b2")
    step.weighted("net_o2", "w7*out_h1", "w8*out_h2", bias="b2")
    for one in "12":
        step.logistic(f"out_o{one}", f"net_o{one}")
    for one in "12":
        t, out = f"t{one}", f"out_o{one}"
        square = Call("square", (Call("subtract", (Symbol(t), Symbol(out))),))
        value = 0.5 * (step.values[t] - step.values[out]) ** 2
        step.forward(f"E_o{one}", Call("multiply", (Number(0.5), square)), value)
    total = step.values["E_o1"] + step.values["E_o2"]
    step.forward("E", Call("add", (Symbol("E_o1"), Symbol("E_o2"))), total)
    step.derivative(GRADIENT, "dE/dout_o1", 0.7413650695523157)
    step.derivative(SLOPE, "dout_o1/dnet_o1", 0.18681560180895948)
    step.derivative(GRADIENT, "dE/dnet_o1", 0.13849856162855698, name="delta_o1")
    step.derivative(SLOPE, "dnet_o1/dw5", 0.5932699921071872)
    step.derivative(GRADIENT, "dE/dw5", 0.08216704056423078)
    for name in ("w1", "w2", "w3", "w4", "w6", "w7", "w8", "b1", "b2"):
        step.derivative(GRADIENT, f"dE/d{name}", 0.01)
    return SimpleNamespace(lines=tuple(step.lines))
