"""What a backend compiled, run in the scope of the precision that its function asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from bpcore.ground.backend import Backend
from bpcore.ground.precision import Precision
from bpcore.program.results import close_run
from bpcore.words.protocols import Array, Static

__all__ = ["asked_for", "scoped", "word_of"]

Run = Callable[..., Sequence[Array]]


def word_of(f: Callable[..., Static]) -> str:
    """Return the precision that a function is to be computed in: that of a step is at ``.precision``."""
    word: str = getattr(f, "precision", "float32")
    return word


def asked_for(f: Callable[..., Static], backend: Backend) -> Precision:
    """Return the same as the backend has it."""
    return backend.precision(word_of(f))


@dataclass(slots=True, eq=False)
class _Scoped:
    """A function in a scope; `again` is what its own is, in the same scope."""

    run: Run
    scope: Callable[[], AbstractContextManager[object]]
    again: Run | None

    @property
    def source(self) -> str:
        """Its text."""
        text: str = getattr(self.run, "source", "")
        return text

    def __call__(self, *inputs: Array) -> Sequence[Array]:
        with self.scope():
            return self.run(*inputs)

    def close(self) -> None:
        """Free what the backend holds."""
        close_run(self.run)


def scoped(run: Run, precision: Precision) -> Run:
    """Return `run`, in the scope of a precision where that has one."""
    scope = precision.scope
    if scope is None:
        return run
    again = getattr(run, "again", None)
    return _Scoped(run, scope, None if again is None else _Scoped(again, scope, None))
