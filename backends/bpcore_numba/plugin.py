"""Native code for the CPU: NumPy's arrays and functions, and Programs compiled by LLVM."""

from __future__ import annotations

from dataclasses import replace

from bpcore.ground.backend import Backend, Plugin
from bpcore.words.errors import BackendUnusable

__all__ = ["numba"]

INSTALL = "python -m pip install 'bpcore[jit]'"
DEVICES = ("cpu", "mkl")


def _open(device: str | None) -> Backend:
    """Open it; ``numba:mkl`` takes large products from Intel's library."""
    from bpcore_numpy import numpy

    if device not in (None, *DEVICES):
        raise BackendUnusable(f"numba:{device}", "it has the devices cpu and mkl", 'Write backend="numba".')
    try:
        import llvmlite
    except ImportError as error:
        raise BackendUnusable(
            "numba", f"llvmlite does not load ({error})", f"Install it: {INSTALL}"
        ) from error
    from bpcore_numba.blas import is_installed
    from bpcore_numba.compiling import Compiler

    compiler = Compiler(device)
    numpy_place = numpy.open(None)
    return replace(
        numpy_place,
        name=f"numba:{device}" if device else "numba",
        version=f"{llvmlite.__version__}",
        devices=DEVICES if is_installed("mkl") else DEVICES[:1],
        compile=compiler.compile,
        loop=compiler.loop,
        precisions={"tf32": numpy_place.precisions["tf32"]},
    )


numba = Plugin(name="numba", install=INSTALL, open=_open)
