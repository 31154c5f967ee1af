"""Lower a Program: decide, lay out, write down, bind."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from bpcore_numpy.lowering.blocks import block_rows, spread, threads
from bpcore_numpy.lowering.fixed import fixed_arrays
from bpcore_numpy.lowering.homes import Homes, homes
from bpcore_numpy.lowering.layout import layout
from bpcore_numpy.lowering.preparing import prepared
from bpcore_numpy.lowering.ways import ways
from bpcore_numpy.lowering.writing import written

__all__ = ["loop", "lower"]


def lower(program: Any, functions: Any, shared: dict[str, Any], /) -> _Runs:
    """Return `program` as straight-line NumPy over planned memory; its text is at ``.source``.

    Overflow and the like are passed over in silence, as compiled code does elsewhere. `shared` keeps what was
    made: one call and many are the same text in the same memory.
    """
    key = f"lowered {id(program.equations)}"
    if key not in shared:
        shared[key] = (program.equations, _made(program, functions, shared))  # held: an id may come again
    runs: _Runs = shared[key][1]
    return runs


def _made(program: Any, functions: Any, shared: dict[str, Any]) -> _Runs:
    program = prepared(program, functions)
    plan = layout(program, ways(program, functions)[0])
    home = homes(plan, shared)
    text, names, groups = written(plan, functions)
    arrays = fixed_arrays(plan, home, shared)
    names |= {repr(slot): array for slot, array in arrays.items()}
    names |= {f"h{place}": leaf for place, leaf in enumerate(home.leaves)}
    exec(compile(text, "<bpcore program>", "exec"), names)  # noqa: S102 - the text is our own
    for group in groups:
        vectors = [arrays[slot].reshape(-1) for slot in group.vectors]
        rows = block_rows(vectors[0].size, vectors, group.kinds, threads())
        names[f"run_{group.name}"] = spread(names[group.name], rows, shared)
    straight = names["program"]
    return _Runs(straight, home, text, shared, raises=plan.raises >= 0)


class _Runs:
    """A lowered Program, to be run once or many times.

    Attributes
    ----------
    source : str
        Its text.
    apart : bool
        Always: what it returns shares no memory with anything else.
    """

    apart = True

    def __init__(
        self,
        straight: Callable[..., Sequence[Any]],
        home: Homes,
        text: str,
        shared: dict[str, Any],
        *,
        raises: bool,
    ) -> None:
        self.straight, self.home, self.source, self.count = straight, home, text, len(home.leaves)
        self.kept = home.kept if raises else nullcontext
        self.lock = shared.setdefault("lock", threading.Lock())  # the memory is one for all threads
        silence = contextvars.Context()
        silence.run(np.seterr, all="ignore")
        self.enter = silence.run  # in a tenth of the time that numpy.errstate takes

    def __call__(self, *inputs: Any) -> Sequence[Any]:
        """Run the Program once."""
        with self.lock, self.kept():
            others = self._brought(inputs)
            return (*self.home.leaves, *self.enter(self.straight, *others))

    def again(self, /, *others: Any) -> Sequence[Any]:
        """Run the Program once more, on what it carries; return what it does not carry."""
        with self.lock:
            results: Sequence[Any] = self.enter(self.straight, *self.home.apart(others))
            return results

    def loop(self, length: int, /, *inputs: Any) -> Sequence[Any]:
        """Run it as often as the first axis of the inputs that are not carried is long."""
        with self.lock, self.kept():
            others = self._brought(inputs)
            return (*self.home.leaves, *self.enter(self._many, length, others))

    def _brought(self, inputs: Sequence[Any]) -> Sequence[Any]:
        """Bring home what is carried; return the others, which may have lain there."""
        others = self.home.apart(inputs[self.count :])
        self.home.take(inputs[: self.count])
        return others

    def _many(self, length: int, stacked: Sequence[Any]) -> Sequence[Any]:
        straight = self.straight
        rows = zip(*stacked, strict=True) if stacked else [()] * length
        outputs = [straight(*row) for row in rows]
        return [np.array(column) for column in zip(*outputs, strict=True)]


def loop(program: Any, functions: Any, shared: dict[str, Any], /) -> Callable[..., Sequence[Any]]:
    """Return many runs of `program` as one call."""
    return lower(program, functions, shared).loop
