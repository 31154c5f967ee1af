"""The file that a command writes: checked before anything is computed, and told of in the end.

One rule for every command: a file that is named is replaced, and the line printed says so; a name that is
made up is a free one. What a command reads it does not write over.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bpcore.run.files.whole_file import write_whole
from bpcore.words.errors import FileError

__all__ = ["Output", "free_name"]


@dataclass(frozen=True)
class Output:
    """The file that a command writes.

    Attributes
    ----------
    path : Path
    """

    path: Path

    @classmethod
    def named(
        cls,
        given: str | os.PathLike[str],
        *,
        option: str,
        suffixes: Sequence[str] = (),
        inputs: Sequence[str | os.PathLike[str] | None] = (),
    ) -> Output:
        """Return the file that was named, checked; one that is there will be replaced.

        Parameters
        ----------
        given : path
        option : str
            The option that names it, as ``--output``.
        suffixes : sequence of str
            What it may end in, as ``.html``; nothing allows all.
        inputs : sequence of paths
            What the command reads; None, and what is no file, is passed over.

        Raises
        ------
        FileError
            When it ends in something else, when it is a folder, when its folder is not there or lets nothing
            be written, when it is one of the inputs.
        """
        path = Path(given)
        _check_place(path, option)
        for read in inputs:
            if read is not None and _same(path, Path(read)):
                raise FileError(path, "is what this command reads", f"Name another file with {option}.")
        if suffixes and path.suffix.lower() not in suffixes:
            found = path.suffix or "without a suffix"
            what = f"{option} writes a file that ends in {' or '.join(suffixes)}, and this one is {found}"
            raise FileError(path, what, f"Name it {path.stem}{suffixes[0]}.")
        return cls(path)

    @classmethod
    def free(cls, path: Path, *, option: str) -> Output:
        """Return a file of a name that was not given: with a number if it is taken.

        Raises
        ------
        FileError
            When nothing can be written in its folder.
        """
        found = free_name(path)
        _check_place(found, option)
        return cls(found)

    def said(self) -> str:
        """Return what is printed of it, asked before it is written: its name, and whether one is replaced."""
        return f"{self.path} (replaced)" if self.path.exists() else str(self.path)

    def write(self, content: bytes) -> str:
        """Write it, whole or not at all; return what is printed of it.

        Raises
        ------
        FileError
            When it cannot be written.
        """
        said = self.said()
        write_whole(self.path, content)
        return said


def free_name(path: Path) -> Path:
    """Return a path, with a number if it is taken: nothing is overwritten unasked."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _check_place(path: Path, option: str) -> None:
    folder = path.parent
    if path.is_dir():
        raise FileError(path, "that is a folder", "Name a file in it.")
    if not folder.is_dir():
        raise FileError(path, f"there is no folder {folder}", "Make it, or name another.")
    if not os.access(folder, os.W_OK):
        raise FileError(path, "nothing can be written in this folder", f"Name another with {option}.")


def _same(path: Path, read: Path) -> bool:
    """Return whether two paths lead to one file, links of either kind followed."""
    try:
        return path.samefile(read)
    except OSError:
        return False
