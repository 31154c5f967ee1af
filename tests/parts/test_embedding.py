"""Embeddings: rows by number, samples that stay whole numbers on their way, and tokens that are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bpcore as bp
from bpcore.words.errors import DataError, OptionError

NET = bp.Chain(bp.Embedding(5, 3), bp.Flatten(), bp.Linear(5))


def train(x: Any, **options: Any) -> Any:
    how = {"loss": bp.CrossEntropy(), "optimizer": bp.Adam(0.05), "epochs": 60, "progress": None} | options
    return bp.fit(how.pop("net", NET), (x, [row[0] for row in x]), **how)


def test_as_in_torch(torch: Any, agrees: Callable[..., Any]) -> None:
    module = torch.nn.Embedding(5, 3, dtype=torch.float64)
    x = np.asarray([[0, 4, 4], [1, 1, 2]])  # a token twice: its gradient is a sum
    agrees(bp.Embedding(5, 3), x, lambda of: {"weight": of(module.weight)}, module)


def test_rows_on_every_backend(backend: Any) -> None:
    layer, weight = bp.Embedding(3, 2), backend.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    x = backend.array([[2, 0], [2, 2]], "int32")
    y = backend.run(layer, {"weight": weight}, x)
    assert backend.host(y).tolist() == [[[5, 6], [1, 2]], [[5, 6], [5, 6]]]
    grads = backend.run(bp.grad(lambda weight, x: backend.xp.sum(layer({"weight": weight}, x))), weight, x)
    assert backend.host(grads).tolist() == [[1, 1], [0, 0], [3, 3]]


def test_samples_stay_whole_numbers(tmp_path: Path) -> None:
    x = [[i % 5, (3 * i) % 5] for i in range(20)]
    run = train(x, batch_size=8, validation=0.2)
    assert run.history["accuracy"][-1] == 1
    assert np.array_equal(run.predict(x), run.predict(np.asarray(x, np.int64)))
    bp.save(tmp_path / "m", run)
    again = bp.load(tmp_path / "m")
    assert again.net == NET
    assert np.array_equal(again.predict(x), run.predict(x))


def test_a_chain_says_what_its_first_layer_takes() -> None:
    assert NET.integers
    assert bp.Chain(NET, bp.Tanh()).integers
    assert not bp.Chain(bp.Linear(2)).integers
    assert not bp.Chain().integers


def test_tokens_that_are_none_are_said() -> None:
    with pytest.raises(DataError) as caught:
        train([[0, 5], [1, 1]])
    assert str(caught.value) == "Embedding(5, 3) wants tokens from 0 to 4, was given 0 to 5."
    with pytest.raises(DataError, match="was given -1 to 1"):
        train([[0, -1], [1, 1]])
    with pytest.raises(DataError) as caught:
        train([[0.0, 1.0], [1.0, 1.0]])
    assert str(caught.value) == (
        "x of the data must be whole numbers, was given float64: cast them, as x.astype(int)."
    )
    with pytest.raises(DataError, match="more than 32 bits: number the tokens from 0"):
        train(np.asarray([[0, 2**40], [1, 1]]))
    run = train([[0, 1], [1, 1]], epochs=1)
    with pytest.raises(DataError, match="x of predict must be whole numbers"):
        run.predict([[0.5, 1.0]])
    with pytest.raises(DataError, match="was given 0 to 7"):
        run.predict([[0, 7]])
    with pytest.raises(DataError, match="wants whole numbers, was given an array of dtype float64"):
        bp.Embedding(5, 3)({"weight": np.ones((5, 3))}, np.ones((1, 1)))
    with pytest.raises(OptionError, match="tokens of Embedding"):
        bp.Embedding(0, 3)


@pytest.mark.axes("strict:no_float64")
def test_a_dtype_that_is_not_there_is_refused_all_the_same(backend: Any) -> None:
    with pytest.raises(OptionError, match="dtype on"):
        train([[0, 1], [1, 1]], backend=backend.backend, dtype="float64")
