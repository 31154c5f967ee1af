"""Bringing in an array library, with an error of ours when it does not come."""

from __future__ import annotations

import importlib

from bpcore.words.errors import BackendUnusable
from bpcore.words.protocols import Namespace

__all__ = ["first_line", "import_library"]


def import_library(module: str, title: str, *, given: str, install: str) -> Namespace:
    """Return the module of that name.

    Parameters
    ----------
    module : str
        What is imported.
    title : str
        What people call it.
    given : str
        The backend that was asked for, as it was written.
    install : str
        The command that installs the library.

    Raises
    ------
    BackendUnusable
        The library is not installed, or it is and fails to import (a shared library that is missing,
        a version that does not fit).
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise BackendUnusable(given, f"{title} needs {error.name}", f"Install it: {install}") from error
        raise BackendUnusable(given, f"{title} is not installed", f"Install it: {install}") from error
    except Exception as error:  # a broken library may raise anything: OSError for a shared library, say
        why = f"{title} does not import ({first_line(error)})"
        raise BackendUnusable(given, why, f"Install it again: {install}") from error


def first_line(error: BaseException) -> str:
    """Return an error's type and the first line of its message."""
    said = str(error).strip()
    return type(error).__name__ + (f": {said.splitlines()[0]}" if said else "")
