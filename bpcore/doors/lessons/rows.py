"""Rows of published digits, before they are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bpcore.doors.paper.published import Published
from bpcore.ground.backend import Backend
from bpcore.ground.registry import backend as find_backend

__all__ = ["Row", "compared", "place_for"]


def place_for(backend: Backend) -> Backend:
    """Return where digits are compared: on the backend, or on NumPy where that has no 64-bit floats."""
    return backend if backend.float64 else find_backend("numpy")


@dataclass(frozen=True)
class Row:
    """What a lesson prints.

    Attributes
    ----------
    name, text, state, note, band
        As for `Published`.
    """

    name: str
    text: str
    state: str = ""
    note: str = ""
    band: tuple[float, float] | None = None


def compared(rows: Iterable[Row], value: Callable[[str, str], float]) -> tuple[Published, ...]:
    """Return the rows beside the numbers that are right, which `value` gives for a name and a state."""
    return tuple(
        Published(
            name=row.name, text=row.text, state=row.state, note=row.note, band=row.band,
            value=value(row.name, row.state),
        )
        for row in rows
    )  # fmt: skip
