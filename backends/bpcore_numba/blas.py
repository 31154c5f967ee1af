"""Whose matrix products are called: NumPy's own OpenBLAS, or Intel's library from the wheel ``mkl``."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Blas", "Manners", "is_installed", "mkl", "openblas"]

PREFIXES = ("scipy_", "")
SUFFIXES = ("64_", "_64", "")


class Manners(AbstractContextManager[None]):
    """A scope in which a library uses one thread; how many it uses is one number for the whole process.

    Threads may be inside at the same time: the first one in tells it, the last one out puts it back.
    """

    def __init__(self, ask: Callable[[], int], tell: Callable[[int], None]) -> None:
        self._ask, self._tell = ask, tell
        self._lock = threading.Lock()
        self._inside = self._before = 0

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._before = self._ask()
                self._tell(1)
            self._inside += 1

    def __exit__(self, *exception: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._tell(self._before)


class Blas(NamedTuple):
    """A library of products.

    Attributes
    ----------
    name : str
    integer : str
        LLVM's type of its lengths.
    symbols : dict of str to int
        Addresses, by the names that the code calls.
    threads : Manners or None
        How many threads of its own it uses. None where they are left to it.
    """

    name: str
    integer: str
    symbols: dict[str, int]
    threads: Manners | None = None

    def alone(self) -> AbstractContextManager[None]:
        """Return a scope in which it uses one thread."""
        return self.threads or nullcontext()


def _symbols(library: Any, prefix: str, suffix: str) -> dict[str, int] | None:
    found = {}
    for letter in "sd":
        function = getattr(library, f"{prefix}cblas_{letter}gemm{suffix}", None)
        if function is None:
            return None
        found[f"bp_blas_{letter}gemm"] = int(ctypes.cast(function, ctypes.c_void_p).value or 0)
    return found


def _threads(library: Any, prefix: str, suffix: str) -> Any:
    names = [f"{prefix}openblas_{verb}_num_threads{suffix}" for verb in ("get", "set")]
    ask, tell = (getattr(library, name, None) for name in names)
    return Manners(ask, tell) if ask and tell and ask() > 1 else None


def _folders() -> list[Path]:
    home = Path(np.__file__).parent
    return [home.parent / "numpy.libs", home / ".dylibs"]


@cache
def openblas() -> Blas | None:
    """Return the library that NumPy's wheel brings and has loaded, or None where there is no such file."""
    for folder in _folders():
        for file in sorted(folder.glob("*openblas*")) if folder.is_dir() else ():
            try:
                library = ctypes.CDLL(str(file))
            except OSError:
                continue
            for prefix in PREFIXES:
                for suffix in SUFFIXES:
                    symbols = _symbols(library, prefix, suffix)
                    if symbols:
                        threads = _threads(library, prefix, suffix)
                        return Blas("openblas", "i64" if "64" in suffix else "i32", symbols, threads)
    return None


def is_installed(wheel: str) -> bool:
    """Tell whether there is a wheel, without loading anything."""
    try:
        distribution(wheel)
    except PackageNotFoundError:
        return False
    return True


@cache
def mkl() -> Blas | None:
    """Return Intel's library, where its wheel is installed."""
    for file in distribution("mkl").files or () if is_installed("mkl") else ():
        if "mkl_rt" in file.name:
            try:
                symbols = _symbols(ctypes.CDLL(str(file.locate())), "", "")
            except OSError:
                continue
            if symbols:
                return Blas("mkl", "i32", symbols)
    return None
