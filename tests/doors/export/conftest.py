"""What exports are tested with: the runtime, small trained networks, a folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp


@pytest.fixture(scope="session")
def runtime() -> Callable[..., list[Any]]:
    """Run a model, given as bytes or as a file, on arrays by name, or in order."""
    onnxruntime = pytest.importorskip("onnxruntime")
    onnxruntime.set_default_logger_severity(4)

    def run(model: bytes | Path, inputs: dict[str, Any] | list[Any]) -> list[Any]:
        content = model if isinstance(model, bytes) else model.read_bytes()
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        names = [given.name for given in session.get_inputs()]
        named = inputs if isinstance(inputs, dict) else dict(zip(names, inputs, strict=True))
        found: list[Any] = session.run(None, {name: named[name] for name in names})
        return found

    return run


@pytest.fixture
def trained() -> Callable[..., bp.Run]:
    """Return a run of a few steps on random numbers."""

    def run(net: bp.Layer, features: int = 3, outputs: int = 2, *, dtype: str = "float32") -> bp.Run:
        random = np.random.default_rng(0)
        data = random.normal(size=(12, features)), random.normal(size=(12, outputs))
        return bp.fit(
            net, data, loss=bp.SquaredError(), optimizer=bp.Adam(0.01), epochs=2, dtype=dtype, progress=None
        )

    return run
