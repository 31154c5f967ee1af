"""What to install: what fits the CuPy that is here, or else the driver; never a second CuPy beside it."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

__all__ = ["INSTALL", "device_line", "install", "libraries_line", "wheel"]

INSTALL = 'python -m pip install "bpcore[cuda12]", or "bpcore[cuda13]" for a driver of CUDA 13.'
"""Where nothing is known."""

WHEELS = {"cupy-cuda12x": 12, "cupy-cuda13x": 13}
"""The CUDA that each of CuPy's packages is for."""


def wheel() -> str:
    """Return the name of the package of CuPy that is installed, ``cupy`` if it was built here, or ""."""
    for name in (*WHEELS, "cupy"):
        with suppress(PackageNotFoundError):
            version(name)
            return name
    return ""


def driver() -> int:
    """Return for which CUDA the driver here is, 0 where there is none."""
    try:
        library = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        number = ctypes.c_int(0)
        failed = library.cuDriverGetVersion(ctypes.byref(number))
    except (OSError, AttributeError):
        return 0
    return 0 if failed else number.value // 1000


def install() -> str:
    """Return the command that installs CuPy, for one that is missing or broken."""
    here = wheel()
    if here == "cupy":
        return "python -m pip install --force-reinstall cupy"
    cuda = WHEELS.get(here) or min(driver(), max(WHEELS.values()))
    return f'python -m pip install "bpcore[cuda{cuda}]"' if cuda in WHEELS.values() else INSTALL


def device_line() -> str:
    """Return what is to be done where CuPy is here, and finds no device or driver."""
    here, there = wheel(), driver()
    cuda = WHEELS.get(here, 0)
    if 0 < there < cuda and there in WHEELS.values():
        do = f'python -m pip uninstall {here}, then python -m pip install "bpcore[cuda{there}]".'
        return f"{here} is for CUDA {cuda}, and the driver for CUDA {there}: {do}"
    fitting = f" for CUDA {cuda}, as {here} wants it" if cuda else ""
    return f"A CUDA device is needed, and its driver{fitting}; CuPy itself is installed."


def libraries_line() -> str:
    """Return what is to be done where CuPy is here, and one of CUDA's own libraries is not."""
    here = wheel()
    if here in WHEELS:
        return f'Install CUDA\'s own libraries beside CuPy: python -m pip install "{here}[ctk]"'
    if here:
        return "Install CUDA's own libraries beside CuPy, of the CUDA that it was built for."
    both = 'python -m pip install "cupy-cuda12x[ctk]", or "cupy-cuda13x[ctk]" for a driver of CUDA 13.'
    return f"Install CUDA's own libraries beside CuPy: {both}"
