"""The file that a picture goes to, checked before anything is computed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bpcore.doors.output import Output
from bpcore.doors.plots.canvas import require
from bpcore.doors.plots.writing import STILLS, check_suffix, save

__all__ = ["DRAWINGS", "Destination"]

DRAWINGS = ("svg", *(suffix for suffix in STILLS if suffix != "svg"))
"""What a drawing of lines and words is written as: unless told, as such."""


class Destination:
    """The file that a picture goes to, checked before anything is computed."""

    def __init__(
        self,
        output: str | None,
        subject: str,
        kind: str,
        *,
        kinds: tuple[str, ...] = STILLS,
        data: str | None = None,
    ) -> None:
        require()
        stem = f"{Path(subject).stem}-{kind}" if subject else kind
        if output is None:
            self.place = Output.free(Path(f"{stem}.{kinds[0]}"), option="--output")
            return
        check_suffix(Path(output), kinds)
        self.place = Output.named(output, option="--output", inputs=(subject, data))

    def take(self, picture: Any, dpi: float | None) -> str:
        """Write the picture; return what is said of it."""
        said = self.place.said()
        save(self.place.path, picture, dpi=dpi)
        return f"wrote {said}"
