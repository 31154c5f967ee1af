"""Lower a Program: decide, lay out, write down, bind."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bpcore_numpy.lowering.blocks import block_rows, spread, threads
from bpcore_numpy.lowering.fixed import fixed_arrays
from bpcore_numpy.lowering.homes import homes
from bpcore_numpy.lowering.layout import layout
from bpcore_numpy.lowering.preparing import prepared
from bpcore_numpy.lowering.ways import ways
from bpcore_numpy.lowering.writing import written

__all__ = ["lower"]


def lower(program: Any, functions: Any, shared: dict[str, Any], /) -> Callable[..., Sequence[Any]]:
    """Return `program` as straight-line NumPy over planned memory; its text is at ``.source``.

    Overflow and the like are passed over in silence, as compiled code does elsewhere.
    """
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
    lock = shared.setdefault("lock", threading.Lock())
    count = len(program.carried)

    def run(*inputs: Any) -> Sequence[Any]:
        with lock, np.errstate(all="ignore"):  # the memory is one for all threads
            home.take(inputs[:count])
            return (*home.leaves, *straight(*inputs[count:]))

    run.source = text  # type: ignore[attr-defined]
    return run
