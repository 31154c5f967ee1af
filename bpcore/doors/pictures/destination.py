"""The file that a picture goes to, checked before anything is computed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from bpcore.doors.plots.canvas import require
from bpcore.doors.plots.writing import STILLS, check_suffix, save
from bpcore.words.errors import FileError

__all__ = ["DRAWINGS", "Destination"]

DRAWINGS = ("svg", *(suffix for suffix in STILLS if suffix != "svg"))
"""What a drawing of lines and words is written as: unless told, as such."""


class Destination:
    """The file that a picture goes to, checked before anything is computed."""

    def __init__(
        self, output: str | None, subject: str, kind: str, *, kinds: tuple[str, ...] = STILLS
    ) -> None:
        require()
        stem = f"{Path(subject).stem}-{kind}" if subject else kind
        self.path = _free(stem, kinds[0]) if output is None else Path(output)
        check_suffix(self.path, kinds)
        folder = self.path.parent
        if self.path.is_dir():
            raise FileError(self.path, "that is a folder", "Name a file in it.")
        if not folder.is_dir():
            raise FileError(self.path, f"there is no folder {folder}", "Make it, or name another.")
        if not os.access(folder, os.W_OK):
            raise FileError(self.path, "nothing can be written in this folder", "Name another with --output.")

    def take(self, picture: Any, dpi: float | None) -> str:
        """Write the picture; return what is said of it."""
        return f"wrote {save(self.path, picture, dpi=dpi)}"


def _free(stem: str, suffix: str) -> Path:
    """Return the first name that is free: nothing is overwritten unasked."""
    path, number = Path(f"{stem}.{suffix}"), 1
    while path.exists():
        number += 1
        path = Path(f"{stem}-{number}.{suffix}")
    return path
