"""A Program as native code; or, with the reason said once, as the NumPy backend runs it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from bpcore.program.program import Program
from bpcore.program.stepwise import stepwise
from bpcore.words.errors import BackendUnusable
from bpcore.words.frames import stack_level
from bpcore_numba.blas import Blas, mkl, openblas
from bpcore_numba.native import Native
from bpcore_numba.prepare import prepared
from bpcore_numba.refusal import NotNative, Refused
from bpcore_numpy import numpy

__all__ = ["Compiler"]

Run = Callable[..., Sequence[Any]]


class Compiler:
    """What compiles for one device of the backend.

    Attributes
    ----------
    blas : Blas or None
        Where large products come from.
    """

    def __init__(self, device: str | None) -> None:
        self.blas = _blas(device)
        self._plain = numpy.open(None)
        self._said: set[str] = set()

    def compile(self, program: Any, functions: Any, shared: dict[str, Any], /) -> Run:
        """Return a function that runs the Program."""
        made = self._native(program, functions, shared)
        if made is None:
            return self._plain.compile(program, functions, shared)

        def run(*inputs: Any) -> Sequence[Any]:
            return made.run(*inputs)

        run.source, run.again = made.source, made.again  # type: ignore[attr-defined]
        run.apart = True  # type: ignore[attr-defined]  # what is not carried is new memory each time
        return run

    def loop(self, program: Any, functions: Any, shared: dict[str, Any], /) -> Run:
        """Return a function that runs it many times."""
        made = self._native(program, functions, shared)
        if made is not None:
            return made.loop
        plain = self._plain
        if plain.loop is not None:
            return plain.loop(program, functions, shared)
        return stepwise(program, plain.compile(program, functions, shared), functions)

    def _native(self, program: Program, functions: Any, shared: dict[str, Any]) -> Native | None:
        """Return the machine code, made once for `compile` and `loop`; None where there can be none."""
        key = f"numba {id(program.equations)}"
        if key not in shared:
            shared[key] = (
                program.equations,
                self._made(program, functions, shared),
            )  # held: an id may come again
        made: Native | None = shared[key][1]
        return made

    def _made(self, program: Program, functions: Any, shared: dict[str, Any]) -> Native | None:
        try:
            return Native(prepared(program, functions), shared, self.blas)
        except Refused as refused:
            if refused.what not in self._said:
                self._said.add(refused.what)
                message = f"numba has no native code for {refused.what}: the NumPy backend runs the function"
                warnings.warn(message, NotNative, stacklevel=stack_level())
            return None


def _blas(device: str | None) -> Blas | None:
    if device != "mkl":
        return openblas()
    found = mkl()
    if found is None:
        raise BackendUnusable("numba:mkl", "the library mkl_rt does not load", "python -m pip install mkl")
    return found
