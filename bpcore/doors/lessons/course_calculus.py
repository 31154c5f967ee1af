"""The course's calculus: derivatives by themselves, and what they predict of a small step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bpcore.doors.lessons.rows import Row, compared
from bpcore.doors.lessons.wide import wide
from bpcore.doors.paper.explanation import Explanation
from bpcore.doors.paper.making import Style, Subject, made
from bpcore.doors.paper.naming import named
from bpcore.doors.paper.published import Published
from bpcore.ground.backend import Backend
from bpcore.words.protocols import Array, Static

__all__ = ["chain", "cubic", "descent", "paraboloid"]

STEPPED, OTHER = "after the step", "with a gradient of -3"


def cubic(*, style: Mapping[str, Static], backend: Backend) -> Explanation:
    """Return ``x^3 - 3 x^2 + 2 x + 1`` at 2, and what its derivative predicts of a step of 0.1."""

    def f(x: Array) -> Array:
        return x**3 - 3 * x**2 + 2 * x + 1

    rows = (
        Row("df/dx", "2"),
        Row("f", "1"),
        Row("f", "1.231", STEPPED),
        Row("change of f", "0.231", STEPPED),
        Row("first-order change of f", "0.2", STEPPED),
    )
    return _explained(
        "x^3 - 3 x^2 + 2 x + 1 at 2, and a step of 0.1", f, {"x": 2.0}, {"x": 0.1}, rows, style, backend
    )


def paraboloid(*, style: Mapping[str, Static], backend: Backend) -> Explanation:
    """Return ``x^2 + y^2`` at (3, 4), and what its gradient predicts of a step of (0.1, 0.2)."""

    def f(x: Array, y: Array) -> Array:
        return x**2 + y**2

    rows = (
        Row("df/dx", "6"),
        Row("df/dy", "8"),
        Row("f", "27.25", STEPPED),
        Row("change of f", "2.25", STEPPED),
        Row("first-order change of f", "2.2", STEPPED),
    )
    at, step = {"x": 3.0, "y": 4.0}, {"x": 0.1, "y": 0.2}
    return _explained("x^2 + y^2 at (3, 4), and a step of (0.1, 0.2)", f, at, step, rows, style, backend)


def chain(*, style: Mapping[str, Static], backend: Backend) -> Explanation:
    """Return ``(2 x + 3)^2`` at 1, its derivative by way of ``y = 2 x + 3``."""

    def f(x: Array) -> Array:
        y = named("y", 2 * x + 3)
        return y**2

    return _explained("(2 x + 3)^2 at 1, by the chain rule", f, {"x": 1.0}, {"x": 0.0}, (), style, backend)


def descent(*, style: Mapping[str, Static], backend: Backend) -> Explanation:
    """Return a step of descent from 1 at rate 0.1, where the gradient is 2; with -3 it goes the other way."""
    rows = (Row("w+", "0.8"), Row("w+", "1.3", OTHER))
    told = {"rate": 0.1, **style}

    def steep(slope: float) -> Explanation:
        return _explained("A step of descent", lambda w: slope * w, {"w": 1.0}, {"w": 0.0}, (), told, backend)

    def publish() -> tuple[Published, ...]:
        return compared(rows, lambda name, state: float(steep(-3.0 if state else 2.0)[name]))

    return _explained(
        "A step of descent", lambda w: 2 * w, {"w": 1.0}, {"w": 0.0}, (), told, backend, publish
    )


def _explained(
    title: str,
    f: Callable[..., Array],
    at: Mapping[str, float],
    step: Mapping[str, float],
    rows: tuple[Row, ...],
    style: Mapping[str, Static],
    backend: Backend,
    publish: Callable[[], tuple[Published, ...]] | None = None,
) -> Explanation:
    def subject(values: Mapping[str, float]) -> Subject:
        args = tuple(wide(backend, value) for value in values.values())
        return Subject(title=title, f=f, args=args, names=tuple(values), result="f")

    def value(name: str, state: str) -> float:
        here = made(subject(at), Style(), backend)
        there = made(subject({x: at[x] + step[x] for x in at}), Style(), backend)
        if name == "change of f":
            return float(there["f"] - here["f"])
        if name == "first-order change of f":
            return float(sum(here[f"df/d{x}"] * step[x] for x in at))
        return float((there if state else here)[name])

    chosen = Style(**{"decimals": None if "digits" in style else 4, **style})
    return made(subject(at), chosen, backend, publish=publish or (lambda: compared(rows, value)))
