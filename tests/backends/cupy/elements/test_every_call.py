"""Every sample call of the conformance checks as host code of its kernel; no GPU has a part in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.rules.function import ITEM
from bpcore.program.passes import inline
from bpcore.program.program import Program
from bpcore_cupy.elements import is_written_out, refusal_of, types_of
from tests.backends.cupy.elements.running import FUNCTIONS, compared, recorded

XP = bp.namespace("numpy")
REFUSED = {
    *("argsort", "count_nonzero", "matmul", "roll", "searchsorted", "std", "tensordot", "top_k", "var"),
    "vecdot",
}
"""Functions of the table that no kernel is made for: products are another library's, the rest is CuPy's."""


def _function(call: Any, host: Callable[[Any, str], Any], dtype: str) -> tuple[Any, list[Any]]:
    """Return a call as a function of its arrays alone, and them."""
    args = [host(x, dtype) for x in call.args]
    arrays = [y for x in args for y in (x if isinstance(x, list) else [x]) if isinstance(y, np.ndarray)]
    function = getattr(XP, call.name)

    def f(*given: Any) -> Any:
        rest = iter(given)
        taken = [
            [next(rest) for _ in x] if isinstance(x, list) else next(rest) if isinstance(x, np.ndarray) else x
            for x in args
        ]
        return function(*taken, **call.named)

    return f, arrays


def _prepared(program: Program) -> Program:
    return inline(program, FUNCTIONS, is_written_out)


def _refused(f: Any, arrays: list[Any]) -> set[str]:
    program = _prepared(recorded(f, *arrays))
    types = types_of(program)
    return {x.function.name for x in program.equations if x.function is not ITEM and refusal_of(x, types)}


def _known(calls: dict[str, list[Any]]) -> list[Any]:
    skipped = {"getitem", "slice_scatter", "index_add"}  # of the core, under no name of the namespace
    skipped |= {"empty_like"}  # what is in there is anyone's guess
    found = [call for name, of in calls.items() if name not in skipped and "." not in name for call in of]
    return [call for call in found if not call.eager]


@pytest.mark.usefixtures("compiler")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_call_gives_what_numpy_gives(
    calls: dict[str, list[Any]], host: Callable[[Any, str], Any], dtype: str
) -> None:
    """All of them make one Program, so that the compiler runs once."""
    found = [_function(call, host, dtype) for call in _known(calls)]
    chosen = [(f, arrays) for f, arrays in found if not _refused(f, arrays)]
    counts = np.cumsum([0, *(len(arrays) for _, arrays in chosen)])

    def every(*given: Any) -> Any:
        return tuple(f(*given[counts[i] : counts[i + 1]]) for i, (f, _) in enumerate(chosen))

    results, wanted, kernels = compared(every, *(x for _, arrays in chosen for x in arrays), passes=_prepared)
    eps = 8 * np.finfo(dtype).eps
    for (f, _), y, z in zip(chosen, results, wanted, strict=True):
        assert y.dtype == np.asarray(z).dtype
        np.testing.assert_allclose(y, z, rtol=eps, atol=eps, err_msg=str(f))
    assert len(chosen) > 200
    assert len(kernels) > 200


def test_what_is_refused_is_known(calls: dict[str, list[Any]], host: Callable[[Any, str], Any]) -> None:
    refused: set[str] = set()
    for call in _known(calls):
        refused |= _refused(*_function(call, host, "float64"))
    assert refused == REFUSED
