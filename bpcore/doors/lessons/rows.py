"""Rows of published digits, before they are compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bpcore.doors.paper.published import Published

__all__ = ["Row", "compared"]


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
