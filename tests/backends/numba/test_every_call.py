"""Every sample call of the conformance checks: natively, or refused with its name."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.derivatives.namespaces.plain import plain_functions
from bpcore_numba import works
from bpcore_numba.lower import Lowering
from bpcore_numba.prepare import prepared
from bpcore_numba.refusal import Refused

assert works.__name__, "it enters its functions into the lowering's table"
XP = bp.namespace("numpy")
FUNCTIONS = plain_functions(bp.backend("numpy"))
REFUSED = {"argsort", "count_nonzero", "roll", "searchsorted", "std", "top_k", "var", "vecdot"}
"""Functions of the table that no native code is made for."""


def _refused(f: Any, arrays: list[Any]) -> str | None:
    try:
        Lowering(prepared(bp.record(f, *arrays), FUNCTIONS), None)
    except Refused as refused:
        return refused.what
    return None


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


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_call_gives_what_numpy_gives(
    calls: dict[str, list[Any]], host: Callable[[Any, str], Any], dtype: str
) -> None:
    """All of them make one Program, so that LLVM runs once."""
    found = [_function(call, host, dtype) for call in _known(calls) if not call.eager]
    native = [(f, arrays) for f, arrays in found if _refused(f, arrays) is None]

    def every(*trees: Any) -> Any:
        return tuple(f(*arrays) for (f, _), arrays in zip(native, trees, strict=True))

    given = [arrays for _, arrays in native]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = bp.compile(every, backend="numba")(*given)
    with np.errstate(all="ignore"):
        wanted = every(*given)
    eps = 8 * np.finfo(dtype).eps
    for y, z in zip(results, wanted, strict=True):
        assert y.dtype == np.asarray(z).dtype
        np.testing.assert_allclose(y, z, rtol=eps, atol=eps)
    assert len(native) > 200


def _known(calls: dict[str, list[Any]]) -> list[Any]:
    skipped = {"getitem", "slice_scatter", "index_add"}  # of the core, under no name of the namespace
    skipped |= {"empty_like"}  # what is in there is anyone's guess
    return [call for name, of in calls.items() if name not in skipped and "." not in name for call in of]


def test_what_is_refused_is_known(calls: dict[str, list[Any]], host: Callable[[Any, str], Any]) -> None:
    refused = set()
    for call in _known(calls):
        if not call.eager and _refused(*_function(call, host, "float64")):
            refused.add(call.name)
    assert refused == REFUSED
