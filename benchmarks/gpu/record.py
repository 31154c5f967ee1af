"""What was found so far, in a file at every moment: what ends the script takes nothing of it away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["Record"]


class Record(dict[str, Any]):
    """A record that knows its file.

    Parameters
    ----------
    path : str or None
        Where it is written; None for nowhere.
    """

    def __init__(self, path: str | None) -> None:
        super().__init__()
        self.path = None if path is None else Path(path)

    def put(self, name: str, value: Any) -> None:
        """Set a part, and write all of it: whole, or not at all."""
        self[name] = value
        if self.path is not None:
            part = self.path.with_name(f"{self.path.name}.part")
            part.write_text(json.dumps(self, indent=1, default=str) + "\n", encoding="utf-8")
            part.replace(self.path)
