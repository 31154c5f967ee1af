"""Mazur's step-by-step example: 2-2-2, logistic, one sample, half squared errors summed over the outputs.

The lesson writes W[out][in] and keeps one bias for each layer, which it does not update. Source: M. Mazur,
"A step by step backpropagation example" (2015), and the author's script of the same days, whose first
version updated the output layer first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.doors.lessons.rows import Row, compared, place_for
from bpcore.doors.lessons.updates import Move, update
from bpcore.doors.lessons.wide import wide
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.paper.making import Style, made
from bpcore.doors.paper.naming import Names
from bpcore.doors.paper.network import NetNames, network_subject
from bpcore.doors.paper.published import Published
from bpcore.ground.backend import Backend
from bpcore.machine.states import states
from bpcore.parts.activations import Sigmoid
from bpcore.parts.layers import Chain, Linear
from bpcore.parts.losses import SquaredError
from bpcore.program.compiled import compile
from bpcore.words.errors import choose
from bpcore.words.protocols import Array, Static, Tree

__all__ = ["LOSS", "NET", "RATE", "mazur", "start", "weights_only"]

NET = Chain(Linear(2), Sigmoid(), Linear(2), Sigmoid())
LOSS = SquaredError(half=True, reduction="sum")
RATE = 0.5

BIASES: Mapping[str, Names] = {
    "frozen": (["b1", "b1"], ["b2", "b2"]),
    "shared": (["b1", "b1"], ["b2", "b2"]),
    "per-neuron": (["b_h1", "b_h2"], ["b_o1", "b_o2"]),
}
"""One for each layer that stays, as in the lesson; one for each layer that learns; one for each unit that
learns."""

ALIASES: Mapping[str, str] = {
    **{f"dE_total/dnet_{unit}": f"delta_{unit}" for unit in ("o1", "o2", "h1", "h2")},
    **{
        f"dE_total/dout_{hidden} through net_{output}": f"dE_{output}/dout_{hidden}"
        for hidden in ("h1", "h2")
        for output in ("o1", "o2")
    },
}
"""The deltas; and since each error depends on one output alone, what comes through it is its derivative."""

NOTE = (
    "The published end numbers belong to three states: E_total 0.291027924 to one sequential update, "
    "the outputs 0.015912196 and 0.984065734 to 10000 sequential ones, 0.0000351085 to 9999 simultaneous "
    "ones. No run gives all four."
)

ONE, MANY = "after {} update, {}", "after {} updates, {}"
ROWS = (
    Row("net_h1", "0.3775"),
    Row("out_h1", "0.593269992"),
    Row("out_h2", "0.596884378"),
    Row("net_o1", "1.105905967"),
    Row("out_o1", "0.75136507"),
    Row("out_o2", "0.772928465"),
    Row("E_o1", "0.274811083"),
    Row("E_o2", "0.023560026"),
    Row("E_total", "0.298371109"),
    Row("dE_total/dout_o1", "0.74136507"),
    Row("dout_o1/dnet_o1", "0.186815602"),
    Row("delta_o1", "0.138498562"),
    Row("dE_total/dw5", "0.082167041"),
    Row("w5+", "0.35891648"),
    Row("w6+", "0.408666186"),
    Row("w7+", "0.511301270"),
    Row("w8+", "0.561370121"),
    Row("dE_o1/dout_h1", "0.055399425"),
    Row("dE_o2/dout_h1", "-0.019049119", note="the product of factors that were rounded before"),
    Row("dE_total/dout_h1", "0.036350306"),
    Row("dout_h1/dnet_h1", "0.241300709"),
    Row("dE_total/dw1", "0.000438568"),
    Row("w1+", "0.149780716"),
    Row("w2+", "0.19956143"),
    Row("w3+", "0.24975114"),
    Row("w4+", "0.29950229"),
    Row("E_total", "0.291027924", "after 1 update, sequential", "only this order gives it"),
    Row("E_total", "0.291027924", "after 1 update, simultaneous", "it belongs to the sequential order"),
    Row("E_total", "0.0000351085", "after 9999 updates, simultaneous", "what the 10000th iteration sees"),
    Row("E_total", "0.0000351085", "after 10000 updates, simultaneous", "it belongs to 9999 updates"),
    Row("E_total", "0.0000351085", "after 10000 updates, sequential", "it belongs to the simultaneous order"),
    Row("out_o1", "0.015912196", "after 10000 updates, sequential"),
    Row("out_o2", "0.984065734", "after 10000 updates, sequential"),
    Row("out_o1", "0.015912196", "after 10000 updates, simultaneous", "it belongs to the sequential order"),
    Row("out_o2", "0.984065734", "after 10000 updates, simultaneous", "it belongs to the sequential order"),
)


def start(backend: Backend) -> tuple[list[Tree], Array, Array]:
    """Return parameters, inputs and targets: a weight is (inputs, outputs), the lesson's turned."""
    params = [
        {"weight": wide(backend, [[0.15, 0.25], [0.20, 0.30]]), "bias": wide(backend, [0.35, 0.35])},
        {},
        {"weight": wide(backend, [[0.40, 0.50], [0.45, 0.55]]), "bias": wide(backend, [0.60, 0.60])},
        {},
    ]
    return params, wide(backend, [[0.05, 0.10]]), wide(backend, [[0.01, 0.99]])


def mazur(*, style: Mapping[str, Static], backend: Backend, biases: str = "frozen") -> Explanation:
    """Return the lesson's step.

    Parameters
    ----------
    style : mapping
        Of `Style`; the rate is 0.5 and 9 decimals are printed unless it says otherwise.
    backend : Backend
    biases : "frozen", "shared" or "per-neuron"
        Whether they stay, as in the lesson, or learn, one for each layer or one for each unit.
    """
    choose("biases", biases, BIASES)
    names = NetNames(
        x=[["i1", "i2"]],
        y=[["t1", "t2"]],
        weights=([["w1", "w3"], ["w2", "w4"]], [["w5", "w7"], ["w6", "w8"]]),
        biases=BIASES[biases],
        outputs=("net_h", "out_h", "net_o", "out_o"),
        each=[["E_o1", "E_o2"]],
        loss="E_total",
        aliases=ALIASES,
    )
    learns = biases != "frozen"
    subject = network_subject(
        NET,
        *start(backend),
        loss=LOSS,
        names=names,
        learned=lambda symbol: learns or symbol.name.startswith("w"),
        title="Mazur's step-by-step example, 2-2-2",
    )
    chosen = Style(**{"rate": RATE, "decimals": None if "digits" in style else 9, **style})
    return made(subject, chosen, backend, notes=(NOTE,), publish=lambda: _published(place_for(backend)))


@cache
def _published(backend: Backend) -> tuple[Published, ...]:
    first = mazur(style={}, backend=backend)
    counts = {"simultaneous": (1, 9999, 10000), "sequential": (1, 10000)}
    found: dict[tuple[str, str], float] = {}
    for order, wanted in counts.items():
        for n, seen in _run(backend, order, wanted):
            for name, value in seen.items():
                found[name, (ONE if n == 1 else MANY).format(n, order)] = value
    return compared(ROWS, lambda name, state: found[name, state] if state else first[name])


def _run(backend: Backend, order: str, counts: tuple[int, ...]) -> list[tuple[int, dict[str, float]]]:
    params, x, y = start(backend)
    step = compile(update(NET, LOSS, weights_only(RATE), order=order))
    found = []
    for n, reached in states(step, params, x, y, counts=counts):
        output = NET(reached, x)
        error = float(backend.to_host(LOSS(output, y)))
        first, second = backend.to_host(output)[0].tolist()
        found.append((n, {"E_total": error, "out_o1": first, "out_o2": second}))
    return found


def weights_only(rate: float) -> Move:
    """Return gradient descent that leaves biases as they are."""

    def move(params: Tree, gradient: Tree) -> Tree:
        xp = array_namespace(params["weight"])
        return {**params, "weight": xp.subtract(params["weight"], xp.multiply(gradient["weight"], rate))}

    return move
