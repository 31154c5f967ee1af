"""Where a number that is not finite began, as a record and as a sentence."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Origin"]


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The function that made the first number of a step that is not finite.

    Attributes
    ----------
    layer : str
        As ``net[1] Exp``; or the loss, the penalty, the optimizer's parameter, or the data.
    phase : str
        ``data``, ``forward``, ``backward`` or ``update``.
    function : str
        Its name in the standard; nothing where the data are not finite.
    inputs : tuple of float
        The numbers that went in.
    output : float
        What came out: inf, -inf or NaN.
    row : int or None
        Of the batch, from 0; None where the number belongs to no one sample.
    epoch, batch : int
        From 1; 0 where they are not known.
    sample : int or None
        Of the samples that were given, from 0.
    """

    layer: str
    phase: str
    function: str
    inputs: tuple[float, ...]
    output: float
    row: int | None
    epoch: int = 0
    batch: int = 0
    sample: int | None = None

    @property
    def before_any_update(self) -> bool:
        """Whether it was there before the first update, or in the data: no rate could have done it."""
        given = self.phase == "data" and not self.layer.startswith("parameter ")
        return given or (self.epoch == self.batch == 1 and self.phase != "update")

    def __str__(self) -> str:
        found = ", ".join(f"{x:.6g}" for x in self.inputs)
        what = f"{self.function}({found}) gave {self.output}" if self.function else f"there was {self.output}"
        place = [f"epoch {self.epoch}, batch {self.batch}"] if self.epoch else []
        if self.sample is not None:
            place.append(f"sample {self.sample}")
        elif self.row is not None:
            place.append(f"row {self.row} of the batch")
        first = self.epoch == self.batch == 1 and self.phase != "update"
        why = ", before any update: it was not the rate" if first else ""
        return f"It began in {', '.join([*place, _WAYS[self.phase] + self.layer])}: {what}{why}"


_WAYS = {"data": "", "forward": "forward in ", "backward": "backward in ", "update": "the update of "}
