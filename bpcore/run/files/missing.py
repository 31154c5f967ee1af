"""A file that is not there, or cannot be read: what was given, what was wanted, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from bpcore.words.errors import FileError

__all__ = ["near_names", "unreadable"]

SHOWN = 3
"""Files of a folder that are named."""


def unreadable(
    path: Path, error: OSError, /, *, wanted: str, endings: Sequence[str] = (), do: str = ""
) -> FileError:
    """Return the error of a file that could not be opened.

    Parameters
    ----------
    path : Path
    error : OSError
    wanted : str
        What the file was to be, as ``a model of bpcore``.
    endings : sequence of str
        What such files end in, as ``.safetensors``.
    do : str
        What to do where none like it is there.
    """
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return FileError(
            path, f"there is no such file, and {wanted} is wanted", near_names(path, endings, do)
        )
    if path.is_dir():
        return FileError(path, f"that is a folder, and {wanted} is wanted", "Name a file in it.")
    return FileError(path, f"cannot be read: {error.strerror or error}", f"Wanted is {wanted}.")


def near_names(path: Path, endings: Sequence[str] = (), do: str = "") -> str:
    """Return which file may have been meant, or which ones are there, or what else to do."""
    folder = path.parent
    if not folder.is_dir():
        return f"Nor is there a folder {folder}."
    there = sorted(file.name for file in folder.iterdir() if file.is_file())
    near = [name for name in there if Path(name).stem == path.name and Path(name).suffix in endings]
    near = near or [name for name in there if _is_near(path, Path(name))]
    if near:
        return f"Did you mean {' or '.join(near[:2])}?"
    of_its_kind = [name for name in there if Path(name).suffix in endings]
    if of_its_kind:
        more = f" and {len(of_its_kind) - SHOWN} more" if len(of_its_kind) > SHOWN else ""
        return f"There are {', '.join(of_its_kind[:SHOWN])}{more}."
    return do or "Look at the spelling and the folder."


def _is_near(given: Path, there: Path) -> bool:
    """Whether one may have been meant by the other; an ending that both have makes them no nearer."""
    pair = (given.stem, there.stem) if given.suffix == there.suffix else (given.name, there.name)
    return bool(difflib.get_close_matches(pair[0], [pair[1]], n=1, cutoff=0.6))
