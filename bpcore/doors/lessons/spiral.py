"""The notebook's spiral: 2-16-8-1, mean binary cross-entropy, one step over all 400 points.

The notebook keeps samples as columns, X (2, 400) and W[out][in]; here samples are rows, X (400, 2), and a
weight is (inputs, outputs), so that its W1 is our W1 turned. Its data and weights come from one stream,
NumPy's legacy ``RandomState(42)``, data first. Source: the notebook "Backpropagation from scratch"
(Ok-landscape, computational-pipeline).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

from bpcore.doors.lessons.legacy import LegacyStream
from bpcore.doors.lessons.rows import Row, compared, place_for
from bpcore.doors.lessons.wide import wide
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.paper.making import Style, made
from bpcore.doors.paper.network import NetNames, network_subject
from bpcore.doors.paper.published import Published
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend
from bpcore.parts.layers import Chain
from bpcore.parts.losses import BinaryCrossEntropy
from bpcore.parts.optimizers import SGD
from bpcore.parts.perceptron import MLP
from bpcore.run.fit import fit
from bpcore.run.result import Run
from bpcore.words.protocols import Array, Static, Tree

__all__ = ["LOSS", "NET", "RATE", "notebook_run", "notebook_start", "points", "spiral"]

SIZES = (2, 16, 8, 1)
NET: Chain = MLP(SIZES, activation="tanh")
LOSS = BinaryCrossEntropy()
RATE = 0.5
EACH, NOISE = 200, 0.3
NAMES = NetNames(
    x="X", weights=("W1", "W2", "W3"), biases=("b1", "b2", "b3"), outputs=("z1", "a1", "z2", "a2", "z3")
)

SEEN = "at epoch {}, rate 0.5"
BANDS: Mapping[int, tuple[str, str, tuple[float, float], float]] = {
    200: ("0.0317", "0.9975", (0.025809522, 0.041800105), 0.9925),
    300: ("0.0142", "1.0000", (0.012848437, 0.015377565), 1.0),
    400: ("0.0089", "1.0000", (0.0082873749, 0.0092735003), 1.0),
    500: ("0.0063", "1.0000", (0.0060315681, 0.0065631428), 1.0),
    600: ("0.0049", "1.0000", (0.00470261, 0.00503431), 1.0),
    700: ("0.0040", "1.0000", (0.00383257, 0.00405954), 1.0),
    800: ("0.0033", "1.0000", (0.00322153, 0.00338701), 1.0),
    900: ("0.0028", "1.0000", (0.00277032, 0.0028967), 1.0),
    1000: ("0.0025", "1.0000", (0.0024243948, 0.0025243799), 1.0),
}
"""Published loss and accuracy; the least and the largest loss, and the least accuracy, over 40 orders of the
samples, which differ in rounding alone."""

ROWS = (
    Row("L", "0.0972", SEEN.format(100)),
    Row("accuracy", "0.9900", SEEN.format(100)),
    *(
        Row(name, text, SEEN.format(epoch), band=band)
        for epoch, (loss, accuracy, band_of_loss, least) in BANDS.items()
        for name, text, band in (("L", loss, band_of_loss), ("accuracy", accuracy, (least, 1.0)))
    ),
)
NOTES = (
    "The notebook keeps samples as columns; here they are rows, and every weight is the notebook's turned.",
    (
        "What it calls Xavier, normal times sqrt(1 / inputs), is LeCun's start; "
        "Glorot's is sqrt(2 / (inputs + outputs))."
    ),
    (
        "At rate 0.5 the run is just past the edge of stability: rounding grows to order 1 by epoch 120 to "
        "145, so that later digits lie in a band; at rate 0.2 all digits are determined."
    ),
)


def points() -> tuple[list[list[float]], list[list[float]], list[list[list[float]]]]:
    """Return X (400, 2), y (400, 1) and the weights, each (inputs, outputs), as plain numbers."""
    stream = LegacyStream(42)
    angles = [2.0 * math.pi * math.sqrt(u) for u in stream.rand(EACH)]
    arms = [[(2.0 * t + math.pi) * turn(t) for t in angles] for turn in (math.cos, math.sin)]
    noise = [[NOISE * z for z in stream.randn(EACH)] for _ in range(4)]
    columns = []
    for axis, arm in enumerate(arms):
        first = [a + n for a, n in zip(arm, noise[axis], strict=True)]
        second = [-a + n for a, n in zip(arm, noise[axis + 2], strict=True)]
        columns.append(_standardised(first + second))
    x = [list(row) for row in zip(*columns, strict=True)]
    y = [[0.0]] * EACH + [[1.0]] * EACH
    weights = []
    for inputs, outputs in pairwise(SIZES):
        rows = [[z / math.sqrt(inputs) for z in stream.randn(inputs)] for _ in range(outputs)]
        weights.append([list(column) for column in zip(*rows, strict=True)])
    return x, y, weights


def _standardised(column: list[float]) -> list[float]:
    """Return a column with mean 0 and (population) standard deviation 1."""
    mean = math.fsum(column) / len(column)
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in column) / len(column))
    return [(value - mean) / spread for value in column]


def notebook_start(backend: str | Backend | None = None) -> tuple[Tree, Array, Array]:
    """Return the notebook's parameters, points (400, 2) and classes (400, 1), in float64.

    Parameters
    ----------
    backend : str, Backend or None
        None means NumPy.
    """
    place = find_backend(backend or "numpy")
    x, y, weights = points()
    params: list[Tree] = []
    for weight in weights:
        params += [{"weight": wide(place, weight), "bias": wide(place, [0.0] * len(weight[0]))}, {}]
    return params[: len(NET.layers)], wide(place, x), wide(place, y)


def notebook_run(rate: float = RATE, *, epochs: int = 1000, backend: str | Backend | None = None) -> Run:
    """Return the notebook's training, full-batch gradient descent.

    Parameters
    ----------
    rate : float
        0.5 in the notebook, which is just past the edge of stability; 0.2 is determined to the last digits.
    epochs : int >= 1
    backend : str, Backend or None
        None means NumPy.

    Examples
    --------
    >>> from bpcore.doors.lessons.spiral import notebook_run
    >>> round(notebook_run(0.2, epochs=2).history["loss"][0], 8)
    0.75544111
    """
    params, x, y = notebook_start(backend)
    optimizer = SGD(rate)
    return fit(NET, (x, y), loss=LOSS, optimizer=optimizer, epochs=epochs, params=params, progress=None)


def spiral(*, style: Mapping[str, Static], backend: Backend) -> Explanation:
    """Return the first step, in whole matrices: there are 400 samples.

    Parameters
    ----------
    style : mapping
        Of `Style`; the rate is 0.5, and arrays stay whole, unless it says otherwise.
    backend : Backend
    """
    params, x, y = notebook_start(backend)
    subject = network_subject(
        NET, params, x, y, loss=LOSS, names=NAMES, title="The notebook's spiral, 2-16-8-1, 400 points"
    )
    chosen = Style(**{"rate": RATE, "form": "matrices", **style})
    return made(subject, chosen, backend, notes=NOTES, publish=lambda: _published(place_for(backend)))


@cache
def _published(backend: Backend) -> tuple[Published, ...]:
    history = notebook_run(backend=backend).history

    def value(name: str, state: str) -> float:
        epoch = int(state.split()[2].rstrip(","))
        return history["loss" if name == "L" else name][epoch - 1]

    return compared(ROWS, value)
