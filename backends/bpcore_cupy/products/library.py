"""Finding cuBLASLt and loading it: the same file as CuPy uses, where CuPy has one."""

from __future__ import annotations

import ctypes
import importlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from bpcore.words.errors import BackendUnusable
from bpcore_cupy.installing import libraries_line
from bpcore_cupy.products.abi import PROTOTYPES

__all__ = ["declared", "library", "version_text"]

WHEELS = ("nvidia-cublas", "nvidia-cublas-cu12")
"""NVIDIA's packages of cuBLAS for CUDA 13, and for CUDA 12."""

NAMES = (
    ("cublasLt64_13.dll", "cublasLt64_12.dll")
    if sys.platform == "win32"
    else ("libcublasLt.so.13", "libcublasLt.so.12")
)


@cache
def library() -> Any:
    """Return cuBLASLt, loaded, with its prototypes declared.

    Looked for in turn: what CuPy's own finder, ``cuda.pathfinder``, loads (a file that is loaded already,
    NVIDIA's packages, conda, the system); what is loaded already; NVIDIA's packages; the system's names.

    Raises
    ------
    BackendUnusable
        There is no such file, or it cannot be loaded.
    """
    last: Exception | None = None
    for name, mode in _candidates():
        try:
            return declared(ctypes.CDLL(name, mode=mode))
        except (OSError, AttributeError) as error:  # no such file, no such function in it
            last = error
    why = "cuBLASLt, CUDA's library of matrix products, is not found"
    raise BackendUnusable("cupy", why, libraries_line()) from last


def declared(found: Any) -> Any:
    """Declare the arguments of every function that is used; an old library lacks one: AttributeError."""
    for name, arguments in PROTOTYPES.items():
        function = getattr(found, name)
        function.argtypes = arguments
        function.restype = ctypes.c_size_t if name == "cublasLtGetVersion" else ctypes.c_int
    return found


def version_text(number: int) -> str:
    """Return a version as people write it: 130100 is 13.1.0, 120805 is 12.8.5."""
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def _candidates() -> Iterator[tuple[str, int]]:
    found = _by_pathfinder()
    if found:
        yield found, ctypes.DEFAULT_MODE
    loaded = getattr(os, "RTLD_NOLOAD", None)
    if loaded is not None:
        yield from ((name, loaded | ctypes.DEFAULT_MODE | os.RTLD_NOW) for name in NAMES)
    yield from ((str(file), ctypes.DEFAULT_MODE) for file in _in_wheels())
    yield from ((name, ctypes.DEFAULT_MODE) for name in NAMES)


def _by_pathfinder() -> str | None:
    """Return the file that CUDA's own finder loads; CuPy loads cuBLAS by it, and it comes with CuPy."""
    try:
        pathfinder = importlib.import_module("cuda.pathfinder")
    except ImportError:
        return None
    try:
        found = pathfinder.load_nvidia_dynamic_lib("cublasLt")
    except RuntimeError:  # it raises one class for what is not found, derived from this one
        return None
    return str(found.abs_path) if found.abs_path else None


def _in_wheels() -> Iterator[Path]:
    for wheel in WHEELS:
        try:
            files = distribution(wheel).files or []
        except PackageNotFoundError:
            continue
        yield from (Path(str(file.locate())) for file in files if file.name in NAMES)
