"""CuPy, on a CUDA device that was seen to compute."""

from __future__ import annotations

from bpcore.ground.backend import Backend, Plugin
from bpcore.words.errors import BackendUnusable

__all__ = ["cupy"]

INSTALL = 'python -m pip install "bpcore[cuda12]"'


def _open(device: str | None) -> Backend:
    name = f"cupy:{device}" if device else "cupy"
    try:
        import cupy as cp
    except ImportError as error:
        raise BackendUnusable(name, "CuPy is not installed", f"Install it: {INSTALL}") from error
    raise BackendUnusable(name, f"CuPy {cp.__version__} finds no CUDA device", f"Install it: {INSTALL}")


cupy = Plugin(name="cupy", install=INSTALL, open=_open)
