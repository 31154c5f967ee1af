"""Make the pictures of the lessons anew: ``python docs/pictures/make.py`` (10 seconds; needs matplotlib)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpcore as bp
from bpcore.doors.lessons import course_linear
from bpcore.doors.lessons.course_linear import half_square
from bpcore.doors.lessons.course_linear import loss as course_loss
from bpcore.doors.lessons.spiral import LOSS, NET, notebook_run, notebook_start

HERE = Path(__file__).parent
SMALL = 80
"""Dots an inch: the files are part of the repository."""

START, X, Y = notebook_start()


PATH = bp.plots.descent(course_loss, (2.0, 0.5), rate=0.01, steps=10)
RATES = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0)


def spiral_figure(rate: float) -> Any:
    """Return the notebook's figure at a rate."""
    return bp.plots.notebook_figure(notebook_run(rate), X, Y, title=f"Spiral dataset (rate {rate})")


def spiral_film() -> Any:
    """Return the film of the boundary at the notebook's rate, with the burst near epoch 128."""
    frames = bp.plots.film_of_training(
        NET, (X, Y), loss=LOSS, optimizer=bp.SGD(0.5), epochs=300, every=6, params=START
    )
    return bp.plots.boundary_film(NET, frames, X, Y, loss=LOSS)


def spiral_flow() -> Any:
    """Return the gradient flow after 1000 updates at rate 0.2."""
    return bp.plots.gradient_flow(NET, notebook_run(0.2).params, X, Y, LOSS)


def guide_run(rate: float) -> Any:
    """Return the training of the guide's chapter on the spiral, at a rate, and its data."""
    spiral = bp.datasets.spiral(dtype=bp.backend().dtype("float64"))
    net, data = bp.MLP([2, 16, 8, 1], activation="tanh"), (spiral.x, spiral.y)
    start = net.init(bp.key(0), (2,), dtype=spiral.x.dtype)
    options = {"optimizer": bp.SGD(rate), "epochs": 1000, "params": start, "progress": None}
    return bp.fit(net, data, loss=bp.BinaryCrossEntropy(), **options), *data


def guide_steps() -> Any:
    """Return the V of chapter 1."""
    return bp.plots.derivative_errors(bp.derivative_errors(lambda x: x**3 - 3 * x**2 + 2 * x + 1, 2.0))


def spiral_sweep() -> dict[float, list[float]]:
    """Return the loss at several rates, from the notebook's start."""
    return bp.plots.rate_sweep(NET, (X, Y), rates=RATES, loss=LOSS, epochs=300, params=START)


def course_sweep() -> dict[float, list[float]]:
    """Return the loss of the course's linear network at several rates, two of them too high."""
    start = [{"weight": bp.backend().asarray([[2.0]])}, {}, {"weight": bp.backend().asarray([[0.5]])}]
    data = (bp.backend().asarray([[2.0]]), bp.backend().asarray([[20.0]]))
    net, loss = course_linear.NET, course_linear.LOSS
    rates = (0.001, 0.003, 0.01, 0.02, 0.03, 0.1, 0.3)
    return bp.plots.rate_sweep(net, data, rates=rates, loss=loss, epochs=30, params=start)


PICTURES: dict[str, Callable[[], Any]] = {
    "spiral-rate-0.5.png": lambda: spiral_figure(0.5),
    "spiral-rate-0.2.png": lambda: spiral_figure(0.2),
    "spiral-film.gif": spiral_film,
    "spiral-flow.png": spiral_flow,
    "spiral-rates.png": lambda: bp.plots.rates(spiral_sweep()),
    "spiral-last-losses.png": lambda: bp.plots.final_losses(spiral_sweep()),
    "course-rates.png": lambda: bp.plots.rates(course_sweep()),
    "course-surface.png": lambda: bp.plots.surface(course_loss, (1.6, 4.2), (0.2, 3.8), path=PATH),
    "course-from-above.png": lambda: bp.plots.surface(
        course_loss, (1.0, 4.5), (0.0, 4.0), path=PATH, flat=True
    ),
    "course-close-up.png": lambda: bp.plots.close_up(course_loss, PATH),
    "course-tangent.png": lambda: bp.plots.tangent(lambda y_hat: half_square(y_hat, 1), 0.547053),
    "vanishing-chain.png": bp.plots.vanishing_chain,
    "mazur-graph.svg": lambda: bp.plots.graph(bp.explain("mazur"), path="w5"),
    "mazur-network.svg": lambda: bp.plots.network(bp.explain("mazur"), path="w5"),
    "mazur-into-h1.svg": lambda: bp.plots.network(bp.explain("mazur"), path="w1"),
    "guide-derivative-errors.png": guide_steps,
    "guide-boundary.png": lambda: bp.plots.boundary(*guide_run(0.2)),
    "guide-burst.png": lambda: bp.plots.loss(guide_run(0.5)[0]),
    "course-graph.svg": lambda: bp.plots.graph(bp.explain("course"), path="w1"),
}

if __name__ == "__main__":
    for name, draw in PICTURES.items():
        bp.plots.save(HERE / name, draw(), dpi=SMALL)
