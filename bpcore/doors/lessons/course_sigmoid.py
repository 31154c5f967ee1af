"""The course's sigmoid network: two inputs, one hidden and one output unit, half the squared error.

The handout takes one step at rate 0.1; the author's notebook runs 1000 epochs at rate 10 and updates w3 with
dL/dw2, a wrong line without which none of its epochs comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.derivatives.transforms.gradients import value_and_grad
from bpcore.doors.lessons.rows import Row, compared, place_for
from bpcore.doors.lessons.wide import wide
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.paper.making import Style, made
from bpcore.doors.paper.network import NetNames, network_subject
from bpcore.doors.paper.published import Published
from bpcore.ground.backend import Backend
from bpcore.machine.states import states
from bpcore.parts.activations import Sigmoid
from bpcore.parts.layers import Chain, Linear
from bpcore.parts.losses import SquaredError
from bpcore.program.compiled import compile
from bpcore.words.protocols import Array, Static

__all__ = ["LOSS", "NET", "RATE", "START", "sigmoid", "wrong_line"]

NET = Chain(Linear(1, bias=False), Sigmoid(), Linear(1, bias=False), Sigmoid())
LOSS = SquaredError(half=True)
RATE, FAST, STEP = 0.1, 10.0, 0.1
NAMES = NetNames(x=[["x1", "x2"]], weights=([["w1"], ["w2"]], "w3"), outputs=("z1", "h1", "z2", "y_hat"))
START: Mapping[str, float] = {"w1": 0.1, "w2": -0.3, "w3": 0.5}
INPUTS, TARGET = (1.0, 2.0), 1.0

AFTER = "after 1 update"
WRONG = "rate 10, w3 updated with dL/dw2, after {}"
CORRECT = "rate 10, every weight with its own gradient, after 1 update"
ROWS = (
    Row("z1", "-0.50"),
    Row("h1", "0.3775"),
    Row("z2", "0.18875", note="formed from the rounded h1"),
    Row("y_hat", "0.54705"),
    Row("L", "0.10258"),
    Row("dL/dy_hat", "-0.45295"),
    Row("dy_hat/dz2", "0.24758", note="digits slipped: 0.54705 * 0.45295 is 0.24779"),
    Row("dL/dz2", "-0.11222", note="the slip above, carried on, and truncated"),
    Row("dz2/dw3", "0.3775"),
    Row("dL/dw3", "-0.04239", note="not even -0.11222 * 0.3775, which is -0.04236"),
    Row("dz2/dh1", "0.5"),
    Row("dh1/dz1", "0.2350"),
    Row("dL/dz1", "-0.01318"),
    Row("dL/dw1", "-0.01318"),
    Row("dL/dw2", "-0.02636", note="twice the truncated dL/dz1"),
    Row("w3", "0.50424", AFTER),
    Row("w1", "0.10132", AFTER),
    Row("w2", "-0.29736", AFTER),
    Row("z1", "-0.4934", AFTER),
    Row("h1", "0.3791", AFTER),
    Row("z2", "0.1912", AFTER),
    Row("y_hat", "0.5476", AFTER),
    Row("L", "0.1023", AFTER),
    Row("decrease of L", "0.00028", AFTER, "the difference of two rounded losses"),
    Row("first-order change of L", "-0.004239", "w3 = 0.6", "the wrong dL/dw3 times 0.1"),
    Row("y_hat", "0.54705", WRONG.format("0 updates")),
    Row("L", "0.10258", WRONG.format("0 updates")),
    Row("w1", "0.23188", WRONG.format("1 update")),
    Row("w2", "-0.03625", WRONG.format("1 update")),
    Row("w3", "0.76375", WRONG.format("1 update")),
    Row("y_hat", "0.60163", WRONG.format("1 update")),
    Row("w3", "1.12606", WRONG.format("2 updates")),
    Row("y_hat", "0.85278", WRONG.format("9 updates")),
    Row("L", "0.01084", WRONG.format("9 updates")),
    Row("w1", "0.79443", WRONG.format("10 updates")),
    Row("w2", "1.08886", WRONG.format("10 updates")),
    Row("w3", "1.88886", WRONG.format("10 updates")),
    Row("y_hat", "0.95761", WRONG.format("999 updates")),
    Row("L", "0.00090", WRONG.format("999 updates")),
    Row("w1", "1.41254", WRONG.format("1000 updates")),
    Row("w2", "2.32509", WRONG.format("1000 updates")),
    Row("w3", "3.12509", WRONG.format("1000 updates")),
    Row("w3", "0.76375", CORRECT, "the notebook updates w3 with dL/dw2"),
)


def sigmoid(
    *, style: Mapping[str, Static], backend: Backend, weights: Mapping[str, float] = START
) -> Explanation:
    """Return one step of the sigmoid network, from these weights."""
    params = [
        {"weight": wide(backend, [[weights["w1"]], [weights["w2"]]])},
        {},
        {"weight": wide(backend, [[weights["w3"]]])},
        {},
    ]
    subject = network_subject(
        NET,
        params,
        wide(backend, [list(INPUTS)]),
        wide(backend, [[TARGET]]),
        loss=LOSS,
        names=NAMES,
        title="The course's sigmoid network, 2-1-1",
    )
    chosen = Style(**{"rate": RATE, "decimals": None if "digits" in style else 5, **style})
    return made(subject, chosen, backend, publish=lambda: _published(place_for(backend)))


def loss(weights: Mapping[str, Array]) -> Array:
    """Return the same loss from weights with names."""
    xp = array_namespace(weights["w1"])
    x1, x2 = INPUTS
    h1 = xp.expit(xp.add(xp.multiply(weights["w1"], x1), xp.multiply(weights["w2"], x2)))
    y_hat = xp.expit(xp.multiply(weights["w3"], h1))
    return xp.divide(xp.square(xp.subtract(y_hat, TARGET)), 2.0)


def wrong_line(weights: dict[str, Array], *, rate: float = FAST) -> dict[str, Array]:
    """Return the weights after one update as the course's notebook makes it: w3 moves along dL/dw2."""
    gradient = value_and_grad(loss)(weights)[1]
    return _moved(weights, {**gradient, "w3": gradient["w2"]}, rate)


def _right_line(weights: dict[str, Array]) -> dict[str, Array]:
    return _moved(weights, value_and_grad(loss)(weights)[1], FAST)


def _moved(weights: dict[str, Array], along: Mapping[str, Array], rate: float) -> dict[str, Array]:
    xp = array_namespace(weights["w1"])
    return {name: xp.subtract(weights[name], xp.multiply(along[name], rate)) for name in weights}


@cache
def _published(backend: Backend) -> tuple[Published, ...]:
    first = sigmoid(style={}, backend=backend)
    at = {
        "": first,
        AFTER: sigmoid(style={}, backend=backend, weights={name: first[f"{name}+"] for name in START}),
        "w3 = 0.6": sigmoid(style={}, backend=backend, weights={**START, "w3": START["w3"] + STEP}),
    }
    for n, weights in _runs(backend, wrong_line, (0, 1, 2, 9, 10, 999, 1000)):
        at[WRONG.format(f"{n} update{'s' * (n != 1)}")] = sigmoid(style={}, backend=backend, weights=weights)
    for _, weights in _runs(backend, _right_line, (1,)):
        at[CORRECT] = sigmoid(style={}, backend=backend, weights=weights)

    def value(name: str, state: str) -> float:
        if name == "decrease of L":
            return float(first["L"] - at[state]["L"])
        if name == "first-order change of L":
            return float(first["dL/dw3"] * STEP)
        return float(at[state][name])

    return compared(ROWS, value)


def _runs(
    backend: Backend, line: Callable[..., dict[str, Array]], counts: tuple[int, ...]
) -> list[tuple[int, dict[str, float]]]:
    start = {name: wide(backend, value) for name, value in START.items()}
    return [
        (n, {name: backend.to_host(value).item() for name, value in weights.items()})
        for n, weights in states(compile(line), start, counts=counts)
    ]
