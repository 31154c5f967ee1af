"""Networks of every kind of layer: eager and compiled, on every backend, and in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.machine.step import init_step_state
from bpcore.words.trees import named_leaves

PICTURES = bp.Chain(
    bp.Reshape((6, 6, 1)),
    *(bp.Conv2D(4, 3, padding="same", bias=False), bp.BatchNorm(), bp.Relu(), bp.MaxPool2D()),
    bp.Residual(bp.Conv2D(4, 3, padding=1, groups=2), bp.Tanh()),
    *(bp.AvgPool2D(2, 1), bp.Dropout(0.25), bp.GlobalAvgPool(), bp.Linear(3)),
)
SEQUENCES = bp.Chain(
    bp.Reshape((12, 3)),
    *(bp.Conv1D(4, 3, dilation=2), bp.MaxPool1D(2), bp.AvgPool1D(2)),
    *(bp.RNN(4, return_sequences=True), bp.GRU(4, return_sequences=True), bp.LSTM(3)),
)
TOKENS = bp.Chain(
    bp.Embedding(7, 4),
    bp.PositionalEncoding(),
    bp.Residual(bp.LayerNorm(), bp.MultiHeadAttention(2, causal=True)),
    bp.Residual(bp.LayerNorm(), bp.Linear(8), bp.Gelu(), bp.Dropout(0.1), bp.Linear(4)),
    bp.Flatten(),
    bp.Linear(3),
)
NETS = [(PICTURES, 36), (SEQUENCES, 36), (TOKENS, 5)]
IDS = ["pictures", "sequences", "tokens"]


def samples(net: Any, features: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 7, (12, features)) if net.integers else rng.normal(size=(12, features))
    return x, np.arange(12) % 3


@pytest.mark.axes("numpy", "numpy:readonly", "strict:device1", "strict:strictest", "torch", "jax:jit")
@pytest.mark.parametrize(("net", "features"), NETS, ids=IDS)
def test_a_step_is_the_same_compiled_and_on_numpy(backend: Any, net: Any, features: int) -> None:
    found = {}
    x, y = samples(net, features)
    for place in ("numpy", backend.backend):
        at = bp.backend(place) if place == "numpy" else place
        key = bp.key(3, backend=at, device=at.device)
        dtype = at.dtype("float64" if place == "numpy" else backend.float)
        params = net.init(key, (features,), dtype=dtype)
        batch = (
            at.asarray(x, dtype=at.dtype("int32") if net.integers else dtype, device=at.device),
            at.asarray(y, dtype=at.dtype("int32"), device=at.device),
        )
        optimizer = bp.SGD(0.1)
        state = init_step_state(net, optimizer, params, (features,), bp.fold_in(key, 1))
        step = bp.make_step(net, bp.CrossEntropy(), optimizer)
        if place != "numpy":
            eager = backend.run(step, params, state, batch)
            step = bp.compile(step)
            found["eager"] = eager
        found[str(place)] = step(params, state, batch)
    wanted, *others = (found.pop("numpy"), *found.values())
    for tree in others:
        pairs = zip(named_leaves(wanted), named_leaves(tree), strict=True)
        for (name, first), (_, second) in pairs:
            ours = backend.host(second)
            np.testing.assert_allclose(
                ours, first, rtol=2e4 * backend.eps, atol=2e3 * backend.eps, err_msg=name
            )


@pytest.mark.parametrize(("net", "features"), NETS, ids=IDS)
def test_a_run_in_a_file(tmp_path: Path, net: Any, features: int) -> None:
    x, y = samples(net, features)
    run = bp.fit(
        net, (x, y), loss=bp.CrossEntropy(), optimizer=bp.Adam(0.02), epochs=40, batch_size=4, progress=None
    )
    assert run.history["loss"][-1] < run.history["loss"][0]
    path = bp.save(tmp_path / "net.safetensors", run)
    again = bp.load(path)
    assert again.net == net
    assert np.array_equal(again.predict(x), run.predict(x))
    assert run.predict(x).shape == (12, 3)
