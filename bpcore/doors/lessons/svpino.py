"""Svpino's network in under 20 lines: 2-4-1 without biases, five logic functions from one start.

Samples are rows, the truth table is one batch, the loss is the sum of squared errors, without a half and
without a mean. The form of 2021 has no learning rate and updates W2 first, so that W1's step goes through
the new W2; that of 2022 has a rate of 0.1 and forms both gradients before it updates. Source: svpino's gist
e54ff030c424cefaffeec1bd690042cc, which draws its weights unseeded; pinned here as of NumPy's
``RandomState(0)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from bpcore.derivatives.namespaces.namespace import array_namespace
from bpcore.derivatives.transforms.gradients import value_and_grad, vjp
from bpcore.doors.lessons.legacy import LegacyStream
from bpcore.doors.lessons.rows import Row, compared, place_for
from bpcore.doors.lessons.wide import wide
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.paper.making import Style, Subject, made
from bpcore.doors.paper.naming import named
from bpcore.doors.paper.published import Published
from bpcore.ground.backend import Backend
from bpcore.program.compiled import compile
from bpcore.words.errors import choose
from bpcore.words.protocols import Array, Static, Tree

__all__ = ["FORMS", "ROWS_IN", "TARGETS", "all_five", "start", "svpino"]

ROWS_IN = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
TARGETS: Mapping[str, tuple[int, ...]] = {
    "OR": (0, 1, 1, 1),
    "AND": (0, 0, 0, 1),
    "XOR": (0, 1, 1, 0),
    "NAND": (1, 1, 1, 0),
    "NOR": (1, 0, 0, 0),
}
FORMS: Mapping[str, tuple[str, float]] = {"2021": ("sequential", 1.0), "2022": ("simultaneous", 0.1)}
"""Order and rate."""

EPOCHS = 10_000
LAST = "{}, 2021, output of the last forward pass, rounded"
ROWS = tuple(
    Row(f"output_{place}", str(bit), LAST.format(name))
    for name, bits in TARGETS.items()
    for place, bit in enumerate(bits, start=1)
)
NOTES = (
    "The output that is returned is that of the last forward pass, after 9999 updates.",
    'The gist writes the logistic function as "1 / 1 + exp(-x)", without the brackets of 1 / (1 + exp(-x)).',
)


def start() -> tuple[list[list[float]], list[list[float]]]:
    """Return W1 (2, 4) and W2 (4, 1), uniform in [0, 1)."""
    stream = LegacyStream(0)
    return [stream.rand(4) for _ in range(2)], [stream.rand(1) for _ in range(4)]


def squares(W1: Array, W2: Array, X: Array, y: Array) -> Array:  # noqa: N803 -- the lesson's names
    """Return the sum of squared errors, every quantity by the lesson's name."""
    xp = array_namespace(X)
    z1 = named("z1", xp.matmul(X, W1))
    layer = named("layer", xp.expit(z1))
    z2 = named("z2", xp.matmul(layer, W2))
    output = named("output", xp.expit(z2))
    error = named("error", xp.subtract(y, output))
    return named("E", xp.sum(xp.square(error)))


def svpino(
    *, style: Mapping[str, Static], backend: Backend, function: str = "XOR", year: str = "2021"
) -> Explanation:
    """Return the first step.

    Parameters
    ----------
    style : mapping
        Of `Style`; order and rate are those of the year, and arrays stay whole, unless it says otherwise.
    backend : Backend
    function : "OR", "AND", "XOR", "NAND" or "NOR"
    year : "2021" or "2022"
    """
    function = choose("function", str(function).upper(), TARGETS)
    order, rate = FORMS[choose("year", str(year), FORMS)]
    targets = [[float(bit)] for bit in TARGETS[function]]
    args = (*start(), [list(row) for row in ROWS_IN], targets)
    single = "digits" in style or style.get("by_hand", False)
    own: dict[str, Static] = {"order": order, "rate": rate, "form": "elements" if single else "matrices"}
    subject = Subject(
        title=f"svpino's {function}, the form of {year}, 2-4-1",
        f=squares,
        args=tuple(wide(backend, data) for data in args),
        names=("W1", "W2", "X", "y"),
        result="E",
        by=lambda symbol: symbol.name.startswith("W"),
    )
    return made(
        subject,
        Style(**{**own, **style}),
        backend,
        notes=NOTES,
        publish=lambda: _published(place_for(backend)),
    )


def all_five(order: str, rate: float) -> Tree:
    """Return the update ``(weights, X, y) -> (E of each, weights)`` of all five functions at once.

    Weights are stacked, W1 (5, 2, 4) and W2 (5, 4, 1), and so are the targets, (5, 4, 1).
    """

    def update(weights: Tree, x: Array, y: Array) -> tuple[Array, Tree]:
        xp = array_namespace(x)
        w1, w2 = weights
        layer, into_w1 = vjp(lambda w: xp.expit(xp.matmul(x, w)), w1)
        z2, into_w2 = vjp(lambda w: xp.matmul(layer, w), w2)

        def error(z: Array) -> tuple[Array, Array]:
            squares = xp.square(xp.subtract(y, xp.expit(z)))
            return xp.sum(squares), xp.sum(squares, axis=(1, 2))

        (_, each), delta = value_and_grad(error, has_aux=True)(z2)
        new = xp.subtract(w2, xp.multiply(into_w2(delta)[0], rate))
        _, into_layer = vjp(lambda hidden: xp.matmul(hidden, new if order == "sequential" else w2), layer)
        return each, (xp.subtract(w1, xp.multiply(into_w1(into_layer(delta)[0])[0], rate)), new)

    return update


@cache
def _published(backend: Backend) -> tuple[Published, ...]:
    outputs = dict(zip(TARGETS, returned(backend, "2021"), strict=True))

    def value(name: str, state: str) -> float:
        place = int(name.removeprefix("output_")) - 1
        return float(round(outputs[state.partition(",")[0]][place]))  # half to even, as in the lesson

    return compared(ROWS, value)


def returned(backend: Backend, year: str, *, epochs: int = EPOCHS) -> list[list[float]]:
    """Return, for each function, the four outputs of the last forward pass of so many epochs."""
    order, rate = FORMS[year]
    weights = tuple(wide(backend, [rows] * len(TARGETS)) for rows in start())
    x = wide(backend, [list(row) for row in ROWS_IN])
    y = wide(backend, [[[float(bit)] for bit in bits] for bits in TARGETS.values()])
    step = compile(all_five(order, rate))
    for _ in range(epochs - 1):
        _, weights = step(weights, x, y)
    xp = array_namespace(x)
    found = xp.expit(xp.matmul(xp.expit(xp.matmul(x, weights[0])), weights[1]))
    outputs: list[list[float]] = backend.to_host(found)[:, :, 0].tolist()
    return outputs
