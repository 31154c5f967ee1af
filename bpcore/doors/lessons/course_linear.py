"""The course's linear network: ``y_hat = x w1 w2``, half the squared error, rate 0.01."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from bpcore.doors.lessons.mazur import weights_only
from bpcore.doors.lessons.rows import Row, compared, place_for
from bpcore.doors.lessons.updates import update
from bpcore.doors.lessons.wide import wide
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.paper.making import Style, made
from bpcore.doors.paper.network import NetNames, network_subject
from bpcore.doors.paper.published import Published
from bpcore.ground.backend import Backend
from bpcore.machine.states import states
from bpcore.parts.activations import Identity
from bpcore.parts.layers import Chain, Linear
from bpcore.parts.losses import SquaredError
from bpcore.program.compiled import compile
from bpcore.words.protocols import Array, Static

__all__ = ["LOSS", "NET", "RATE", "half_square", "linear", "loss"]

NET = Chain(Linear(1, bias=False), Identity(), Linear(1, bias=False))
LOSS = SquaredError(half=True)
RATE, STEP = 0.01, 0.1
INPUT, TARGET = 2.0, 20.0
NAMES = NetNames(weights=("w1", "w2"), outputs=("h", "y_hat"))

AFTER_1, AFTER_10, MOVED, ENDS = "after 1 update", "after 10 updates", "w2 = 0.6", "w1 = 3.391, w2 = 2.949"
ROWS = (
    Row("h", "4"),
    Row("y_hat", "2"),
    Row("L", "162"),
    Row("dL/dy_hat", "-18"),
    Row("dy_hat/dw2", "4"),
    Row("dL/dw2", "-72"),
    Row("dy_hat/dw1", "1"),
    Row("dL/dw1", "-18"),
    Row("w1", "2.18", AFTER_1),
    Row("w2", "1.22", AFTER_1),
    Row("h", "4.36", AFTER_1),
    Row("y_hat", "5.3192", AFTER_1),
    Row("y - y_hat", "14.6808", AFTER_1),
    Row("(y - y_hat)^2", "215.76", AFTER_1, "a slip: 14.6808^2 is 215.526"),
    Row("L", "107.88", AFTER_1, "half of the slip above"),
    Row("y_hat", "2.4", MOVED),
    Row("L", "154.88", MOVED),
    Row("drop of L", "7.12", MOVED),
    Row("first-order change of L", "-7.2", MOVED),
    Row("y_hat", "20.000118", ENDS),
    Row("w1", "3.391", AFTER_10),
    Row("w2", "2.949", AFTER_10),
)


def linear(*, style: Mapping[str, Static], backend: Backend, w1: float = 2.0, w2: float = 0.5) -> Explanation:
    """Return one step of the linear network, from these weights."""
    params = [{"weight": wide(backend, [[w1]])}, {}, {"weight": wide(backend, [[w2]])}]
    subject = network_subject(
        NET,
        params,
        wide(backend, [[INPUT]]),
        wide(backend, [[TARGET]]),
        loss=LOSS,
        names=NAMES,
        also=(("y_hat", "w1"),),
        title="The course's linear network, y_hat = x w1 w2",
    )
    chosen = Style(**{"rate": RATE, "decimals": None if "digits" in style else 5, **style})
    return made(subject, chosen, backend, publish=lambda: _published(place_for(backend)))


def loss(w1: Array, w2: Array) -> Array:
    """Return the same loss from two numbers."""
    return half_square(INPUT * w1 * w2, TARGET)


def half_square(y_hat: Array, y: Array) -> Array:
    """Return half the squared error of one output."""
    return (y_hat - y) ** 2 / 2


@cache
def _published(backend: Backend) -> tuple[Published, ...]:
    at: dict[str, Explanation] = {"": linear(style={}, backend=backend)}
    step = compile(update(NET, LOSS, weights_only(RATE), order="simultaneous"))
    params = [{"weight": wide(backend, [[2.0]])}, {}, {"weight": wide(backend, [[0.5]])}]
    data = wide(backend, [[INPUT]]), wide(backend, [[TARGET]])
    for n, reached in states(step, params, *data, counts=(1, 10)):
        w1, w2 = (backend.to_host(reached[layer]["weight"]).item() for layer in (0, 2))
        at[AFTER_1 if n == 1 else AFTER_10] = linear(style={}, backend=backend, w1=w1, w2=w2)
    at[MOVED] = linear(style={}, backend=backend, w2=0.5 + STEP)
    at[ENDS] = linear(style={}, backend=backend, w1=3.391, w2=2.949)

    def value(name: str, state: str) -> float:
        here = at[state]
        beyond = {
            "y - y_hat": lambda: here["y"] - here["y_hat"],
            "(y - y_hat)^2": lambda: (here["y"] - here["y_hat"]) ** 2,
            "drop of L": lambda: at[""]["L"] - here["L"],
            "first-order change of L": lambda: at[""]["dL/dw2"] * STEP,
        }
        return float(beyond[name]() if name in beyond else here[name])

    return compared(ROWS, value)
