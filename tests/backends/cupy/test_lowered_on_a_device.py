"""Lowered steps on a CUDA device: every piece beside CuPy's own functions, and the whole beside NumPy's.

Without a device nothing here runs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.backends.cupy.lowering.host import FUNCTIONS
from tests.backends.cupy.lowering.networks import NETWORKS, step_of

pytestmark = [pytest.mark.axes("cupy"), pytest.mark.gpu]

DIGITS = {"float32": 2e-5, "float64": 1e-12}


@pytest.mark.parametrize("dtype", DIGITS)
@pytest.mark.parametrize("small", ["0", "1"])
@pytest.mark.parametrize("name", NETWORKS)
def test_each_piece_is_what_cupy_s_functions_make(
    backend: Any, name: str, small: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BPCORE_SMALL_PRODUCTS", small)
    there = backend.backend.asarray
    program, arrays, batches = step_of(name, dtype=np.dtype(dtype), asarray=there)
    run = backend.backend.compile(program, backend.functions, {})
    found = run.differences(backend.functions, *arrays, *batches[0])
    wrong = [one for one in found if not one.worst <= DIGITS[dtype]]
    assert not wrong, "\n".join(f"{one.worst:.1e}  {one.piece}" for one in wrong)


@pytest.mark.parametrize("small", ["0", "1"])
@pytest.mark.parametrize("name", NETWORKS)
def test_captured_steps_are_what_numpy_makes(
    backend: Any, name: str, small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BPCORE_SMALL_PRODUCTS", small)
    device, host = backend.backend.asarray, backend.backend.to_host
    program, theirs, batches = step_of(name)
    there, carried, _ = step_of(name, asarray=device)
    run: Any = backend.backend.compile(there, backend.functions, {})
    plain, count = program.function(FUNCTIONS), len(theirs)
    for batch in batches:
        outputs = run(*carried, *map(device, batch))
        wanted = [np.asarray(y) for y in plain(*theirs, *batch)]
        for got, y in zip(outputs, wanted, strict=True):
            np.testing.assert_allclose(host(got), y, rtol=1e-8, atol=1e-10)
        carried, theirs = outputs[:count], wanted[:count]
    assert not run.captured.eager
    run.close()
