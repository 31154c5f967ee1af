"""The network that a command is given: a file, and errors that advise what a command line can do."""

from __future__ import annotations

import os

from bpcore.run.files.saving import load
from bpcore.run.result import Run
from bpcore.words.errors import FileError

__all__ = ["load_model"]


def load_model(path: str | os.PathLike[str], *, backend: str | None = None) -> Run:
    """Return the run in a file; errors as for `load`, with advice for the command line."""
    try:
        return load(path, backend=backend)
    except FileError as error:
        if "Pass it" not in error.do:
            raise
        do = "Load it in Python, with bpcore.load, or train again with bpcore train."
        raise FileError(error.path, error.what, do) from None
