"""Options that are checked when they are read: what cannot be is one line, and 2."""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

__all__ = ["Parser", "number", "place", "record_with"]


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and end."""
        self.exit(2, f"{self.prog}: {message}\n")


def number(kind: type[int | float], wanted: str, fits: Callable[[float], bool]) -> Callable[[str], float]:
    """Return what reads a finite number, or says what is wanted."""

    def read(given: str) -> float:
        try:
            value = kind(given)
        except ValueError:
            value = math.nan
        if not math.isfinite(value) or not fits(value):
            raise argparse.ArgumentTypeError(f"must be {wanted}, was given {given!r}")
        return value

    return read


def place(given: str) -> str:
    """Return the name of a file that can be written: its folder is there, and it is no folder itself."""
    path = Path(given)
    if not given or path.is_dir() or not os.access(path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(
            f"must be a file in a folder that is there and can be written to, was given {given!r}"
        )
    return given


def record_with(names: tuple[str, ...]) -> Callable[[str], str]:
    """Return what takes the name of an earlier record that holds one of these parts."""

    def read(given: str) -> str:
        try:
            held = json.loads(Path(given).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:  # no file, a folder, no JSON
            why = error.strerror if isinstance(error, OSError) else "it is no JSON"
        else:
            if isinstance(held, dict) and any(isinstance(held.get(name), dict) for name in names):
                return given
            why = f"it holds none of {', '.join(names)}"
        raise argparse.ArgumentTypeError(
            f"must be a record that an earlier call wrote with --json, was given {given!r}: {why}"
        )

    return read
