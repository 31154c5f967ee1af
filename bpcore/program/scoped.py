"""What a backend compiled, run in the scope of the precision that its function asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from bpcore.ground.precision import PRECISIONS, Precision
from bpcore.program.results import close_run
from bpcore.words.errors import OptionError
from bpcore.words.protocols import Array, Static

__all__ = ["note", "noted", "scoped", "word_of"]

Run = Callable[..., Sequence[Array]]

_NOTED: ContextVar[set[str] | None] = ContextVar("noted", default=None)
"""The precisions of the steps that were called since `noted` was entered."""


def note(word: str) -> None:
    """Say that a step in a precision is being called, to whoever records the function that calls it."""
    words = _NOTED.get()
    if words is not None:
        words.add(word)


@contextmanager
def noted() -> Iterator[set[str]]:
    """Collect what is said to `note`."""
    words: set[str] = set()
    token = _NOTED.set(words)
    try:
        yield words
    finally:
        _NOTED.reset(token)


def word_of(f: Callable[..., Static], name: str, words: set[str]) -> str:
    """Return the precision that a function is to be computed in.

    Parameters
    ----------
    f : function
        A step says it at ``.precision``.
    name : str
        The function's.
    words : set of str
        Those of the steps that it called while it was recorded.

    Raises
    ------
    OptionError
        They are several.
    """
    own = getattr(f, "precision", None)
    found = [word for word in PRECISIONS if word in words or word == own]
    if len(found) > 1:
        do = "Compile the steps one by one, or make them with one precision."
        raise OptionError(f"the precision of {name}", " and ".join(found), "one for all steps in it", do)
    return found[0] if found else "float32"


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
